"""Labelled: public phrases whose concept is known, read in place and never copied.

Four sources: Belgian competence phrases in French and Dutch with their ESCO concepts, spans of
English job advertisements with theirs, ESCO's own alternatives and descriptions, and the starter
vocabulary with one of its own alternatives held back. The Dutch labels of the ESCO tables come
from the Belgian phrases themselves, so only the table without Dutch is used.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from matching.sources import Concept
from matching.text import LANGUAGES, normalised
from matching.vocabulary import Vocabulary

POOL: Final = "esco/esco_skills_en_fr_POOL.parquet"
BELGIAN: Final = "esco/vdab_competent_to_esco.csv.gz"
SPANS: Final = {
    "tech": "esco/skillspan_tech_validation.csv",
    "general": "esco/skillspan_house_validation.csv",
}
_UNLABELLED: Final = {"LABEL NOT PRESENT", "UNDERSPECIFIED"}


@dataclass(frozen=True, slots=True)
class Labelled:
    """A phrase, its language, and every concept that it is known to name."""

    text: str
    language: str
    concepts: frozenset[str]


def pool(data: Path) -> Vocabulary:
    """Return ESCO in English and French."""
    return Vocabulary.load(data / POOL)


def belgian(data: Path, vocabulary: Vocabulary) -> list[tuple[Labelled, Labelled]]:
    """Return each Belgian phrase in French and in Dutch, sorted by its French."""
    rows: dict[str, tuple[str, set[str]]] = {}
    with gzip.open(data / BELGIAN, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["esco"] in vocabulary:
                rows.setdefault(row["fr"], (row["nl"], set()))[1].add(row["esco"])
    return [
        (Labelled(fr, "fr", frozenset(found)), Labelled(nl, "nl", frozenset(found)))
        for fr, (nl, found) in sorted(rows.items())
    ]


def spans(data: Path, kind: str, vocabulary: Vocabulary) -> list[Labelled]:
    """Return the labelled spans of job advertisements, ``tech`` or ``general``.

    The advertisements carry labels of several releases of ESCO. A label is looked up as it is,
    then without its bracket ("Java (computer programming)"), then at the start of a description
    (where the table cut a label short); what is still unknown is left out.
    """
    texts: dict[str, set[str]] = {}
    starts = {normalised(c.about.get("en", ""))[:80]: c.id for c in vocabulary if c.about}
    with (data / SPANS[kind]).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            concept = _resolved(row["label"], vocabulary, starts)
            if concept:
                texts.setdefault(row["sub_span"] or row["span"], set()).add(concept)
    return [Labelled(text, "en", frozenset(found)) for text, found in sorted(texts.items())]


def _resolved(label: str, vocabulary: Vocabulary, starts: dict[str, str]) -> str | None:
    if label in _UNLABELLED:
        return None
    for spelled in (label, re.sub(r"\(.*?\)", "", label)):
        if named := vocabulary.named(spelled):
            return named[0]
    plain = normalised(label)
    found = [concept for start, concept in starts.items() if f" {plain} " in f" {start} "]
    return found[0] if len(found) == 1 else None


def described(
    vocabulary: Vocabulary, *, most: int = 10_000, each: int = 2, random_state: int = 0
) -> list[Labelled]:
    """Return pieces of the concepts' own alternatives and descriptions, as phrases.

    The table runs the English alternatives together before the description, so pieces of two to
    six words stand for them; the first sentence that starts with a capital is the description.
    """
    random = np.random.default_rng(random_state)
    found: list[Labelled] = []
    for concept in vocabulary:
        own = frozenset({concept.id})
        pieces = list(_pieces(concept.about.get("en", ""), random, each))
        found += [Labelled(text, "en", own) for text in pieces]
        for lang in LANGUAGES:
            others = concept.alternatives.get(lang, ())[: 2 * each]
            found += [Labelled(text, lang, own) for text in others]
    return [found[i] for i in sorted(random.permutation(len(found))[:most])]


def _pieces(about: str, random: np.random.Generator, each: int) -> Iterator[str]:
    sentence = re.search(r"(?<=[a-z)] )[A-Z][a-z]+ (?:[a-z]+ ){2}[^.]*", about)
    if sentence:
        yield sentence.group()[:150]
    tokens = about[: sentence.start() if sentence else None].split()
    for _ in range(min(each, len(tokens) // 4)):
        start = int(random.integers(0, len(tokens) - 2))
        yield " ".join(tokens[start : start + int(random.integers(2, 7))])


def held_back(
    vocabulary: Vocabulary, *, random_state: int = 0
) -> tuple[Vocabulary, list[Labelled]]:
    """Return the vocabulary without one alternative of each concept and language, and those.

    An alternative that also names another concept is not a fair question and stays.
    """
    random = np.random.default_rng(random_state)
    left: list[Concept] = []
    asked: list[Labelled] = []
    for concept in vocabulary:
        kept = dict(concept.alternatives)
        for lang, labels in concept.alternatives.items():
            pick = int(random.integers(0, len(labels)))
            if vocabulary.named(labels[pick]) == (concept.id,):
                kept[lang] = tuple(a for i, a in enumerate(labels) if i != pick)
                asked.append(Labelled(labels[pick], lang, frozenset({concept.id})))
        left.append(replace(concept, alternatives=kept))
    return Vocabulary(left), asked
