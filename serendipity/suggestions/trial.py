"""Trial: each seat of each member is drawn into an arm, and each arm asks the engine by itself.

A seat is one of the suggestions a member may have before them on one day. Its arm is a hash of
lieu, day, member and number, so that it can be checked afterwards, never depends on who else is
there, and is the same when a round is run again. Both ends of a pair give a seat of the same arm;
the arms take turns in going first. Drawing seats and not whole rounds compares the arms on the
same people, the same room and the same hour.

Rules kept here: whom no seat of theirs could serve is still paired, outside the trial, as are
arrivals and guests; what is outside has propensity one and is no evidence for any arm.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import combinations
from typing import Any, Final

import matching
from serendipity.lieux import Lieu
from serendipity.suggestions.gathering import Gathered

POLICY: Final = "trial"
ARMS: Final = {"engine": 0.45, "memory": 0.45, "random": 0.1}
OUTSIDE: Final = "rest"


@dataclass(frozen=True)
class Part:
    """What one arm proposes."""

    arm: str
    propensity: float
    round: matching.Round


def parts(
    community: matching.Community,
    found: Gathered,
    *,
    lieu: Lieu,
    policy: str,
    kind: str,
    day: date,
    at: datetime,
    seed: int,
    per_person: int,
) -> list[Part]:
    """What the policy proposes: one part, or one for each arm of the trial."""
    ready = list(found.ready)
    if policy != POLICY:
        whole = community.suggest(present=ready, at=at, policy=policy, random_state=seed)
        return [Part(policy, 1.0, whole)]
    room = {int(str(p.id)): p.cap for p in found.people if p.id in found.ready}
    where = f"{lieu.id}/{day.isoformat()}/{kind}"
    held = seats(where, room, per_person)
    made: list[Part] = []
    for arm in sorted(held, key=lambda arm: _hash(f"{where}/{seed}/{arm}")):
        made.append(
            Part(
                arm,
                ARMS[arm],
                community.suggest(
                    present=ready,
                    at=at,
                    policy=arm,
                    random_state=seed,
                    caps=held[arm],
                    apart=_pairs(made),
                ),
            )
        )
    return made


def seats(where: str, room: Mapping[int, int], per_person: int) -> dict[str, dict[Any, int]]:
    """Arm → member → how many of the seats they have left are of this arm.

    The seats that are taken today are the first ones.
    """
    from matching.trial import draw  # noqa: PLC0415 (numpy: web processes plan no rounds)

    held: dict[str, dict[Any, int]] = {arm: {} for arm in ARMS}
    for member_id, left in room.items():
        for number in range(per_person - left, per_person):
            arm = draw(f"{where}/{member_id}/{number}", shares=ARMS).arm
            held[arm][member_id] = held[arm].get(member_id, 0) + 1
    return held


def why_left_out(made: Sequence[Part]) -> dict[int, str]:
    """Who is in no part, and why; "cap" only if they had no seat in any arm."""
    seated = {member for part in made for one in part.round.suggestions for member in one.members}
    why: dict[int, str] = {}
    for part in made:
        for out in part.round.left_out:
            if out.id not in seated and why.get(int(str(out.id)), "cap") == "cap":
                why[int(str(out.id))] = out.why
    return why


def may_be_paired(found: Gathered, policy: str, why: Mapping[int, str]) -> set[int]:
    """Who may be paired once more: on trial also those whose own seats met nobody."""
    final = {one for one, reason in why.items() if policy != POLICY or reason == "cap"}
    return set(found.ready) - final


def rest(
    community: matching.Community,
    alone: Collection[int],
    *,
    policy: str,
    at: datetime,
    seed: int,
    made: Sequence[Part],
) -> Part:
    """One suggestion at most for those who are left alone; outside the trial."""
    asked = "engine" if policy == POLICY else policy
    found = community.suggest(
        present=alone, at=at, policy=asked, random_state=seed, per_person=1, apart=_pairs(made)
    )
    return Part(OUTSIDE if policy == POLICY else policy, 1.0, found)


def outside(policy: str) -> str:
    """The arm of what the engine proposes for arrivals and guests, whatever the policy."""
    return OUTSIDE if policy == POLICY else "engine"


def _pairs(made: Sequence[Part]) -> list[tuple[Any, Any]]:
    """Who was put together already, in this round."""
    return [
        pair
        for part in made
        for one in part.round.suggestions
        for pair in combinations(one.members, 2)
    ]


def _hash(words: str) -> bytes:
    return hashlib.sha256(words.encode()).digest()
