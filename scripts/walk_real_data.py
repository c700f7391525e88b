"""The main job, once, on real input: see scripts/walk-real-data, which starts this.

A little over 400 lines, because it is one day told from morning to the nights after.
"""

from __future__ import annotations

import argparse
import email
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from itertools import combinations
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from flask import Flask  # noqa: E402
from sqlalchemy import func, select  # noqa: E402

from matching.errors import MatchingError  # noqa: E402
from serendipity import (  # noqa: E402
    clock,
    config,
    encounters,
    introductions,
    ledger,
    lieux,
    mail,
    migrate,
    presence,
    signin,
)
from serendipity.app import create_app  # noqa: E402
from serendipity.db import database, reading, writing  # noqa: E402
from serendipity.encounters import Encounter  # noqa: E402
from serendipity.errors import SerendipityError  # noqa: E402
from serendipity.imports import lieux as lieux_import  # noqa: E402
from serendipity.imports import members as members_import  # noqa: E402
from serendipity.introductions import Introduction  # noqa: E402
from serendipity.jobs import delivery, night, rounds  # noqa: E402
from serendipity.jobs import reading as reading_job  # noqa: E402
from serendipity.jobs.delivery import Desk  # noqa: E402
from serendipity.jobs.post import FilePost  # noqa: E402
from serendipity.lieux import Lieu  # noqa: E402
from serendipity.members import Member  # noqa: E402
from serendipity.needs import Need  # noqa: E402
from serendipity.progress import shown  # noqa: E402
from serendipity.skills import MemberSkill  # noqa: E402
from serendipity.suggestions import Round, SuggestedPair  # noqa: E402

NOON = datetime(2026, 3, 26, 12, 0, tzinfo=UTC)  # a Thursday, 13:00 in Paris
EVENING = NOON + timedelta(hours=7)  # 20:00 in Paris
LIEU = "la-cordee-valmy"


@dataclass
class Told:
    """What happened, line by line, and what should have and did not."""

    lines: list[tuple[str, str]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def line(self, what: str, words: object) -> None:
        self.lines.append((what, str(words)))

    def must(self, holds: bool, claim: str) -> None:
        self.line(claim, "holds" if holds else "BROKEN")
        if not holds:
            self.broken.append(claim)


class Clock:
    """The service's clock, moved by the walk."""

    now = NOON

    def __call__(self) -> datetime:
        return self.now


def main() -> int:
    given = arguments()
    held, told = Clock(), Told()
    clock.set_source(held)
    with instance(given.keep) as folder:
        settings = config.load(
            {},
            instance=folder,
            database_url=given.database_url or "",
            public_url="https://serendipity.example",
            mail_per_minute=1_000_000,
        )
        app = create_app(settings)
        with app.app_context():
            try:
                walk(app, given.data, given.people, held, told)
            finally:
                database.session.remove()
                database.engine.dispose()
    show(told)
    return 1 if told.broken else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/walk-real-data")
    parser.add_argument("data", type=Path)
    parser.add_argument("--database-url", help="an empty database; else SQLite in the instance")
    parser.add_argument("--people", type=int, default=200, help="how many check in")
    parser.add_argument("--keep", type=Path, help="an empty folder for the instance, kept after")
    return parser.parse_args()


@contextmanager
def instance(keep: Path | None) -> Iterator[Path]:
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="serendipity-walk-") as folder:
        yield Path(folder)


def walk(app: Flask, data: Path, people: int, held: Clock, told: Told) -> None:
    """The whole day and its nights."""
    settings: config.Settings = app.config["SETTINGS"]
    if not migrate.upgrade(database.engine):
        raise SystemExit("the database is not empty: the walk wants a fresh one")
    shelf = reading_job.Shelf(settings)
    desk = Desk(reading, FilePost(settings.instance / "mail"), settings)
    with timed(told, "Vocabulary"):
        vocabulary(data, settings, told)
    with timed(told, "Imports"):
        slug = imports(data, settings.instance, told)
    with timed(told, "Reading"):
        read(shelf, told)
    with timed(told, "Sign-in by emailed code, check-in"):
        check_in(slug, people, desk, told)
    with timed(told, "Round"):
        day_round(shelf, told)
    with timed(told, "Answers and encounters"):
        meet(told)
    with timed(told, "Nights"):
        nights(slug, shelf, desk, held, told)
    invariants(settings, told)


@contextmanager
def timed(told: Told, what: str) -> Iterator[None]:
    say(f"{what} …")
    began = time.perf_counter()
    yield
    told.line(f"{what}: time", f"{time.perf_counter() - began:.1f} s")


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


# --- the steps ------------------------------------------------------------------------------


def vocabulary(data: Path, settings: config.Settings, told: Told) -> None:
    source = data / "esco" / "esco_skills_en_fr_nl.parquet"
    with shown("Placing skills") as step:
        loaded, name = reading_job.take_in(source, settings, step=step)
    told.line("Vocabulary", f"{name}, {loaded.concepts} concepts, {loaded.names} names")


def imports(data: Path, folder: Path, told: Told) -> str:
    """Lieux, then people; each twice, and the second time must change nothing."""
    source = data / "lieux" / "tiers_lieux_2019.csv"
    reports = []
    for _ in range(2):
        with writing() as session:
            reports.append(lieux_import.import_lieux(session, source, at=clock.now()))
    told.line("Lieux", f"{reports[0].new} in, {len(reports[0].refused)} refused with line and why")
    told.must(reports[1].new == 0, "a second import of lieux changes nothing")
    with writing() as session:
        lieu = (
            session.scalar(select(Lieu).where(Lieu.slug == LIEU))
            or session.scalars(select(Lieu).order_by(Lieu.id)).first()
        )
        if lieu is None:
            raise SystemExit("no lieu came in")
        lieux.open_up(session, lieu=lieu, at=clock.now() - timedelta(days=30))
        lieux.keep_hours(session, lieu=lieu, spans=[lieux.Span(day, 480, 1200) for day in range(7)])
        slug = lieu.slug
    told.line("Open lieu", slug)
    people = folder / "members.csv"
    survey = data / "skills" / "so2022_have_want_sample.csv"
    with people.open("w", encoding="utf-8") as file:
        command = [sys.executable, str(ROOT / "scripts" / "convert-so-survey"), str(survey)]
        subprocess.run([*command, "--lieu", slug], stdout=file, check=True)
    for _ in range(2):
        with writing() as session:
            reports.append(members_import.import_members(session, people, at=clock.now()))
    told.line("People", f"{reports[2].new} in, {len(reports[2].refused)} refused")
    told.must(reports[3].new == 0, "a second import of people changes nothing")
    return slug


def read(shelf: reading_job.Shelf, told: Told) -> None:
    exact = _with_concept()
    with shown("Reading words") as step:
        done = 0
        while some := reading_job.read_due(reading, shelf, at=clock.now()):
            done += some
            step(done, 0)
    phrases = sum(
        reading().scalar(select(func.count()).select_from(noun)) or 0
        for noun in (MemberSkill, Need)
    )
    sure = _with_concept()
    told.line("Phrases", f"{phrases}: {exact} by their exact name, {sure - exact} more by meaning")
    told.line("Concepts read", f"{sure} ({sure / max(1, phrases):.0%}), the rest kept as words")


def _with_concept() -> int:
    return sum(
        reading().scalar(select(func.count(noun.concept_id))) or 0 for noun in (MemberSkill, Need)
    )


def check_in(slug: str, people: int, desk: Desk, told: Told) -> None:
    """Each signs in with the code that was mailed to them, and is in."""
    session = reading()
    lieu_id = lieux.lieu_named(session, slug).id
    chosen = session.execute(
        select(Member.id, Member.email).order_by(Member.id).limit(people)
    ).all()
    for _, address in chosen:
        with writing() as session:
            signin.ask(
                session, email=address, browser=f"b-{address}", language="en", at=clock.now()
            )
    send_all(desk)
    codes = codes_in(desk.settings.instance / "mail")
    for member_id, address in chosen:
        with writing() as session:
            guess = signin.guess(
                session, email=address, code=codes[address], browser=f"b-{address}", at=clock.now()
            )
        with writing() as session:
            signin.redeem(session, guess=guess, at=clock.now())
            presence.check_in(
                session,
                member_id=member_id,
                lieu_id=lieu_id,
                how_in="qr",
                until=clock.now() + timedelta(hours=4),
                at=clock.now(),
                confirmed=True,
            )
    here = presence.how_many(reading(), lieu_id=lieu_id, at=clock.now())
    told.line("Checked in", here)
    told.must(here == len(chosen), "everybody who typed the right code is in")


def codes_in(folder: Path) -> dict[str, str]:
    """Address → the code of its letter, read from the letter itself."""
    found = {}
    for path in folder.glob("*-code-*.eml"):
        letter = email.message_from_bytes(path.read_bytes(), policy=policy.default)
        code = re.search(r"\b\d{6}\b", str(letter["Subject"]))
        found[str(letter["To"])] = code[0] if code else ""
    return found


def send_all(desk: Desk) -> Counter[str]:
    ended: Counter[str] = Counter()
    with shown("Letters") as step:
        while some := delivery.deliver_due(desk, limit=100):
            ended += some
            step(ended.total(), 0)
    return ended


def day_round(shelf: reading_job.Shelf, told: Told) -> None:
    rounds.run_due(reading, shelf, at=clock.now())
    (kept,) = reading().scalars(select(Round))
    share = kept.weight / kept.bound if kept.bound else 1.0
    told.line("Suggestions", f"{len(kept.suggestions)} among {kept.people} people")
    told.line("Share of the bound", f"{share:.4f}")
    told.line("Left out", dict(kept.left_out) or "nobody")
    told.must(share >= 0.999, "the round reaches .999 of its bound")


def meet(told: Told) -> None:
    """Both sides of every other suggestion say yes, meet, and say that one helped the other."""
    offered = [
        (one.public_id, [side.member_id for side in one.sides])
        for one in reading().scalars(select(Introduction).order_by(Introduction.id))
    ]
    for public_id, ids in offered[::2]:
        for member_id in ids:
            with writing() as session:
                introductions.say_yes(
                    session, public_id=public_id, member_id=member_id, at=clock.now()
                )
    told.line("Introductions", f"{len(offered)} offered, {len(offered[::2])} agreed")
    met = reading().execute(select(Encounter.public_id, Encounter.a_id, Encounter.b_id)).all()
    for number, (public_id, a_id, b_id) in enumerate(met):
        for member_id in (a_id, b_id):
            with writing() as session:
                helped = member_id == (a_id, b_id)[number % 2]
                encounters.confirm(
                    session, public_id=public_id, member_id=member_id, helped=helped, at=clock.now()
                )
    confirmed = reading().scalar(
        select(func.count()).where(
            Encounter.a_confirmed_at.is_not(None), Encounter.b_confirmed_at.is_not(None)
        )
    )
    told.line("Encounters", f"{confirmed} confirmed by both")
    told.must(confirmed == len(met), "every encounter that both confirm counts")


def nights(slug: str, shelf: reading_job.Shelf, desk: Desk, held: Clock, told: Told) -> None:
    """Tonight twice, tomorrow, and a week on; then every letter is sent."""
    before = pairs_suggested()
    for name, days, again in (
        ("First night", 0, False),
        ("The same night again", 0, True),
        ("Second night", 1, False),
        ("A week on", 8, False),
    ):
        held.now = EVENING + timedelta(days=days)
        day = clock.local_date(held.now, "Europe/Paris")
        done = night.run(reading, lieu=slug, local_date=day, at=held.now, shelf=shelf)
        after = pairs_suggested()
        repeats = sum(after.values()) - len(after)
        told.line(f"{name}: letters owed", f"{done.letters} for {done.introductions} introductions")
        told.line(f"{name}: repeats", f"{repeats} repeats")
        if again:
            told.must(done.already_run and after == before, "a second run of a night does nothing")
        told.must(repeats == 0, f"{name.lower()} repeats no pair")
        before = after
        ended = send_all(desk)
        told.line(f"{name}: emails", dict(ended) or "none")


def pairs_suggested() -> Counter[tuple[int, int]]:
    """Every pair in every introduction ever offered, with how often."""
    found: Counter[tuple[int, int]] = Counter()
    for one in reading().scalars(select(Introduction)):
        found.update(combinations(sorted(side.member_id for side in one.sides), 2))
    database.session.rollback()
    return found


# --- what must hold -------------------------------------------------------------------------


def invariants(settings: config.Settings, told: Told) -> None:
    session = reading()
    total = ledger.total(session)
    told.line("Ledger sum", total)
    told.must(total == 0, "the ledger sums to zero")
    pairs = session.scalar(select(func.count()).select_from(SuggestedPair))
    told.must(pairs == len(pairs_suggested()), "every pair that was introduced is remembered")
    counted = mail.tally(reading())
    told.line("Emails", ", ".join(f"{number} {name}" for name, number in counted.items()))
    files = list((settings.instance / "mail").glob("*.eml"))
    told.must(len(files) == counted["sent"], "each letter that was sent is one file")
    told.must(counted["waiting"] + counted["sending"] == 0, "nothing is owed and forgotten")
    told.must(counted["uncertain"] + counted["failed"] == 0, "no letter failed")
    told.must(no_letter_names_the_other(files), "no introduction names anybody but its reader")


def no_letter_names_the_other(files: list[Path]) -> bool:
    people = {
        address: name for name, address in reading().execute(select(Member.name, Member.email))
    }
    names = set(people.values())
    for path in files:
        if "-introduction-" not in path.name:
            continue
        letter = email.message_from_bytes(path.read_bytes(), policy=policy.default)
        body = letter.get_body(("plain",))
        words = body.get_content() if body else ""
        own = people[str(letter["To"])]
        if any(name in words for name in names - {own}) or words.count("@example.org"):
            return False
    return True


# --- the table ------------------------------------------------------------------------------


def show(told: Told) -> None:
    if sys.stdout.isatty():
        from rich.console import Console  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415

        table = Table("what", "how")
        for what, words in told.lines:
            table.add_row(what, words, style="bold red" if words == "BROKEN" else None)
        Console().print(table)
    else:
        width = max((len(what) for what, _ in told.lines), default=0)
        for what, words in told.lines:
            print(f"{what:<{width}}  {words}")
    print("Everything holds." if not told.broken else f"Broken: {'; '.join(told.broken)}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (SerendipityError, MatchingError) as error:
        sys.exit(f"walk-real-data: {error}")
    except OSError as error:
        sys.exit(f"walk-real-data: {error.filename}: {error.strerror}")
