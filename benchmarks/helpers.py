"""Helpers: who will answer this question, replayed on a question-and-answer community.

Questions come in the order they were asked. Everything up to three fifths of them is the record;
for each later question the methods name five people out of those with three answers or more in
the record, knowing every answer given before it. Who then answered is the truth. *Recall* is the
share of those named; *never shown* the share of candidates named for no question.

"the command" runs ``python -m matching answer`` over files: each helper with the questions of the
record as skills, all later questions as one batch of needs, and nothing learned from answers that
come after the record. "Experience" is told each answer as it comes.
"""

from __future__ import annotations

import gzip
import html
import io
import json
import re
from collections import defaultdict
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from xml.etree import ElementTree

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from benchmarks.report import Bar, Report
from matching.__main__ import main as matching_command
from matching.evaluation import difference, paired
from matching.experience import Experience, Helped, recall

TOP: Final = 5
RECORD: Final = 0.6
ENOUGH: Final = 3


@dataclass(frozen=True)
class Question:
    """A question, when it came, who asked it, and who answered when."""

    id: str
    text: str
    at: datetime
    asker: str | None
    answers: tuple[tuple[str, datetime], ...]


@dataclass(frozen=True)
class Case:
    """The record, the candidates, and the questions that are to be answered."""

    questions: list[Question]
    record: int
    candidates: list[str]

    def tested(self) -> list[tuple[Question, set[str]]]:
        """Return each later question with the candidates who answered it, if any did."""
        rows = [
            (q, {who for who, _ in q.answers if who != q.asker}.intersection(self.candidates))
            for q in self.questions[self.record :]
        ]
        return [(q, helped) for q, helped in rows if helped]

    def answers(self, *, record_only: bool) -> list[Helped]:
        """Return all answers, or those given before the first tested question."""
        end = self.questions[self.record].at
        return [
            Helped(who, q.text, at)
            for q in self.questions
            for who, at in q.answers
            if who in set(self.candidates) and (at < end or not record_only)
        ]


Method = Callable[[Question], list[str]]


def measure(data: Path | None, *, quick: bool) -> Report:
    """Replay all methods; under a minute."""
    if data is None:
        raise FileNotFoundError("this benchmark needs --data DIR with needs/*_Posts.xml.gz")
    files = sorted((data / "needs").glob("*_Posts.xml.gz"))
    if not files:
        raise FileNotFoundError(f"no needs/*_Posts.xml.gz in {data}")
    figures: dict[str, Any] = {}
    bars: dict[str, Bar] = {}
    for path in files[:1] if quick else files:
        name = path.name.removesuffix("_Posts.xml.gz")
        found, told = _compared(_case(_questions(path)), quick=quick)
        figures |= {f"{name}: {what}": value for what, value in found.items()}
        bars |= {f"{name}: {what}": bar for what, bar in told.items()}
    return Report(figures, bars)


def _questions(path: Path) -> list[Question]:
    asked: dict[str, dict[str, str]] = {}
    answers: dict[str, list[tuple[str, datetime]]] = defaultdict(list)
    with gzip.open(path, "rt", encoding="utf-8-sig") as file:
        for _, row in ElementTree.iterparse(file):
            if row.get("PostTypeId") == "1":
                asked[row.attrib["Id"]] = dict(row.attrib)
            elif row.get("PostTypeId") == "2" and row.get("OwnerUserId"):
                at = _when(row.attrib["CreationDate"])
                answers[row.attrib["ParentId"]].append((row.attrib["OwnerUserId"], at))
            row.clear()
    found = [
        Question(id, _text(q), _when(q["CreationDate"]), q.get("OwnerUserId"), tuple(answers[id]))
        for id, q in asked.items()
    ]
    return sorted(found, key=lambda q: (q.at, q.id))


def _when(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _text(row: dict[str, str]) -> str:
    """Title and tags twice: they say what a question is about, its body how it came up."""
    tags = " ".join(re.findall(r"[^<>|]+", row.get("Tags", "")))
    body = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", row.get("Body", ""))).split())
    return f"{row.get('Title', '')} {tags} {row.get('Title', '')} {tags} {body}"


def _case(questions: list[Question]) -> Case:
    record = int(len(questions) * RECORD)
    end = questions[record].at
    counts: dict[str, int] = defaultdict(int)
    for question in questions[:record]:
        for who, at in question.answers:
            counts[who] += at < end
    return Case(questions, record, sorted(w for w, n in counts.items() if n >= ENOUGH))


def _compared(case: Case, *, quick: bool) -> tuple[dict[str, Any], dict[str, Bar]]:
    methods: dict[str, Method] = {
        "popularity": _popularity(case, record_only=False),
        "popularity in the record": _popularity(case, record_only=True),
        "char TF-IDF": _letters(case),
        "the command": _command(case),
        "Experience": _experience(case),
    }
    tested = case.tested()[: 40 if quick else None]
    recalls: dict[str, list[float]] = {}
    figures: dict[str, Any] = {"questions": len(tested), "candidates": len(case.candidates)}
    never: dict[str, float] = {}
    for name, method in methods.items():
        named = [method(question)[:TOP] for question, _ in tested]
        recalls[name] = [recall(n, helped) for n, (_, helped) in zip(named, tested, strict=True)]
        never[name] = 1 - len({who for n in named for who in n}) / len(case.candidates)
        first = [
            next((1 / (k + 1) for k, who in enumerate(n) if who in helped), 0.0)
            for n, (_, helped) in zip(named, tested, strict=True)
        ]
        figures[name] = {
            "recall@5": round(float(np.mean(recalls[name])), 4),
            "MRR@5": round(float(np.mean(first)), 4),
            "never shown": round(never[name], 4),
        }
    for ours, theirs in (
        ("the command", "popularity in the record"),
        ("the command", "char TF-IDF"),
        ("Experience", "popularity"),
    ):
        gain = paired(recalls[ours], recalls[theirs], difference)
        figures[f"{ours} minus {theirs}, recall@5"] = str(gain)
    bars = {}
    for ours in ("the command", "Experience"):
        bars[f"{ours}, recall@5"] = Bar(float(np.mean(recalls[ours])), ">= 0.42")
        bars[f"{ours}, never shown"] = Bar(never[ours], "<= 0.50")
    return figures, bars


def _without(question: Question, ranked: list[str]) -> list[str]:
    return [who for who in ranked if who != question.asker]


def _popularity(case: Case, *, record_only: bool) -> Method:
    """Name whoever answered most, in the record or before the question."""
    answers = case.answers(record_only=record_only)

    def named(question: Question) -> list[str]:
        counts = dict.fromkeys(case.candidates, 0)
        for row in answers:
            counts[str(row.helper)] += row.at < question.at
        return _without(question, sorted(counts, key=lambda who: -counts[who]))

    return named


def _letters(case: Case) -> Method:
    """Name whose questions of the record, taken together, look most like this one."""
    texts: dict[str, list[str]] = defaultdict(list)
    for row in case.answers(record_only=True):
        texts[str(row.helper)].append(row.question)
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    rows = vectorizer.fit_transform([" ".join(texts[who]) for who in case.candidates])

    def named(question: Question) -> list[str]:
        near = (rows @ vectorizer.transform([question.text]).T).toarray().ravel()
        return _without(question, [case.candidates[k] for k in np.argsort(-near, kind="stable")])

    return named


def _command(case: Case) -> Method:
    texts: dict[str, dict[str, None]] = defaultdict(dict)
    for row in case.answers(record_only=True):
        texts[str(row.helper)][row.question] = None
    helpers = [{"id": who, "skills": list(texts[who])} for who in case.candidates]
    needs = [{"id": question.id, "text": question.text} for question, _ in case.tested()]
    answered = {row["need"]: [one["id"] for one in row["helpers"]] for row in _run(helpers, needs)}

    def named(question: Question) -> list[str]:
        return _without(question, answered[question.id])

    return named


def _run(helpers: list[dict[str, Any]], needs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what the command prints on these files."""
    with TemporaryDirectory() as folder, redirect_stdout(io.StringIO()) as printed:
        files = {}
        for name, rows in (("helpers", helpers), ("needs", needs)):
            files[name] = Path(folder) / f"{name}.jsonl"
            files[name].write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        arguments = ["--helpers", str(files["helpers"]), "--needs", str(files["needs"])]
        if matching_command(["answer", *arguments]):
            raise RuntimeError("the command refused the files")
    return [json.loads(line) for line in printed.getvalue().splitlines()]


def _experience(case: Case) -> Method:
    known = Experience(case.answers(record_only=False))

    def named(question: Question) -> list[str]:
        exclude = [question.asker] if question.asker else []
        return [str(id) for id in known.helpers(question.text, question.at, exclude=exclude)]

    return named
