"""Groups: who keeps to whom at a lieu, as far as their ties tell; so that a concierge sees what
does not mix. Nobody chose one, so nobody but the concierge on shift is shown them.

Groups are the communities of greatest modularity (Louvain, by networkx) in the ties that are alive
among the people who came lately, weighed by their strength. The worker finds them anew once
a day and keeps only the last answer; a group of fewer than three is no group.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from serendipity import clock, lieux, members, runs, ties
from serendipity.db import Base
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.presence import Presence
from serendipity.ties import Tie

JOB: Final = "groups"
LATELY: Final = timedelta(days=60)
SMALLEST: Final = 3
SEED: Final = 1  # the same ties give the same groups


class Grouped(Base):
    """A member's group at a lieu, as it was found last; `number` counts from 1, the largest."""

    __tablename__ = "grouped"

    lieu_id: Mapped[int] = mapped_column(ForeignKey("lieu.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)
    number: Mapped[int]
    found_at: Mapped[datetime]


def find_due(session: Session, *, at: datetime) -> int:
    """Find the groups of each open lieu once on each of its days; at how many lieux."""
    today = {lieu: clock.local_date(at, lieu.timezone) for lieu in lieux.open_lieux(session)}
    done = runs.done_on(session, job=JOB, dates=today.values())
    due = [(lieu, day) for lieu, day in today.items() if (lieu.id, day) not in done]
    for lieu, day in due:
        turn = runs.begin(session, job=JOB, lieu_id=lieu.id, local_date=day, at=at)
        count = find(session, lieu=lieu, at=at)
        runs.finish(session, run=turn, counts={"groups": count}, at=at)
    return len(due)


def find(session: Session, *, lieu: Lieu, at: datetime) -> int:
    """Find the groups of a lieu anew and keep them instead of the last; how many there are."""
    found = communities(_strengths(session, lieu_id=lieu.id, at=at))
    session.execute(delete(Grouped).where(Grouped.lieu_id == lieu.id))
    session.add_all(
        Grouped(lieu_id=lieu.id, member_id=member_id, number=number, found_at=at)
        for number, group in enumerate(found, start=1)
        for member_id in sorted(group)
    )
    session.flush()
    return len(found)


def communities(strengths: Mapping[tuple[int, int], float]) -> list[set[int]]:
    """Groups of at least three, the largest first.

    Parameters
    ----------
    strengths : mapping of pairs to weights above 0

    References
    ----------
    Blondel et al., "Fast unfolding of communities in large networks", J. Stat. Mech. 2008.
    """
    # Heavy, and only the worker needs it: the web process starts without.
    import networkx  # noqa: PLC0415

    graph = networkx.Graph()
    graph.add_weighted_edges_from((a, b, weight) for (a, b), weight in sorted(strengths.items()))
    if not graph:
        return []
    found = networkx.community.louvain_communities(graph, seed=SEED)
    groups = [set(group) for group in found if len(group) >= SMALLEST]
    return sorted(groups, key=lambda group: (-len(group), min(group)))


def _strengths(session: Session, *, lieu_id: int, at: datetime) -> dict[tuple[int, int], float]:
    came = (
        select(Presence.member_id)
        .join(Member, Member.id == Presence.member_id)
        .where(
            Presence.lieu_id == lieu_id,
            Presence.started_at >= at - LATELY,
            Member.erased_at.is_(None),
        )
    )
    rows = session.scalars(select(Tie).where(Tie.a_id.in_(came), Tie.b_id.in_(came)))
    found = {(tie.a_id, tie.b_id): ties.strength(tie, at=at) for tie in rows}
    return {pair: weight for pair, weight in found.items() if weight >= ties.ALIVE_FROM}


def groups_of(session: Session, *, lieu_id: int, member_ids: Collection[int]) -> dict[int, int]:
    """Member id → the number of their group, for those of these members who are in one."""
    rows = session.execute(
        select(Grouped.member_id, Grouped.number).where(
            Grouped.lieu_id == lieu_id, Grouped.member_id.in_(member_ids)
        )
    )
    return dict(rows.all())


def apart(
    groups: Mapping[int, int], tied: Collection[tuple[int, int]], *, most: int = 3
) -> list[tuple[list[int], list[int]]]:
    """Two groups without a tie between those who are here, as members' ids; the largest first.

    Parameters
    ----------
    groups : member id → number of the group, for those here
    tied : pairs of those here who know each other
    """
    here: defaultdict[int, list[int]] = defaultdict(list)
    for member_id, number in sorted(groups.items()):
        here[number].append(member_id)
    joined = {
        tuple(sorted((groups[a], groups[b])))
        for a, b in tied
        if a in groups and b in groups and groups[a] != groups[b]
    }
    numbers = sorted(number for number, people in here.items() if len(people) > 1)
    pairs = [(a, b) for place, a in enumerate(numbers) for b in numbers[place + 1 :]]
    return [(here[a], here[b]) for a, b in pairs if (a, b) not in joined][:most]


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    session.execute(delete(Grouped).where(Grouped.member_id == member.id))
