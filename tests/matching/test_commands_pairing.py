"""The commands over files, as a community would run them on an export."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from matching.__main__ import main

PEOPLE = """\
{"id": 1, "skills": ["comptabilité"], "needs": ["yoga"], "languages": ["fr"]}

{"id": 2, "skills": [{"text": "yoga", "level": 0.5}], "needs": [{"text": "Comptabilite"}]}
{"id": "3", "skills": ["yoga"], "present": true}
{"id": "away", "skills": ["yoga"], "present": false}
"""
AT = "2026-05-04T09:00:00+02:00"


@pytest.fixture
def files(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def run(capsys, *arguments):
    code = main([*arguments, "--words-only"])
    out, err = capsys.readouterr()
    return code, [json.loads(line) for line in out.splitlines()], err


def test_suggest_prints_a_round_and_its_certificate(capsys, files):
    code, lines, _ = run(capsys, "suggest", "--people", files("P", PEOPLE), "--at", AT)
    assert code == 0
    *suggestions, last = lines
    assert sorted(map(str, (m for s in suggestions for m in s["members"]))) == ["1", "2", "3"]
    assert set(suggestions[0]) == {"members", "score", "serves", "reasons"}
    assert suggestions[0]["serves"]["1"] >= 0.5
    assert last["weight"] <= last["bound"]
    assert last["left_out"] == []


@pytest.mark.parametrize("policy", ["engine", "memory", "random"])
def test_suggest_reads_history_and_explains_who_is_left_out(capsys, files, policy):
    ties = files("T", "a,b,at,kind\n1,2,2026-01-01T10:00:00,met\n1,nobody,2026-01-01,co_present\n")
    asked = files("A", "\ufeffa,b,at\n1,3,2026-01-02\n")
    history = ["--ties", ties, "--asked", asked, "--policy", policy]
    people = files("P", PEOPLE)
    code, lines, _ = run(capsys, "suggest", "--people", people, "--at", AT, *history)
    assert code == 0
    assert {frozenset(s["members"]) for s in lines[:-1]} == {frozenset({2, "3"})}
    assert lines[-1]["left_out"] == [{"id": 1, "why": "nobody_new"}]


def test_answer_prints_helpers_for_each_need(capsys, files):
    needs = files(
        "N", '{"id": "n1", "text": "YOGA"}\n{"id": "n2", "needs": ["chess"]}\n{"need": "yoga"}\n'
    )
    people = files("P", PEOPLE)
    code, lines, _ = run(capsys, "answer", "--helpers", people, "--needs", needs, "--top", "1")
    assert code == 0
    assert [row["need"] for row in lines] == ["n1", "n2", 3]
    assert [[h["id"] for h in row["helpers"]] for row in lines] == [["3"], [], ["3"]]
    assert set(lines[0]["helpers"][0]) == {"id", "score", "why"}


@pytest.mark.parametrize(
    ("people", "ties", "told"),
    [
        ("{oops", "", "P, line 1: not JSON"),
        ("[1]", "", "P, line 1: not a JSON object"),
        ('{"id": 1}\n{"skills": []}', "", "P, line 2: 'id' is missing"),
        ('{"id": [1]}', "", "P, line 1: an id is"),
        ('{"id": 1, "skills": [{"level": 1}]}', "", "P, line 1: 'text' is missing"),
        ('{"id": 1, "skills": [7]}', "", "P, line 1"),
        ('{"id": 1, "until": "soon"}', "", "P, line 1"),
        ('{"id": 1}\n{"id": 1}', "", "two people have the id 1"),
        ('{"id": 1, "cap": "x"}', "", "person 1: cap is 'x'"),
        ('{"id": 1, "skills": [{"text": "a", "level": NaN}]}', "", "person 1: the level"),
        ('{"id": 1}', "x,y\n1,2\n", "T, line 1: the columns a, b and at"),
        ('{"id": 1}', "a,b,at\n1,2,then\n", "T, line 2"),
        ('{"id": 1}', "a,b,at,weight\n1,2,2026-01-01,nan\n", "weight is nan"),
        ('{"id": 1}', "a,b,at,kind\n1,2,2026-01-01,winked\n", "'winked'"),
        ("[" * 100_000, "", "P, line 1: not JSON"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_and_nothing_is_printed(
    capsys, files, people, ties, told
):
    history = ["--ties", files("T", ties)] if ties else []
    code, lines, err = run(capsys, "suggest", "--people", files("P", people), "--at", AT, *history)
    assert (code, lines) == (2, [])
    assert told in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("at", ["yesterday", ""])
def test_an_instant_that_is_none_is_refused(capsys, files, at):
    code, _, err = run(capsys, "suggest", "--people", files("P", PEOPLE), "--at", at)
    assert code == 2
    assert err.startswith("suggest: ")


def test_a_missing_file_is_one_clear_line(capsys):
    code, _, err = run(capsys, "suggest", "--people", "/nowhere/P", "--at", AT)
    assert code == 2
    assert "No such file" in err


def test_the_help_names_every_command():
    told = subprocess.run(
        [sys.executable, "-m", "matching", "--help"], capture_output=True, text=True, check=True
    )
    assert all(name in told.stdout for name in ("read", "vocabulary", "suggest", "answer"))
