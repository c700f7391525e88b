"""Reading: from what a member typed to the concepts it may name, each with a probability.

Rules kept here: the member's own words are never lost (each answer carries the phrase it was
read from); what is negated or being learned is not an offer; words that name nothing known give
an empty list or low probabilities, never a forced answer; one phrase costs one encoding.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from matching import encoder
from matching import learned as weights
from matching.evidence import Aliases, Asked, Evidence, Floats, Positions
from matching.text import LANGUAGES, Phrase, guess_language, normalised, phrases, printable
from matching.vocabulary import Vocabulary

# An alias that a member confirmed, and an exact name, say what was meant. Not quite 1: a word can
# be confirmed by mistake, and a name can be a homonym.
_CONFIRMED: Final = 0.97
_NAMED: Final = 0.93
# A short text with separators is one skill ("plans et images d'un produit audiovisuel") as often
# as several, so it is read whole too; and the sides of an "and" count for less unless one is an
# exact name. On 107 such Belgian phrases the MRR is .36 whole, .32 if all parts count in full.
_ONE_SKILL: Final = 120
_JOINED: Final = 0.5
_MOST: Final = 40
# Below this a concept is noise. It is low because the order is useful even where the probability
# is small: who proposes concepts to a member takes a higher floor of their own.
_FLOOR: Final = 0.0005


@dataclass(frozen=True, slots=True)
class Heard:
    """A concept that a phrase may name.

    Attributes
    ----------
    concept_id : str
    label : str
        In the language of the phrase when the vocabulary has it.
    p : float
        Calibrated probability, 0 to 1, that the phrase names this concept.
    text : str
        The words that were read, as written.
    language : str or None
        Given or guessed; None when nothing tells.
    """

    concept_id: str
    label: str
    p: float
    text: str
    language: str | None


class Reader:
    """Reads phrases into one vocabulary, with the aliases that members confirmed.

    Parameters
    ----------
    vocabulary : Vocabulary
    aliases : iterable of (text, concept id)
        Confirmed readings. One whose concept is not in the vocabulary is left out.
    learned : Learned, optional
        Weights other than those the project ships.
    progress : callable, optional
        Told (done, total) while the vocabulary is placed for the first time.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        aliases: Iterable[tuple[str, str]] = (),
        *,
        learned: weights.Learned | None = None,
        progress: encoder.Progress | None = None,
    ) -> None:
        self._vocabulary, self._learned = vocabulary, learned or weights.shared()
        known = [(t, vocabulary.position(c)) for t, c in aliases if c in vocabulary]
        self._aliases = Aliases(known, self._learned)
        self._evidence = Evidence(vocabulary, self._aliases, self._learned, progress)

    def read(
        self, text: str, language: str | None = None, top: int = 10, *, wanted: bool = False
    ) -> list[Heard]:
        """Return the concepts that `text` offers, most probable first; see `read_many`."""
        return self.read_many([(text, language)], top, wanted=wanted)[0]

    def read_many(
        self,
        items: Sequence[tuple[str, str | None]],
        top: int = 10,
        *,
        wanted: bool = False,
    ) -> list[list[Heard]]:
        """Read several texts with one pass of the encoder.

        Parameters
        ----------
        items : sequence of (text, language or None)
            An unknown language code counts as None: the language is then guessed.
        top : int
            At most so many concepts for each text.
        wanted : bool
            True for needs: "I want to learn Dutch" then names Dutch. Negated phrases are left
            out all the same.

        Returns
        -------
        list of list of Heard
            One list for each item, by falling probability; empty when nothing is offered.
        """
        asked = [
            (i, *query)
            for i, (text, language) in enumerate(items)
            for query in self._queries(text, language, wanted=wanted)
        ]
        placed = self._evidence.asked([(text, language) for _, text, language, _ in asked])
        best: list[dict[str, Heard]] = [{} for _ in items]
        for (i, _, _, share), one, (where, features) in zip(
            asked, placed, self._evidence.of(placed), strict=True
        ):
            for heard in self._heard(one, where, features, top, share):
                known = best[i].get(heard.concept_id)
                if known is None or known.p < heard.p:
                    best[i][heard.concept_id] = heard
        return [sorted(b.values(), key=lambda h: (-h.p, h.concept_id))[:top] for b in best]

    def _queries(
        self, text: str, language: str | None, *, wanted: bool
    ) -> list[tuple[str, str | None, float]]:
        """Return what to read: words, language, and how far its probabilities count."""
        whole = printable(text)[:300]
        known = language if language in LANGUAGES else None
        if self._exact(whole):
            return [(whole, known or self._spoken(whole), 1.0)]
        heard = [p for p in phrases(text) if _counts(p, wanted=wanted)]
        named = [(p.text, _JOINED if p.joined else 1.0) for p in heard]
        if len(named) > 1 and len(named) == len(phrases(text)) and len(whole) <= _ONE_SKILL:
            named.insert(0, (whole, 1.0))
        whole_language = guess_language(whole)
        return [(t, known or guess_language(t) or whole_language, s) for t, s in named[:_MOST]]

    def _spoken(self, name: str) -> str | None:
        """Return the language of an exact name: as guessed, if it bears the name there."""
        guessed, plain = guess_language(name), normalised(name)
        spoken = [
            lang
            for concept in map(self._vocabulary.__getitem__, self._vocabulary.named(name))
            for lang, names in concept.names().items()
            if plain in map(normalised, names)
        ]
        return guessed if guessed in spoken or not spoken else spoken[0]

    def _exact(self, text: str) -> bool:
        return normalised(text) in self._aliases.of or bool(self._vocabulary.named(text))

    def _sure(self, text: str, where: Positions) -> Floats:
        """Return how sure an exact alias or name makes each candidate; shared by namesakes."""
        sure = np.zeros(len(where), dtype=np.float32)
        confirmed = list(self._aliases.of.get(normalised(text), ()))
        named = [self._vocabulary.position(c) for c in self._vocabulary.named(text)]
        for positions, share in ((named, _NAMED), (confirmed, _CONFIRMED)):
            if positions:
                sure[np.isin(where, positions)] = share / len(positions) ** 0.5
        return sure

    def _heard(
        self, one: Asked, where: Positions, features: Floats, top: int, share: float
    ) -> list[Heard]:
        if not len(where):
            return []
        scores = self._learned.scores(features)
        chances = share * self._learned.chances(scores, features)
        chances = np.maximum(chances, self._sure(one.text, where))
        order = np.lexsort((where, -chances))[:top]
        concepts = [self._vocabulary.at(int(where[i])) for i in order]
        return [
            Heard(c.id, c.label(one.language), float(p), one.text, one.language)
            for c, p in zip(concepts, chances[order], strict=True)
            if p >= _FLOOR
        ]


def _counts(phrase: Phrase, *, wanted: bool) -> bool:
    return phrase.stance == "offers" or (wanted and phrase.stance == "learning")
