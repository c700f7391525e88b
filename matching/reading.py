"""Reading: from what a member typed to the concepts it may name, each with a probability.

Rules kept here: the member's own words are never lost (each answer carries the phrase it was
read from); what is negated or being learned is not an offer; words that name nothing known give
an empty list or low probabilities, never a forced answer; one phrase costs one encoding.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from matching import encoder, lexical
from matching.text import LANGUAGES, Phrase, guess_language, normalised, phrases, printable

if TYPE_CHECKING:
    from matching.index import Index
    from matching.vocabulary import Vocabulary

_FLOOR: Final = 0.01


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
    progress : callable, optional
        Told (done, total) while the vocabulary is placed for the first time.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        aliases: Iterable[tuple[str, str]] = (),
        *,
        progress: encoder.Progress | None = None,
    ) -> None:
        self._vocabulary = vocabulary
        self._index: Index = vocabulary.placed(progress)
        self._aliases: dict[str, dict[str, None]] = {}
        for text, concept_id in aliases:
            if concept_id in vocabulary:
                self._aliases.setdefault(normalised(text), {})[concept_id] = None

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
            (i, phrase, lang)
            for i, item in enumerate(items)
            for phrase, lang in self._queries(*item, wanted=wanted)
        ]
        vectors = encoder.shared().vectors([phrase for _, phrase, _ in asked])
        best: list[dict[str, Heard]] = [{} for _ in items]
        for (i, phrase, lang), vector in zip(asked, vectors, strict=True):
            for heard in self._heard(phrase, lang, vector, top):
                known = best[i].get(heard.concept_id)
                if known is None or known.p < heard.p:
                    best[i][heard.concept_id] = heard
        return [sorted(b.values(), key=lambda h: (-h.p, h.concept_id))[:top] for b in best]

    def _queries(
        self, text: str, language: str | None, *, wanted: bool
    ) -> list[tuple[str, str | None]]:
        whole = printable(text)[:300]
        known = language if language in LANGUAGES else None
        if self._exact(whole):
            return [(whole, known or guess_language(whole))]
        heard = [p for p in phrases(text) if _counts(p, wanted=wanted)]
        named = [p.text for p in heard]
        if len(named) > 1 and len(named) == len(phrases(text)) and len(whole) <= 120:
            named.insert(0, whole)
        return [(t, known or guess_language(t) or guess_language(whole)) for t in named[:40]]

    def _exact(self, text: str) -> tuple[str, ...]:
        own = self._aliases.get(normalised(text), {})
        return tuple(dict.fromkeys((*own, *self._vocabulary.named(text))))

    def _heard(
        self, phrase: str, language: str | None, vector: NDArray[np.float32], top: int
    ) -> list[Heard]:

        scores = self._scores(phrase, language, vector)
        order = np.argsort(-scores, kind="stable")[:top]
        chances = 1 / (1 + np.exp(-(scores[order] * 6 - 6)))
        concepts = [self._vocabulary.at(int(i)) for i in order]
        return [
            Heard(c.id, c.label(language), float(p), phrase, language)
            for c, p in zip(concepts, chances, strict=True)
            if p >= _FLOOR
        ]

    def _scores(
        self, phrase: str, language: str | None, vector: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        held = self._index
        spoken = (language,) if language else LANGUAGES
        chars = held.chars.placed(lexical.char_counts([phrase]))
        stems = held.words.placed(lexical.word_counts([phrase], [spoken]))
        scores: NDArray[np.float32] = (
            held.best_rows(held.cosines(vector[None])[0])
            + 0.4 * held.best_rows(held.chars.cosines(chars))
            + 0.3 * held.best_rows(held.words.cosines(stems))
        )
        for concept_id in self._exact(phrase):
            scores[self._vocabulary.position(concept_id)] += 1.0
        return scores


def _counts(phrase: Phrase, *, wanted: bool) -> bool:
    return phrase.stance == "offers" or (wanted and phrase.stance == "learning")
