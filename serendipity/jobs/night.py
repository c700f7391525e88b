"""The night: one run per lieu and local date plans introductions and owes each letter.

The engine thinks without a transaction (a large lieu takes seconds); then one transaction takes the
night's turn, keeps the round, offers the introductions and owes the letters: all of it, or nothing.
A second run on the same date finds the turn taken. No pair is ever suggested twice, so a run of the
next night has nothing to repeat, and nobody gets more than one letter a week (both are kept by
`suggestions`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from flask import Flask
from flask_babel import force_locale
from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from matching.meaning import EncoderMeaning
from serendipity import clock, consent, introductions, lieux, mail, runs, suggestions
from serendipity.db import look_up, write_transaction
from serendipity.db import reading as looking
from serendipity.introductions import Introduction, Side
from serendipity.jobs.reading import Shelf
from serendipity.jobs.rounds import seed_of
from serendipity.lieux import Lieu
from serendipity.members import Member
from serendipity.progress import Step
from serendipity.runs import AlreadyRun
from serendipity.suggestions import Plan, Round, Suggestion
from serendipity.suggestions.rounds import Idea
from serendipity.web import wording
from serendipity.web.wording import Reader

Sessions = Callable[[], Session]
JOB: Final = "night"


@dataclass(frozen=True, slots=True)
class Night:
    """What a night did, or would do."""

    lieu: str
    local_date: date
    already_run: bool = False
    people: int = 0
    introductions: int = 0
    letters: int = 0
    share_of_bound: float = 1.0
    left_out: dict[str, int] = field(default_factory=dict)
    ideas: tuple[Idea, ...] = ()


def run(
    sessions: Sessions,
    *,
    lieu: str,
    local_date: date,
    at: datetime,
    shelf: Shelf | None = None,
    dry_run: bool = False,
) -> Night:
    """Run the night of one lieu and local date; a dry run plans and keeps nothing.

    Parameters
    ----------
    lieu : str
        Its slug.
    shelf : Shelf, optional
        The vocabulary that words are compared with; without it, only concepts and equal words.

    Raises
    ------
    lieux.NoSuchLieu
    """
    with sessions() as session:
        place = lieux.lieu_named(session, lieu)
        if not dry_run and runs.has_run(session, job=JOB, lieu_id=place.id, local_date=local_date):
            return Night(lieu, local_date, already_run=True)
        planned = _planned(session, place, local_date, at, shelf)
    if dry_run:
        return _told(lieu, local_date, planned)
    try:
        with write_transaction(sessions()) as session:
            letters, offered, kept = _keep(session, planned, local_date, at)
            return Night(
                lieu,
                local_date,
                people=kept.people,
                introductions=offered,
                letters=letters,
                share_of_bound=_share(planned),
                left_out=dict(kept.left_out),
            )
    except AlreadyRun:
        return Night(lieu, local_date, already_run=True)


def _planned(
    session: Session, lieu: Lieu, local_date: date, at: datetime, shelf: Shelf | None
) -> Plan:
    return suggestions.plan(
        session,
        lieu=lieu,
        at=at,
        kind="night",
        seed=seed_of(lieu.slug, local_date.isoformat()),
        meaning=EncoderMeaning() if shelf else None,
        vocabulary=shelf.vocabulary() if shelf else None,
        day=local_date,
    )


def _told(lieu: str, local_date: date, planned: Plan) -> Night:
    return Night(
        lieu,
        local_date,
        people=planned.people,
        introductions=len(planned.ideas),
        letters=sum(len(idea.members) for idea in planned.ideas),
        share_of_bound=_share(planned),
        left_out=dict(planned.left_out),
        ideas=tuple(planned.ideas),
    )


def _share(planned: Plan) -> float:
    return planned.weight / planned.bound if planned.bound else 1.0


def _keep(
    session: Session, planned: Plan, local_date: date, at: datetime
) -> tuple[int, int, Round]:
    """The turn, the round, the letters: in this one transaction."""
    turn = runs.begin(session, job=JOB, lieu_id=planned.lieu_id, local_date=local_date, at=at)
    kept = suggestions.record(session, planned, at=at)
    letters = _owe(session, kept, at)
    offered = session.scalar(select(func.count()).where(Suggestion.round_id == kept.id)) or 0
    counts = {
        "people": kept.people,
        "introductions": offered,
        "letters": letters,
        "left_out": kept.left_out,
        "paused": _pause_silent(session, planned, at) if planned.left_out["silent"] else 0,
        "words": introductions.owe_words(session, planned.without, lieu_id=planned.lieu_id, at=at),
    }
    runs.finish(session, run=turn, counts=counts, at=at)
    return letters, offered, kept


def _pause_silent(session: Session, planned: Plan, at: datetime) -> int:
    here = consent.by_mail_at(session, lieu_id=planned.lieu_id)
    return introductions.pause_silent(session, here, lieu_id=planned.lieu_id, at=at)


_TO_WRITE_TO: Final = (
    select(
        Introduction.public_id,
        Suggestion.reasons,
        func.coalesce(Side.guest_of_id, Introduction.lieu_id),
        Member.id,
        Member.email,
        Member.language,
    )
    .join(Suggestion, Suggestion.id == Introduction.suggestion_id)
    .join(Side, Side.introduction_id == Introduction.id)
    .join(Member, Member.id == Side.member_id)
    .where(Suggestion.round_id == bindparam("round_id"), Member.email.is_not(None))
    .order_by(Introduction.id, Member.id)
)


def _owe(session: Session, kept: Round, at: datetime) -> int:
    """A letter to each side of each introduction of this round; how many."""
    letters = [
        {
            "kind": "introduction",
            "recipient": email,
            "key": public_id,
            "facts": {"introduction": public_id, "reasons": reasons},
            "language": language,
            "member_id": member_id,
            "lieu_id": lieu_id,
        }
        for public_id, reasons, lieu_id, member_id, email, language in look_up(
            session, _TO_WRITE_TO, round_id=kept.id
        )
    ]
    return mail.owe_all(session, letters, at=at)


# --- told in a terminal ---------------------------------------------------------------------


def told(
    app: Flask, slug: str, day: date, *, dry_run: bool, step: Step = lambda done, total: None
) -> Iterator[str]:
    """Run one lieu's night or all lieux's, and tell it line by line; `step`: (done, total)."""
    session = looking()
    slugs = [lieu.slug for lieu in lieux.open_lieux(session)] if slug == "all" else [slug]
    shelf = Shelf(app.config["SETTINGS"])
    for number, one in enumerate(slugs, start=1):
        at = clock.now()
        done = run(looking, lieu=one, local_date=day, at=at, shelf=shelf, dry_run=dry_run)
        step(number, len(slugs))
        yield _line(done, dry_run)
        if dry_run:
            with force_locale(app.config["SETTINGS"].default_language):
                yield from _ideas(done)
    if not slugs:
        yield "No lieu is open yet."


def _line(done: Night, dry_run: bool) -> str:
    if done.already_run:
        return f"{done.lieu} {done.local_date}: this night has run already; nothing was done."
    would = "would be " if dry_run else ""
    left_out = ", ".join(f"{number} {why}" for why, number in sorted(done.left_out.items()))
    return (
        f"{done.lieu} {done.local_date}: {done.people} people, {done.introductions} introductions,"
        f" {done.letters} letters {would}owed, {done.share_of_bound:.2%} of the bound"
        + (f"; left out: {left_out}" if left_out else "")
    )


def _ideas(done: Night) -> Iterator[str]:
    """The plan with its reasons, by member numbers: a terminal's scrollback names nobody."""
    for idea in done.ideas:
        yield "  " + " + ".join(f"member {member}" for member in idea.members)
        for member in idea.members:
            for sentence in wording.sentences(idea.reasons, Reader(member)):
                yield f"    to {member}: {sentence.striptags()}"
