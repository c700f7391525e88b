"""Who polls the skill map and knows somebody cannot tell that they came, or went.

The watcher of `benchmarks.telling`, with fewer pairs: it knows the person's skills and the quarter,
has the map of every quarter of a booking, and has learnt from hundreds of such bookings. The
control is the same watcher with exact numbers. The benchmark has more pairs and more houses.
"""

from __future__ import annotations

import pytest

from benchmarks.telling import Watch, as_shown, exactly, guessed


@pytest.mark.parametrize("goes", [False, True], ids=["comes", "goes"])
@pytest.mark.parametrize("present", [6, 12, 40])
def test_a_watcher_guesses_hardly_better_than_a_coin(present: int, goes: bool) -> None:
    assert guessed(Watch(present, goes), as_shown, pairs=400) <= 0.55


@pytest.mark.parametrize("goes", [False, True], ids=["comes", "goes"])
def test_the_same_watcher_would_win_if_exact_numbers_were_shown(goes: bool) -> None:
    assert guessed(Watch(12, goes), exactly, pairs=200) >= 0.65
