"""Whatever a file holds, a command answers sensibly or names what is wrong: no crash, no hang."""

from __future__ import annotations

import io
import json
import sys
from types import SimpleNamespace

import pytest

from matching.__main__ import main

AT = "2026-05-04T09:00:00+02:00"
STRANGE = ["", " ", "\0", "🙈🎸", "שלום עולם", "e\u0301", "x" * 10_000, "tax " * 2_500, "a\u202eb"]


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    def command(*arguments, stdin="", **files):
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
            arguments = (*arguments, f"--{name}", str(tmp_path / name))
        stream = SimpleNamespace(buffer=io.BytesIO(stdin.encode("utf-8", "surrogatepass")))
        monkeypatch.setattr(sys, "stdin", stream)
        code = main(list(arguments))
        out, err = capsys.readouterr()
        return code, [json.loads(line) for line in out.splitlines()], err

    return command


@pytest.mark.parametrize("policy", ["engine", "memory", "random"])
@pytest.mark.parametrize(
    ("people", "left"),
    [
        ("", {}),
        (lines({"id": 1}), {1: "alone"}),
        (lines({"id": 1, "blocked": [2]}, {"id": 2}), {1: "nobody_new", 2: "nobody_new"}),
        (lines({"id": 1, "paused": True}, {"id": 2}), {1: "paused", 2: "alone"}),
        (lines({"id": 1, "cap": 0}, {"id": 2, "until": AT}), {1: "cap", 2: "gone"}),
        (lines({"id": 1, "present": False}, {"id": 2, "present": False}), {}),
    ],
    ids=["nobody", "one", "blocked", "paused", "capped and gone", "all away"],
)
def test_a_round_without_a_pair_says_why(run, policy, people, left):
    code, (last,), _ = run("suggest", "--at", AT, "--policy", policy, people=people)
    assert code == 0
    assert {row["id"]: row["why"] for row in last["left_out"]} == left
    assert (last["weight"], last["bound"]) == (0, 0)


def test_nobody_with_a_need_still_meets_somebody(run):
    people = lines({"id": 1, "skills": ["tax"]}, {"id": 2, "skills": ["yoga"]})
    _, (pair, _), _ = run("suggest", "--at", AT, people=people)
    assert pair["members"] == [1, 2]
    assert pair["reasons"][0]["code"] == "wild_card"


@pytest.mark.parametrize("text", STRANGE)
def test_any_text_may_be_said(run, text):
    people = lines({"id": 1, "skills": [text, "tax"]}, {"id": 2, "needs": [text]})
    code, (pair, last), _ = run("suggest", "--at", AT, people=people)
    assert (code, pair["members"], last["left_out"]) == (0, [1, 2], [])
    code, (row,), _ = run("answer", helpers=people, needs=lines({"id": "n", "text": text}))
    assert code == 0
    assert {h["id"] for h in row["helpers"]} <= {1}
    code, (row,), _ = run("read", stdin=lines({"id": "n", "text": text}))
    assert code == 0
    assert all(0 <= c["p"] <= 1 for c in row["concepts"])


@pytest.mark.parametrize("helpers", ["", lines({"id": 1}), lines({"id": 1, "skills": ["tax"]})])
@pytest.mark.parametrize("needs", ["", lines({"id": "n", "text": "yoga"}, {"id": 2, "needs": []})])
def test_nobody_to_ask_and_nothing_to_ask_are_answers(run, helpers, needs):
    code, rows, _ = run("answer", helpers=helpers, needs=needs)
    assert code == 0
    assert all(row["helpers"] == [] for row in rows)


def test_ties_to_who_has_left_and_of_the_future_say_nothing(run):
    ties = "a,b,at,kind\n1,99,2026-01-01,met\n1,2,2999-01-01,met\n"
    people = lines({"id": 1}, {"id": 2})
    code, (pair, _), _ = run("suggest", "--at", AT, people=people, ties=ties)
    assert (code, pair["members"]) == (0, [1, 2])


@pytest.mark.parametrize(
    ("people", "told"),
    [
        (lines({"id": "x"}, {"id": "x"}), "'x'"),
        ('{"id": 7, "skills": [{"text": "a", "level": NaN}]}', "person 7"),
        ('{"id": 7, "needs": [{"text": "a", "urgency": Infinity}]}', "person 7"),
        ('{"id": 7, "received": -1}', "person 7"),
    ],
)
def test_what_cannot_be_used_is_named_by_its_id(run, people, told):
    code, rows, err = run("suggest", "--at", AT, people=people)
    assert (code, rows) == (2, [])
    assert told in err
