"""Evidence: what is counted, what is told of it, and that what is not told cannot be worked out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from serendipity import encounters, evidence
from serendipity.calls import Call, CallAsked
from serendipity.evidence import Counts, Shown
from serendipity.evidence.suppression import Telling, tell
from serendipity.lieux import Lieu
from tests.conftest import NOON
from tests.evidenced import came_so_far
from tests.rows import a_lieu, a_member

DAY = timedelta(days=1)
PAST = NOON - 40 * DAY


@pytest.fixture
def lieu(session: Session) -> Lieu:
    return a_lieu(session)


def counted(session: Session, *lieux: Lieu, since: datetime = PAST) -> list[Counts]:
    ids = [one.id for one in lieux]
    return evidence.counted(session, lieu_ids=ids, since=since, until=NOON + DAY)


def shown(session: Session, lieu: Lieu, since: datetime = PAST) -> Shown:
    return evidence.shown(*counted(session, lieu, since=since))


def together(session: Session, *lieux: Lieu) -> tuple[Shown, list[Shown]]:
    each = counted(session, *lieux)
    return evidence.shown_together(each, since=PAST, until=NOON + DAY)


def counts_of(found: Shown, arm: str = "all") -> list[int | None]:
    return [one.count for one in found.steps[arm]]


def test_each_introduction_is_counted_as_far_as_it_came(session: Session, lieu: Lieu) -> None:
    came_so_far(session, lieu, [3] * 7 + [2] * 6 + [1] * 8 + [0] * 9, since=PAST)
    elsewhere = a_lieu(session)
    came_so_far(session, elsewhere, [3] * 6, since=PAST)
    assert counts_of(shown(session, lieu)) == [30, 21, 13, 7]
    assert counts_of(together(session, lieu, elsewhere)[0]) == [36, 27, 19, 13]
    assert counts_of(shown(session, lieu, since=NOON)) == [0, 0, 0, 0]


def test_shares_are_of_the_step_before_with_an_interval_from_twenty_on(
    session: Session, lieu: Lieu
) -> None:
    came_so_far(session, lieu, [3] * 7 + [2] * 6 + [1] * 8 + [0] * 9, since=PAST)
    proposed, agreed, met, useful = shown(session, lieu).steps["all"]
    assert proposed.estimate is None
    assert proposed.note == ""
    assert agreed.estimate is not None
    assert agreed.estimate.value == pytest.approx(21 / 30)
    assert agreed.estimate.low < 0.7 < agreed.estimate.high
    assert met.estimate is not None  # of 21
    assert useful.estimate is None  # of 13
    assert useful.note == "not enough data yet"


def test_arms_are_told_apart_and_small_ones_not_told_at_all(session: Session, lieu: Lieu) -> None:
    came_so_far(session, lieu, [3] * 9 + [0] * 6, since=PAST, arm="engine")
    came_so_far(session, lieu, [3] * 2 + [0] * 7, since=PAST, arm="memory")
    found = shown(session, lieu)
    assert found.arms == ["engine", "memory"]
    assert counts_of(found, "memory") == [9, None, None, None]
    # With the other arm and the sum both told, the small one could be worked out.
    for step in (1, 2, 3):
        assert None in (found.steps["engine"][step].count, found.steps["all"][step].count)


def test_a_tie_is_woven_once_and_bridges_circles_with_nobody_in_common(
    session: Session, lieu: Lieu
) -> None:
    people = [a_member(session) for _ in range(6)]

    def meet(one: int, other: int, at: datetime) -> None:
        ids = [people[one].id, people[other].id]
        (met,) = encounters.set_up(session, lieu_id=lieu.id, member_ids=ids, at=at)
        for who in ids:
            encounters.confirm(session, public_id=met.public_id, member_id=who, helped=False, at=at)

    for hour, (one, other) in enumerate([(0, 1), (1, 2), (3, 4), (2, 3), (0, 2), (0, 1), (4, 5)]):
        meet(one, other, PAST + hour * DAY / 24)
    (counts,) = counted(session, lieu)
    # 2–3 joins {0, 1, 2} and {3, 4}; 0–2 have 1 in common; 0–1 met before; 5 was new here
    assert (counts.woven, counts.bridging) == (6, 1)
    (later,) = counted(session, lieu, since=PAST + 3 * DAY / 24)
    assert (later.woven, later.bridging) == (3, 1)


def test_calls_count_when_somebody_said_yes_before_they_ran_out(
    session: Session, lieu: Lieu
) -> None:
    asker, helper = a_member(session), a_member(session)
    late, taken_back = NOON, PAST
    for number in range(14):
        at = PAST + number * DAY / 24
        call = Call(
            lieu_id=lieu.id,
            member_id=asker.id,
            words="?",
            called_at=at,
            expires_at=at + 2 * DAY,
            withdrawn_at=taken_back if number == 13 else None,
        )
        session.add(call)
        session.flush()
        if number < 7:
            yes = late if number == 6 else at + DAY
            session.add(
                CallAsked(call_id=call.id, member_id=helper.id, asked_at=at, yes_at=yes, chair=1)
            )
    session.flush()
    asked, answered = shown(session, lieu).calls
    assert (asked.count, answered.count, answered.out_of) == (13, 6, 13)


def test_the_trial_compares_what_was_drawn_by_lot_and_only_with_enough_answers(
    session: Session, lieu: Lieu
) -> None:
    came_so_far(session, lieu, [3] * 20 + [0] * 10, since=PAST, arm="engine", chance=0.45)
    came_so_far(session, lieu, [3] * 8 + [0] * 17, since=PAST, arm="memory", chance=0.45)
    came_so_far(session, lieu, [3] * 30, since=PAST, arm="random", chance=1.0)
    found = {(one.measure, one.arm, one.against): one for one in shown(session, lieu).trial}
    assert {arm for _, arm, _ in found} == {"engine", "memory"}
    gap = found["accepted", "engine", "memory"].estimate
    assert gap is not None
    assert gap.value == pytest.approx(20 / 30 - 8 / 25)
    assert gap.low > 0
    helpful = found["helpful", "memory", None]
    assert (helpful.answers, helpful.estimate) == (8, None)  # too few for an interval


def test_the_sheet_has_every_figure_and_leaves_out_what_is_not_told(
    session: Session, lieu: Lieu
) -> None:
    came_so_far(session, lieu, [3] * 2 + [0] * 20, since=PAST)
    found = shown(session, lieu)
    rows = evidence.sheet(found, scope=lieu.slug, zone="Europe/Paris")
    assert {len(row) for row in rows} == {len(evidence.SHEET)}
    assert [name for name, _ in evidence.DICTIONARY] == list(evidence.SHEET)
    by_name = {(row[3], row[4]): dict(zip(evidence.SHEET, row, strict=True)) for row in rows}
    assert by_name["all", "proposed"]["count"] == 22
    assert by_name["all", "useful"]["count"] is None
    assert by_name["all", "useful"]["note"] == "suppressed"
    assert by_name["all", "agreed"]["share"] is None


@pytest.mark.parametrize(
    ("at", "first", "last"),
    [
        (datetime(2026, 3, 31, 21, 59, tzinfo=UTC), "2025-03-01", "2026-03-01"),
        (datetime(2026, 3, 31, 22, 0, tzinfo=UTC), "2025-04-01", "2026-04-01"),
        (datetime(2028, 2, 29, 12, 0, tzinfo=UTC), "2027-02-01", "2028-02-01"),
        (datetime(2026, 1, 1, 12, 0, tzinfo=UTC), "2025-01-01", "2026-01-01"),
    ],
)
def test_what_everybody_sees_is_whole_months_that_are_over(
    at: datetime, first: str, last: str
) -> None:
    since, until = evidence.whole_months(at, "Europe/Paris")
    paris = timedelta(hours=2)  # late enough in the night for both seasons
    assert (since + paris).date().isoformat() == first
    assert (until + paris).date().isoformat() == last


def test_it_is_shown_to_nobody_until_switched_on_and_no_more_when_off(
    session: Session, lieu: Lieu
) -> None:
    assert evidence.public_since(session, lieu_id=lieu.id) is None
    for at in (NOON, NOON + DAY):
        evidence.show_to_everybody(session, lieu_id=lieu.id, by=None, at=at)
    assert evidence.public_since(session, lieu_id=lieu.id) == NOON
    evidence.hide_from_everybody(session, lieu_id=lieu.id)
    assert evidence.public_since(session, lieu_id=lieu.id) is None


def test_the_trial_tells_no_share_that_gives_a_small_count_away(
    session: Session, lieu: Lieu
) -> None:
    """90 % of 21 is two noes; and a gap tells one share by the other."""
    came_so_far(session, lieu, [3] * 19 + [0] * 2, since=PAST, arm="engine", chance=0.45)
    came_so_far(session, lieu, [3] * 12 + [0] * 12, since=PAST, arm="memory", chance=0.45)
    found = {(one.measure, one.arm, one.against): one for one in shown(session, lieu).trial}
    alone, gap = found["accepted", "engine", None], found["accepted", "engine", "memory"]
    assert (alone.answers, alone.estimate) == (21, None)
    assert gap.estimate is None


# --- suppression ----------------------------------------------------------------------------

ATOMS = ("a0", "a1", "b0", "b1")  # two arms, or two lieux, and two steps
OF_A = {"a": frozenset({"a0", "a1"}), "a so far": frozenset({"a1"})}
OF_B = {"b": frozenset({"b0", "b1"}), "b so far": frozenset({"b1"})}
OF_BOTH = {"all": frozenset(ATOMS), "all so far": frozenset({"a1", "b1"})}
PARTS = OF_A | OF_B | OF_BOTH
Values = dict[str, int]


def in_one_table(atoms: Values) -> Values:
    return tell(atoms, PARTS).counts


def lieu_by_lieu(atoms: Values) -> tuple[Telling, Telling]:
    a = tell({one: atoms[one] for one in ("a0", "a1")}, OF_A)
    b = tell({one: atoms[one] for one in ("b0", "b1")}, OF_B)
    return a, b


def on_the_pages_of_a_network(atoms: Values) -> Values:
    a, b = lieu_by_lieu(atoms)
    return tell(atoms, OF_BOTH, beside=[a, b]).counts | a.counts | b.counts


def possible(kept: Values, most: int) -> Iterator[Values]:
    """Every way things may be, given what is told."""
    for values in product(range(most + 1), repeat=len(ATOMS)):
        atoms = dict(zip(ATOMS, values, strict=True))
        if all(sum(atoms[one] for one in PARTS[name]) == count for name, count in kept.items()):
            yield atoms


@pytest.mark.parametrize("told", [in_one_table, on_the_pages_of_a_network])
@given(values=st.tuples(*(st.integers(0, 7) for _ in ATOMS)))
@settings(max_examples=30, deadline=None)
def test_no_small_count_can_be_worked_out_from_what_is_told(
    told: Callable[[Values], Values], values: tuple[int, ...]
) -> None:
    atoms = dict(zip(ATOMS, values, strict=True))
    kept = told(atoms)
    assert all(not 0 < count < 5 for count in kept.values())
    worlds = list(possible(kept, most=11))
    groups = [*PARTS.values(), *(frozenset({one}) for one in ATOMS)]
    for group in groups:
        if 0 < sum(atoms[one] for one in group) < 5:
            assert len({sum(world[one] for one in group) for world in worlds}) > 1


@pytest.mark.parametrize("told", [in_one_table, on_the_pages_of_a_network])
def test_what_gives_nothing_away_is_told(told: Callable[[Values], Values]) -> None:
    assert set(told({"a0": 10, "a1": 20, "b0": 30, "b1": 40})) == set(PARTS)
    assert told(dict.fromkeys(ATOMS, 0)) == dict.fromkeys(PARTS, 0)


def test_without_the_second_look_the_small_one_is_a_subtraction() -> None:
    """The control: leaving out small counts alone would not do."""
    atoms = {"a0": 3, "a1": 9, "b0": 8, "b1": 7}
    alone = {name: sum(atoms[one] for one in group) for name, group in PARTS.items()}
    naive = {name: count for name, count in alone.items() if not 0 < count < 5}
    assert {world["a0"] for world in possible(naive, most=18)} == {3}
    assert {world["a0"] for world in possible(in_one_table(atoms), most=18)} != {3}


def test_a_network_that_forgot_its_lieux_would_give_one_of_them_away() -> None:
    """The control: the same sums, told without a look at what each lieu tells."""
    atoms = {"a0": 6, "a1": 3, "b0": 8, "b1": 7}
    a, b = lieu_by_lieu(atoms)
    naive = tell(atoms, OF_BOTH).counts | a.counts | b.counts
    assert {world["a1"] for world in possible(naive, most=12)} == {3}
    kept = on_the_pages_of_a_network(atoms)
    assert {world["a1"] for world in possible(kept, most=12)} != {3}
    assert kept["all"] == 24  # as much as may be told still is


def test_equal_counts_tell_that_nothing_lies_between_them() -> None:
    """A row of noughts is found without subtraction: a0 + b0 is nothing, so each of them is."""
    atoms = {"a0": 0, "a1": 9, "b0": 0, "b1": 3, "c": 6}
    parts = {
        "all": frozenset({"a0", "a1", "b0", "b1"}),
        "all so far": frozenset({"a1", "b1"}),
        "a and c": frozenset({"a0", "a1", "c"}),
        "c": frozenset({"c"}),
    }
    kept = tell(atoms, parts).counts
    assert "all so far" in kept
    assert not {"a and c", "c"} <= set(kept)


def test_a_lieu_keeps_its_figures_beside_the_network_and_the_network_pays(
    session: Session, lieu: Lieu
) -> None:
    elsewhere = a_lieu(session)
    came_so_far(session, lieu, [3] * 9 + [0] * 6, since=PAST)
    came_so_far(session, elsewhere, [3] * 2 + [0] * 7, since=PAST)
    whole, (ours, theirs) = together(session, lieu, elsewhere)
    assert counts_of(ours) == counts_of(shown(session, lieu)) == [15, 9, 9, 9]
    assert counts_of(theirs) == [9, None, None, None]
    assert counts_of(whole) == [24, None, None, None]  # 11 less 9 would be the two


def test_many_lieux_are_told_together_in_a_moment() -> None:
    """Two hundred lieux, thousands of rows: the work grows with them, not with their square."""
    atoms: dict[str, int] = {}
    alone, whole = [], {}
    for lieu_number in range(200):
        names = [f"{lieu_number} {step}" for step in range(12)]
        mine = {name: (lieu_number * 7 + 5 * step) % 23 for step, name in enumerate(names)}
        parts = {f"so far {step}": frozenset(names[step:]) for step in range(12)}
        alone.append(tell(mine, parts))
        atoms |= mine
        whole = {name: whole.get(name, frozenset()) | group for name, group in parts.items()}
    started = time.perf_counter()
    assert tell(atoms, whole, beside=alone).counts
    assert time.perf_counter() - started < 5
