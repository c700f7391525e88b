"""What a process of its own does in a race: confirm encounters. It imports little: many start."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from multiprocessing.synchronize import Barrier

from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from serendipity import encounters, tables
from serendipity.db import engine_options, write_transaction
from serendipity.errors import Busy

Pair = tuple[int, int]
TRIES = 50  # a busy database is to be tried again: nothing was recorded


@dataclass(frozen=True)
class Race:
    """The encounters that all processes confirm, each with its two."""

    url: str
    encounters: list[tuple[str, Pair]]
    at: datetime


def confirm_them_all(race: Race, start: Barrier, turn: int) -> None:
    """Both of each pair say that they met, in an order that differs by process."""
    _ = tables.metadata  # every table known before the first query
    engine = create_engine(race.url, poolclass=NullPool, **engine_options(race.url))
    start.wait(timeout=300)
    for public_id, pair in race.encounters:
        for member_id in pair if turn % 2 else pair[::-1]:
            helped = member_id == pair[0]
            _confirm(Session(engine), public_id, member_id, helped=helped, at=race.at)


def _confirm(
    session: Session, public_id: str, member_id: int, *, helped: bool, at: datetime
) -> None:
    for left in reversed(range(TRIES)):
        try:
            with session, write_transaction(session):
                encounters.confirm(
                    session, public_id=public_id, member_id=member_id, helped=helped, at=at
                )
            return
        except Busy:
            if not left:
                raise
