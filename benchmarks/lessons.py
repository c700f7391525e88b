"""Lessons: from labelled phrases to the weights of the reader, without learning from itself.

A phrase that taught the turn would look too easy to the ranking, so each Belgian phrase is shown
to the ranking with a turn learned on the other folds and with its own alias hidden; the
probability is then fitted on lessons that a first ranking never saw. Every third phrase is shown
once more without any alias, because a new lieu has none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from benchmarks.labelled import Labelled
from matching import encoder, learned, training
from matching.evidence import Aliases, Evidence
from matching.learned import Learned
from matching.text import normalised
from matching.training import Lesson
from matching.vocabulary import Vocabulary

Floats = NDArray[np.float32]
Told = Callable[[str], None]

_FOLDS = 3
SPAN_WEIGHT = 3.0
_STARTER_WEIGHT = 1.0


@dataclass(frozen=True)
class Sources:
    """What there is to learn from.

    Attributes
    ----------
    vocabulary : Vocabulary
        The one that the phrases name.
    belgian : sequence of (French, Dutch)
    described : sequence of Labelled
    spans : sequence of Labelled
    starter : tuple of (Vocabulary, sequence of Labelled), optional
        Another vocabulary and phrases that name it.
    """

    vocabulary: Vocabulary
    belgian: Sequence[tuple[Labelled, Labelled]]
    described: Sequence[Labelled]
    spans: Sequence[Labelled] = ()
    starter: tuple[Vocabulary, Sequence[Labelled]] | None = None
    folds: int = field(default=_FOLDS)


def learn(sources: Sources, told: Told, *, random_state: int = 0) -> Learned:
    """Fit the three parts on all of `sources`."""
    weights, lessons = belgian_part(sources, told, random_state=random_state)
    told("the other lessons")
    lessons += other_lessons(sources, weights)
    told(f"the ranking, from {len(lessons)} lessons")
    return ranked(weights, lessons, np.random.default_rng(random_state))


def belgian_part(
    sources: Sources, told: Told, *, random_state: int = 0
) -> tuple[Learned, list[Lesson]]:
    """Return weights with the turn of all phrases, and the lessons of each fold."""
    random = np.random.default_rng(random_state)
    fold = random.integers(0, sources.folds, len(sources.belgian))
    lessons: list[Lesson] = []
    for k in range(sources.folds):
        told(f"fold {k + 1} of {sources.folds}")
        seen = [p for p, f in zip(sources.belgian, fold, strict=True) if f != k]
        held = [p for p, f in zip(sources.belgian, fold, strict=True) if f == k]
        lessons += belgian_lessons(sources, held, with_turn(sources, seen))
    told("the turn, from all phrases")
    return with_turn(sources, sources.belgian), lessons


def ranked(weights: Learned, lessons: list[Lesson], random: np.random.Generator) -> Learned:
    """Fit ranking and probability: the second on lessons that a first ranking never saw."""
    apart = random.random(len(lessons)) < 0.25
    seen = [x for x, a in zip(lessons, apart, strict=True) if not a]
    unseen = [x for x, a in zip(lessons, apart, strict=True) if a]
    first = _replaced(weights, training.ranking(seen))
    curve = _curve(first, unseen)
    return _replaced(weights, {**training.ranking(lessons), "chance": curve})


def with_turn(sources: Sources, pairs: Sequence[tuple[Labelled, Labelled]]) -> Learned:
    """Return weights whose turn was learned from `pairs` and the descriptions."""
    told = [phrase for pair in pairs for phrase in pair]
    phrases = [*told, *told, *sources.described]  # a phrase that a person wrote counts twice
    placed = sources.vocabulary.placed()
    left, right = training.turn(
        encoder.shared().vectors([p.text for p in phrases]),
        [_positions(sources.vocabulary, p) for p in phrases],
        placed.centroid(np.arange(len(sources.vocabulary))),
    )
    return untrained(left, right)


def untrained(left: Floats, right: Floats) -> Learned:
    """Return weights with this turn and a ranking that says nothing."""
    f = len(learned.FEATURES)
    zero = np.zeros(f, dtype=np.float32)
    return Learned(
        left=left, right=right, centre=zero, spread=zero + 1, hidden=np.zeros((f, 1), np.float32),
        hidden_bias=zero[:1], out=zero[:1], skip=zero, chance=zero[:5],
    )  # fmt: skip


def evidence(
    vocabulary: Vocabulary, weights: Learned, aliases: Sequence[Labelled] = ()
) -> Evidence:
    """Return what gathers evidence in `vocabulary` with these aliases."""
    pairs = [(a.text, vocabulary.position(c)) for a in aliases for c in sorted(a.concepts)]
    return Evidence(vocabulary, Aliases(pairs, weights), weights)


def lessons_of(
    gather: Evidence,
    vocabulary: Vocabulary,
    phrases: Sequence[Labelled],
    *,
    weight: float = 1.0,
    hidden: Sequence[str] | None = None,
) -> list[Lesson]:
    """Return one lesson for each phrase."""
    asked = gather.asked([(p.text, p.language) for p in phrases])
    found = gather.of(asked, without=hidden)
    return [
        Lesson(features, np.isin(where, _positions(vocabulary, p)), weight)
        for p, (where, features) in zip(phrases, found, strict=True)
    ]


def belgian_lessons(
    sources: Sources, held: Sequence[tuple[Labelled, Labelled]], weights: Learned
) -> list[Lesson]:
    """Return the lessons of one fold: French, half the Dutch, a third without aliases."""
    vocabulary = sources.vocabulary
    gather = evidence(vocabulary, weights, [fr for fr, _ in sources.belgian])
    bare = evidence(vocabulary, weights)
    french = [fr for fr, _ in held]
    half = held[::2]
    return [
        *lessons_of(gather, vocabulary, french, hidden=[normalised(p.text) for p in french]),
        *lessons_of(
            gather,
            vocabulary,
            [nl for _, nl in half],
            hidden=[normalised(fr.text) for fr, _ in half],
            weight=0.5,
        ),
        *lessons_of(bare, vocabulary, french[::3], weight=0.5),
    ]


def other_lessons(sources: Sources, weights: Learned) -> list[Lesson]:
    """Return the lessons of the job advertisements and of the starter."""
    vocabulary = sources.vocabulary
    aliases = [fr for fr, _ in sources.belgian]
    lessons: list[Lesson] = []
    for gather in (evidence(vocabulary, weights, aliases), evidence(vocabulary, weights)):
        lessons += lessons_of(gather, vocabulary, sources.spans, weight=SPAN_WEIGHT)
    if sources.starter:
        own, phrases = sources.starter
        lessons += lessons_of(evidence(own, weights), own, phrases, weight=_STARTER_WEIGHT)
    return lessons


def same_skill_curve(
    vocabulary: Vocabulary, weights: Learned, *, odds: float = 20.0, random_state: int = 0
) -> tuple[float, float]:
    """Return (middle, slope) of the share that two names with some cosine name one skill.

    Pairs of names of one concept, in any languages, against pairs of different concepts, `odds`
    of these for each of those; see `matching.meaning`.
    """
    random = np.random.default_rng(random_state)
    names = [
        [*concept.labels.values(), *(a for found in concept.alternatives.values() for a in found)]
        for concept in vocabulary
    ]
    drawn = [[own[i] for i in random.choice(len(own), 2, False)] for own in names * 4 if own[1:]]
    left, right = (
        weights.turned(encoder.shared().vectors([pair[side] for pair in drawn])) for side in (0, 1)
    )
    same = np.sum(left * right, axis=1)
    other = np.concatenate(
        [np.sum(left * right[random.permutation(len(right))], axis=1) for _ in range(5)]
    )
    cosines = np.concatenate([same, other])
    proofs = np.stack([np.ones_like(cosines), cosines], axis=1)
    right_ones = np.arange(len(cosines)) < len(same)
    weight = np.where(right_ones, 1.0, odds * len(same) / len(other)).astype(np.float32)
    start, slope = training.chance(proofs, right_ones, weight)
    return float(-start / slope), float(slope)


def _positions(vocabulary: Vocabulary, phrase: Labelled) -> NDArray[np.intp]:
    return np.array(sorted(vocabulary.position(c) for c in phrase.concepts), dtype=np.intp)


def _replaced(weights: Learned, values: dict[str, Floats]) -> Learned:
    return Learned(**{**{n: getattr(weights, n) for n in learned.NAMES}, **values})


def _curve(first: Learned, lessons: Sequence[Lesson]) -> Floats:
    """Fit the probability, each phrase once as it is and once without its answer."""
    rows: list[Floats] = []
    right: list[NDArray[np.bool_]] = []
    weights: list[Floats] = []
    for lesson in lessons:
        for kept in (np.ones(len(lesson.right), dtype=bool), ~lesson.right):
            features = lesson.features[kept]
            if len(features) < 2:
                continue
            scores = first.scores(features)
            rows.append(learned.proofs(scores, features))
            right.append(lesson.right[kept])
            weights.append(np.full(len(scores), 1.0 if kept.all() else 0.3, dtype=np.float32))
    return training.chance(np.concatenate(rows), np.concatenate(right), np.concatenate(weights))
