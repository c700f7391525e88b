"""What the concierge's desk shows, looked up in one go, and whom it names.

Looking leaves a trace that those who were seen can read: who shows a desk leaves it (`desk.shown`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from serendipity import audit, clock, hours, shifts, stories
from serendipity.calls import Call
from serendipity.db import reading
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.postures import garden, post, settling, watch, write
from serendipity.shifts import Shift
from serendipity.web.loom import Loom, loom, short_names

STORIES = 5
CARRIED = 6  # ideas on the page at once: nobody carries more between two coffees


@dataclass(frozen=True)
class Desk:
    """Everything that the parts of the page show."""

    lieu: Lieu
    shift: Shift
    at: datetime
    gathering: watch.Gathering
    garden: garden.Garden
    carries: list[post.Carry]
    settling: settling.Settling
    unanswered: list[Call]
    outcomes: list[write.Outcome]
    sheets: list[stories.Sheet]
    on_shift: list[tuple[Shift, Member]]
    slots: list[hours.Slot]
    loom: Loom
    more: int  # ideas beyond those on the page
    names: dict[int, str]  # of everybody here, and whom an idea is about, as short as can be

    def seen(self) -> audit.Seen:
        """Everybody whom the page names, and as what."""
        return {
            "seen-present": [one.member.id for one in self.gathering.people],
            "seen-absent": self.garden.member_ids(),
            "seen-settling": self.settling.member_ids(),
            "seen-outcome": [member.id for one in self.outcomes for member in (one.a, one.b)],
        }

    def bridges(self, carry: post.Carry) -> bool:
        """Whether these people are of two groups that keep to themselves."""
        numbers = {self.garden.groups.get(member.id) for member in carry.members}
        return len(numbers) > 1 and None not in numbers


def look(lieu: Lieu, shift: Shift) -> Desk:
    """Look at the lieu now."""
    session, at = reading(), clock.now()
    gathering = watch.gathering(session, lieu=lieu, at=at)
    carries = post.to_carry(session, lieu_id=lieu.id, at=at)
    return Desk(
        lieu=lieu,
        shift=shift,
        at=at,
        gathering=gathering,
        garden=garden.garden(
            session,
            lieu=lieu,
            here=[one.member.id for one in gathering.people],
            tied=gathering.ties | gathering.met_today,
            at=at,
        ),
        carries=carries[:CARRIED],
        more=max(0, len(carries) - CARRIED),
        settling=settling.settling(session, lieu=lieu, people=gathering.people, at=at),
        unanswered=post.unanswered(session, lieu_id=lieu.id, at=at),
        outcomes=write.outcomes(session, lieu=lieu, at=at),
        sheets=stories.sheets(session, lieu_id=lieu.id, most=STORIES),
        on_shift=shifts.current_shifts(session, lieu_id=lieu.id, at=at),
        slots=hours.moments_today(session, lieu=lieu, at=at),
        loom=loom(
            [(one.member.id, one.member.name) for one in gathering.people],
            ties=gathering.ties,
            met=gathering.met_today,
            ideas=[
                (number, pair)
                for number, carry in enumerate(carries[:CARRIED], start=1)
                for pair in carry.pairs()
            ],
        ),
        names=_names(gathering.people, carries[:CARRIED]),
    )


def _names(people: Sequence[watch.Here], carries: Sequence[post.Carry]) -> dict[int, str]:
    """Member id → name, for the people of the suggestions and for those both of them know."""
    known = {one.id: one.name for carry in carries for one in carry.members}
    asked = {
        one
        for carry in carries
        for reason in carry.suggestion.reasons
        for one in _ids(reason["facts"].values())
    } - set(known)
    rows = reading().execute(select(Member.id, Member.name).where(Member.id.in_(asked)))
    here = {one.member.id: one.member.name for one in people}
    return short_names(here | known | dict(rows.all()))


def _ids(facts: Iterable[Any]) -> set[int]:
    flat = (one for fact in facts for one in (fact if isinstance(fact, list) else [fact]))
    return {one for one in flat if isinstance(one, int)}
