"""The console command: what it does, and how it fails: one line, a non-zero exit, nothing done."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from serendipity import clock, mail, members, skills, tokens, vocabularies
from serendipity.cli import commands
from serendipity.config import ROOT
from serendipity.db import engine_options, write_transaction
from serendipity.lieux import Lieu
from serendipity.mail import Letter
from serendipity.members import Member
from serendipity.tokens import Token
from tests.jobs.post_office import Open
from tests.rows import a_lieu, a_member

Run = Callable[..., Result]
FRENCH = (
    "ID,NOM_TL,ADRESSE,CP,NOMCOM,COMINIT,WEB,TYPO,LAT,LONG\n"
    "1,La Navette,12 montée,69004,Lyon,,,,45.77,4.82\n"
    "2,Sans code,Rue,0,Nice,,,,43.7,7.2\n"
)


@pytest.fixture
def run(database_url: str, tmp_path: Path) -> Run:
    """`serendipity …` on a database of this test's own."""

    def command(*arguments: str, url: str = database_url) -> Result:
        options = ["--instance", str(tmp_path / "instance"), "--database-url", url]
        return CliRunner().invoke(commands, [*options, *arguments])

    return command


@pytest.fixture
def rows(database_url: str) -> Iterator[Session]:
    """A look at the same database, from outside."""
    engine = create_engine(database_url, poolclass=NullPool, **engine_options(database_url))
    with Session(engine) as session:
        yield session
    engine.dispose()


def one_line(result: Result) -> str:
    """What a failure said on stderr; it must be one line."""
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.splitlines()
    return line


def test_upgrading_loads_the_starter_vocabulary_once(run: Run) -> None:
    first = run("upgrade")
    assert (first.exit_code, "vocabulary of" in first.stdout) == (0, True)
    assert run("upgrade").stdout == "The database is up to date.\n"


def test_an_empty_database_is_told_what_to_do(run: Run, tmp_path: Path) -> None:
    result = run("nightly", "--lieu", "all", "--date", "2026-03-26",
                 url=f"sqlite:///{tmp_path}/empty.sqlite")  # fmt: skip
    assert "the database is empty: run `serendipity upgrade` first" in one_line(result)


def test_importing_lieux_tells_refused_rows_on_stderr_and_twice_changes_nothing(
    run: Run, tmp_path: Path, rows: Session
) -> None:
    file = tmp_path / "lieux.csv"
    file.write_text(FRENCH, "utf-8")
    first = run("lieux", "import", str(file))
    assert first.exit_code == 0
    assert first.stderr == "line 3: '0' is not a postcode\n"
    assert first.stdout == "1 lieux new, 0 already here, 1 refused.\n"
    assert "0 lieux new, 1 already here" in run("lieux", "import", str(file)).stdout
    assert rows.scalars(select(Lieu.name)).all() == ["La Navette"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"name;email\nAwa;awa@example.org\n", "separated by semicolons"),
        ("name,email\nIn\xe8s,ines@example.org\n".encode("latin-1"), "line 2: byte 0xe8"),
        (b"name\nAwa\n", "no column email"),
        (
            b"name,email,lieu\nAwa,awa@example.org,\nBo,bo@example.org,nowhere\n",
            "no lieu 'nowhere'",
        ),
        (b'name,email\nAwa,awa@example.org\nBo,"bo@example.org\n', "never closed"),
    ],
)
def test_a_bad_file_is_one_line_and_nothing_half_written(
    run: Run, tmp_path: Path, rows: Session, content: bytes, words: str
) -> None:
    file = tmp_path / "members.csv"
    file.write_bytes(content)
    assert words in one_line(run("members", "import", str(file)))
    assert rows.scalar(select(func.count()).select_from(Member)) == 0


def test_a_token_is_shown_once_and_kept_as_a_hash(run: Run, rows: Session) -> None:
    lieu = a_lieu(rows, slug="navette")
    a_member(rows, email="awa@example.org")
    rows.commit()
    shown = run("token", "create", "--as", "awa@example.org").stdout.strip()
    token = tokens.token_shown(rows, shown)
    assert (token.role, token.member_id is not None) == ("member", True)
    assert shown not in str(rows.execute(select(Token.__table__)).all())
    kiosk = run("token", "create", "--as", "kiosk", "--lieu", "navette").stdout.strip()
    rows.rollback()  # to see what came after the first look
    assert tokens.token_shown(rows, kiosk).lieu_id == lieu.id


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--as", "nobody@example.org"], "there is no member nobody@example.org"),
        (["--as", "queen"], "queen is neither an email nor a role"),
        (["--as", "kiosk"], "say which with --lieu"),
        (["--as", "kiosk", "--lieu", "nowhere"], "there is no lieu nowhere"),
    ],
)
def test_a_token_that_cannot_be_is_refused_in_one_line(
    run: Run, arguments: list[str], words: str
) -> None:
    assert words in one_line(run("token", "create", *arguments))


def test_an_export_holds_a_members_own_words_and_erasing_ends_them(run: Run, rows: Session) -> None:
    awa, bo = a_member(rows, "Awa", email="awa@example.org"), a_member(rows, "Bo")
    members.block(rows, blocker_id=awa.id, blocked_id=bo.id, at=clock.now())
    rows.commit()
    found = json.loads(run("export", "--member", "awa@example.org").stdout)
    assert found["member"]["name"] == "Awa"
    assert [block["blocked"] for block in found["blocks"]] == ["person 1"]
    assert "Bo" not in json.dumps(found)
    assert run("erase", "awa@example.org", "--yes").stdout == "Erased.\n"
    assert "there is no member" in one_line(run("export", "--member", "awa@example.org"))


def test_erasing_asks_first(run: Run, rows: Session) -> None:
    a_member(rows, email="awa@example.org")
    rows.commit()
    assert run("erase", "awa@example.org").exit_code == 1  # nobody answered
    assert members.member_with_email(rows, "awa@example.org") is not None


def test_a_backup_comes_back_whole_into_an_empty_database_and_only_there(
    run: Run, rows: Session, tmp_path: Path, empty_url: str
) -> None:
    a_member(rows, "Awa", email="awa@example.org")
    rows.commit()
    file = tmp_path / "all.backup"
    saved = run("backup", str(file))
    assert saved.exit_code == 0, saved.output
    assert "already there" in one_line(run("backup", str(file)))
    assert file.stat().st_mode & 0o077 == 0
    assert "Restored" in run("restore", str(file), url=empty_url).stdout
    engine = create_engine(empty_url, poolclass=NullPool, **engine_options(empty_url))
    with Session(engine) as session:
        assert session.scalars(select(Member.name)).all() == ["Awa"]
    engine.dispose()
    assert "not empty" in one_line(run("restore", str(file)))


@pytest.mark.parametrize("damage", ["text", "half"])
def test_a_damaged_backup_is_refused_and_nothing_is_written(
    run: Run, tmp_path: Path, empty_url: str, damage: str
) -> None:
    file = tmp_path / "all.backup"
    run("backup", str(file))
    content = file.read_bytes()
    file.write_bytes(b"not a backup at all" if damage == "text" else content[: len(content) // 2])
    one_line(run("restore", str(file), url=empty_url))
    engine = create_engine(empty_url, poolclass=NullPool, **engine_options(empty_url))
    from sqlalchemy import inspect

    assert inspect(engine).get_table_names() == []
    engine.dispose()


def test_the_doctor_says_what_is_not_well(run: Run, rows: Session) -> None:
    result = run("doctor")
    assert result.exit_code == 1
    assert "!! vocabulary  none: run `serendipity upgrade`" in result.stdout
    run("upgrade")
    healthy = run("doctor")
    assert (healthy.exit_code, "!!" in healthy.stdout) == (0, False)


def test_a_read_only_instance_is_one_line(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    result = CliRunner().invoke(commands, ["--instance", str(blocked / "instance"), "upgrade"])
    assert "cannot be written" in one_line(result)


def test_a_database_that_is_away_is_one_line(tmp_path: Path) -> None:
    url = "postgresql://nobody@127.0.0.1:1/nothing"
    options = ["--instance", str(tmp_path / "i"), "--database-url", url]
    assert "does not answer" in one_line(CliRunner().invoke(commands, [*options, "upgrade"]))


def test_nights_show_a_bar_on_a_terminal_and_the_lines_of_their_own_elsewhere(
    rows: Session, database_url: str, tmp_path: Path
) -> None:
    with write_transaction(rows) as session:
        for slug in ("navette", "volcan"):
            a_lieu(session, slug=slug, opened_at=clock.now())
    screen, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "serendipity", "--instance", str(tmp_path / "instance"),
         "--database-url", database_url, "nightly", "--lieu", "all", "--date", "2026-05-04"],
        cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=terminal,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
    )  # fmt: skip
    os.close(terminal)
    shown = seen_on(screen)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 0, shown
    assert "Nights" in shown
    assert "\x1b[" in shown  # it moves
    assert re.search("━.* 2 ", shown.replace("\x1b", " ")), shown
    assert [line.split()[0] for line in told.splitlines()] == ["navette", "volcan"]


def seen_on(screen: int) -> str:
    """All that is written on a terminal until nobody holds its other end."""
    parts = []
    with contextlib.suppress(OSError):  # Linux says EIO at the end
        while part := os.read(screen, 4096):
            parts.append(part)
    os.close(screen)
    return b"".join(parts).decode()


# --- the worker, as a process ---------------------------------------------------------------


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(database_url: str, tmp_path: Path) -> Iterator[Start]:
    """`serendipity worker` as a process of its own; none outlives the test."""
    started: list[subprocess.Popen[str]] = []

    def worker(*more: str, url: str = database_url, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "serendipity", "--instance", str(tmp_path / "instance"),
             "--database-url", url, "worker", *more],
            cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, **environment},
        )  # fmt: skip
        started.append(process)
        return process

    yield worker
    for process in started:
        process.kill()
        process.communicate()


def owe_a_code(rows: Session) -> None:
    with write_transaction(rows) as session:
        mail.owe(
            session, kind="code", recipient="awa@example.org", key="1", language="en",
            at=clock.now(), facts={"code": "123456", "minutes": 10},
        )  # fmt: skip


def test_a_worker_killed_while_the_server_holds_the_letter_never_sends_it_again(
    start: Start, rows: Session
) -> None:
    owe_a_code(rows)
    with Open() as (office, url):
        office.never_answers.set()
        process = start("--once", SERENDIPITY_SMTP_URL=url)
        assert office.reached_data.wait(60)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        office.never_answers.clear()
        with write_transaction(rows) as session:
            (letter,) = session.scalars(select(Letter))
            assert letter.sending_at is not None
            assert letter.sent_at is None
            letter.sending_at -= mail.DATA_WINDOW  # ten minutes go by
            letter.owed_at -= mail.DATA_WINDOW
        again = start("--once", SERENDIPITY_SMTP_URL=url)
        assert again.communicate(timeout=60) == ("", "")
        assert rows.scalars(select(Letter)).one().uncertain_at is not None
        assert len(office.received) == 1


def test_the_worker_sends_what_is_owed_and_stops_when_told(start: Start, rows: Session) -> None:
    process = start()
    assert process.stdout is not None
    assert process.stdout.readline() == "The worker is at work.\n"
    owe_a_code(rows)
    deadline = time.monotonic() + 60
    while not is_sent(rows) and time.monotonic() < deadline:
        assert not has_fallen(process)
    assert is_sent(rows)
    process.terminate()
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")


def is_sent(rows: Session) -> bool:
    rows.rollback()
    return rows.scalars(select(Letter.sent_at)).one() is not None


def has_fallen(process: subprocess.Popen[str]) -> bool:
    """Whether the worker ended within the next moment."""
    try:
        process.wait(0.2)
    except subprocess.TimeoutExpired:
        return False
    return True


def test_a_worker_compiles_templates_ahead_and_a_second_on_one_sqlite_database_is_refused(
    start: Start, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/one.sqlite"
    options = ["--instance", str(tmp_path / "instance"), "--database-url", url]
    assert CliRunner().invoke(commands, [*options, "upgrade"]).exit_code == 0
    first = start(url=url)
    assert first.stdout is not None
    assert first.stdout.readline() == "The worker is at work.\n"
    assert list((tmp_path / "instance" / "templates").glob("*/*.cache"))
    second = start(url=url)
    assert "another worker is already at work" in second.communicate(timeout=60)[1]
    assert second.returncode == 2


# --- vocabularies ---------------------------------------------------------------------------

ESCO = (
    "conceptType,conceptUri,preferredLabel,altLabels\n"
    "KnowledgeSkillCompetence,http://data.europa.eu/esco/skill/"
    "0005c151-5b5a-4a66-8aac-60e734beb1ab,{},{}\n"
)


@pytest.fixture
def esco(tmp_path: Path) -> Path:
    folder = tmp_path / "esco"
    folder.mkdir()
    for language, label, other in (
        ("en", "manage musical staff", "coordinate duties of musical staff"),
        ("fr", "gérer le personnel musical", "diriger des musiciens"),
        ("nl", "muziekpersoneel beheren", "muzikanten leiden"),
    ):
        words = ESCO.format(label, f'"{other}\n{other} bis"')
        (folder / f"skills_{language}.csv").write_text(words, "utf-8")
    return folder


def test_escos_folder_becomes_the_vocabulary_in_use_and_the_starter_comes_back(
    run: Run, rows: Session, esco: Path, tmp_path: Path
) -> None:
    run("upgrade")
    first = run("vocabulary", "import", str(esco))
    assert first.exit_code == 0, first.output
    assert "esco: 1 concepts under 9 names (1 concepts and 9 names new)" in first.stdout
    assert "0 concepts and 0 names new" in run("vocabulary", "import", str(esco)).stdout
    assert (tmp_path / "instance" / "vocabulary.npz").exists()
    assert vocabularies.in_use(rows) == "esco"
    assert skills.recognised(rows, "Diriger des musiciens", "fr") is not None
    rows.rollback()
    assert run("vocabulary", "import", "starter").exit_code == 0
    assert vocabularies.in_use(rows) == "starter"
    assert not (tmp_path / "instance" / "vocabulary.npz").exists()


def test_a_folder_without_a_vocabulary_is_one_line_and_changes_nothing(
    run: Run, rows: Session, tmp_path: Path
) -> None:
    run("upgrade")
    assert "skills_en.csv" in one_line(run("vocabulary", "import", str(tmp_path)))
    damaged = tmp_path / "damaged.npz"
    damaged.write_bytes(b"PK\x03\x04 nothing")
    one_line(run("vocabulary", "import", str(damaged)))
    assert vocabularies.in_use(rows) == "starter"
