"""scripts/walk-real-data on a few rows of our own: the whole walk, and how it fails."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from serendipity.config import ROOT

SKILLS = ("Python", "SQL", "Rust", "Go", "Bash", "Java", "Kotlin", "Swift", "Ruby", "PHP")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in ("esco", "lieux", "skills"):
        (tmp_path / name).mkdir()
    table = {"id": [f"s{n}" for n in range(len(SKILLS))], "en": SKILLS, "fr": SKILLS}
    parquet.write_table(pa.table(table), tmp_path / "esco" / "esco_skills_en_fr_nl.parquet")
    (tmp_path / "lieux" / "tiers_lieux_2019.csv").write_text(
        "ID,NOM_TL,ADRESSE,CP,NOMCOM,COMINIT,WEB,TYPO,LAT,LONG\n"
        "1,La Navette,12 montée,69004,Lyon,,,,45.77,4.82\n2,Sans code,Rue,0,Nice,,,,43.7,7.2\n",
        "utf-8",
    )
    with (tmp_path / "skills" / "so2022_have_want_sample.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["ResponseId", "Country", "LanguageHaveWorkedWith", "LanguageWantToWorkWith"])
        for number in range(12):
            have, want = SKILLS[number % 10], SKILLS[(number + 3) % 10]
            rows.writerow([number, "France", f"{have};{SKILLS[(number + 1) % 10]}", want])
    return tmp_path


def walk(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = str(ROOT / "scripts" / "walk_real_data.py")
    return subprocess.run(
        [sys.executable, program, *arguments], capture_output=True, text=True, check=False
    )


def test_the_walk_ends_well_and_tells_what_happened(data: Path, tmp_path: Path) -> None:
    done = walk(str(data), "--people", "8", "--keep", str(tmp_path / "kept"))
    assert done.returncode == 0, done.stdout + done.stderr
    told = dict(line.split("  ", 1) for line in done.stdout.splitlines() if "  " in line)
    told = {what: words.strip() for what, words in told.items()}
    assert told["Lieux"].startswith("1 in, 1 refused")
    assert (told["People"], told["Checked in"]) == ("12 in, 0 refused", "8")
    assert told["The same night again: letters owed"].startswith("0 ")
    assert told["Ledger sum"] == "0"
    assert "BROKEN" not in done.stdout
    again = walk(str(data), "--keep", str(tmp_path / "kept"))
    assert (again.returncode, again.stderr.splitlines()[-1]) == (
        1,
        "the database is not empty: the walk wants a fresh one",
    )


def test_a_folder_without_the_data_is_one_line(tmp_path: Path) -> None:
    done = walk(str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("walk-real-data: ")
    assert "Traceback" not in done.stderr
