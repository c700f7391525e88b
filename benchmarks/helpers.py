"""Helpers: who will answer this question, replayed on a question-and-answer community.

Questions come in the order they were asked. Everything up to three fifths of them is the record;
for each later question the methods name five people out of those with three answers or more in
the record, knowing every answer given before it. Who then answered is the truth. *Recall* is the
share of those named; *never shown* the share of candidates named for no question.

"list of skills" gives each helper the questions of the record as skills and never learns more: it
is what the command `answer` does on an export.
"""

from __future__ import annotations

import gzip
import html
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from benchmarks.report import Bar, Report
from matching import Community, Person, Skill
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
        "popularity": _popularity(case),
        "char TF-IDF": _letters(case),
        "list of skills": _skills(case),
        "ours": _ours(case),
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
    for name in ("popularity", "char TF-IDF"):
        gain = paired(recalls["ours"], recalls[name], difference)
        figures[f"ours minus {name}, recall@5"] = str(gain)
    bars = {
        "recall@5": Bar(float(np.mean(recalls["ours"])), ">= 0.42"),
        "never shown": Bar(never["ours"], "<= 0.50"),
    }
    return figures, bars


def _without(question: Question, ranked: list[str]) -> list[str]:
    return [who for who in ranked if who != question.asker]


def _popularity(case: Case) -> Method:
    """Name whoever answered most, counting every answer before the question."""
    answers = case.answers(record_only=False)

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


def _skills(case: Case) -> Method:
    texts: dict[str, list[Skill]] = defaultdict(list)
    for row in case.answers(record_only=True):
        texts[str(row.helper)].append(Skill(row.question))
    community = Community([Person(who, tuple(texts[who])) for who in case.candidates])

    def named(question: Question) -> list[str]:
        exclude = [question.asker] if question.asker else []
        found = community.helpers(question.text, top=TOP, exclude=exclude)
        return [str(helper.id) for helper in found]

    return named


def _ours(case: Case) -> Method:
    known = Experience(case.answers(record_only=False))

    def named(question: Question) -> list[str]:
        exclude = [question.asker] if question.asker else []
        return [str(id) for id in known.helpers(question.text, question.at, exclude=exclude)]

    return named
