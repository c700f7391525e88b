"""The night killed by SIGKILL at its steps, and shared by workers that die: a small part.

`python -m benchmarks crashes` does the whole: every step five times, eight workers, thirty nights.
"""

from __future__ import annotations

import pytest

from benchmarks import crashes


@pytest.mark.parametrize("step", ["letters owed", "claimed", "before DATA", "after DATA"])
def test_a_night_that_is_killed_and_restarted_loses_no_letter_and_sends_none_twice(
    database_url: str, step: str
) -> None:
    crashes.fill(database_url, places=1, people=6)
    found = crashes.killed_at(database_url, step, restarts=2)
    assert found.planned == 6
    assert found.sent + found.uncertain == found.planned
    assert (found.twice, found.lost, found.outside, found.met_twice) == (0, 0, 0, 0)
    assert (found.uncertain > 0) == (step in crashes.IN_DATA_WINDOW)


def test_workers_that_die_share_the_nights_and_write_to_nobody_who_said_no(
    database_url: str,
) -> None:
    crashes.fill(database_url, places=2, people=10)
    nights = crashes.many(database_url, workers=4, nights=2, seed=1)
    found = nights.found
    assert found.planned == found.sent + found.uncertain + found.withdrawn
    assert (found.twice, found.lost, found.outside, found.met_twice) == (0, 0, 0, 0)
    assert nights.changes > 0
    assert found.withdrawn > 0
    assert nights.told == 0


def test_control_letters_against_a_no_are_seen() -> None:
    ada = crashes.No("ada@example.org", "Ada Ott")
    bo = crashes.No("bo@example.org", "Bo Ray")
    apart = crashes.No("ada@example.org", "Ada Ott", apart=[bo])
    to_ada, to_bo = ("<1@x>", "ada@example.org"), ("<2@x>", "bo@example.org")
    assert ada.is_broken_by((*to_ada, "We paused your letters"))
    assert ada.is_broken_by((*to_bo, "Ada Ott could help you"))
    assert not ada.is_broken_by((*to_bo, "Cy Dunn could help you"))
    assert apart.is_broken_by((*to_bo, "Ada Ott could help you"))
    assert apart.is_broken_by((*to_ada, "Bo Ray could help you"))
    assert not apart.is_broken_by((*to_ada, "Cy Dunn could help you"))
