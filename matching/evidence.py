"""Evidence: what speaks for each concept when a phrase is read.

Candidates are the union of what the encoder, the letters, the stems and the aliases propose;
each then gets one row of `matching.learned.FEATURES`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching import encoder, lexical
from matching.index import ABOUT
from matching.learned import FEATURES, Learned
from matching.text import LANGUAGES, normalised, words
from matching.vocabulary import Vocabulary

Floats = NDArray[np.float32]
Positions = NDArray[np.intp]

_TOP: Final = 80
_TOP_EACH: Final = 12
_VOTERS: Final = 24
_VOTE_SHARPNESS: Final = 14.0
_BATCH: Final = 64


@dataclass(frozen=True)
class Asked:
    """A phrase to read: its words, its language if known, its vector, its turned vector."""

    text: str
    language: str | None
    vector: Floats
    turned: Floats


class Aliases:
    """Confirmed readings, placed like the rows of a vocabulary.

    Parameters
    ----------
    pairs : iterable of (text, position of the concept)
    """

    def __init__(self, pairs: Iterable[tuple[str, int]], learned: Learned) -> None:
        self.of: dict[str, dict[int, None]] = {}
        for text, position in pairs:
            if plain := normalised(text):
                self.of.setdefault(plain, {})[position] = None
        self.texts = list(self.of)
        self.vectors = encoder.shared().vectors(self.texts)
        self.turned = learned.turned(self.vectors)
        self.letters = lexical.postings(lexical.char_counts(self.texts)) if self.of else None
        links = [(i, c) for i, text in enumerate(self.texts) for c in self.of[text]]
        self.link_text = np.array([i for i, _ in links], dtype=np.intp)
        self.link_concept = np.array([c for _, c in links], dtype=np.intp)

    def __len__(self) -> int:
        return len(self.texts)


class Evidence:
    """Gathers the candidates of a phrase and their features.

    Parameters
    ----------
    vocabulary : Vocabulary
    aliases : Aliases
    learned : Learned
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        aliases: Aliases,
        learned: Learned,
        progress: encoder.Progress | None = None,
    ) -> None:
        index = vocabulary.placed(progress)
        self._index, self._vocabulary = index, vocabulary
        self._aliases, self._learned = aliases, learned
        self._named = index.kind != ABOUT
        self._own: dict[str, NDArray[np.bool_]] = {
            lang: self._named & (index.language == i) for i, lang in enumerate(LANGUAGES)
        }

    def asked(self, phrases: Sequence[tuple[str, str | None]]) -> list[Asked]:
        """Encode phrases: one pass for all."""
        vectors = encoder.shared().vectors([text for text, _ in phrases])
        turned = self._learned.turned(vectors)
        return [
            Asked(text, lang, v, t)
            for (text, lang), v, t in zip(phrases, vectors, turned, strict=True)
        ]

    def of(
        self, asked: Sequence[Asked], *, without: Sequence[str | None] | None = None
    ) -> list[tuple[Positions, Floats]]:
        """Return for each phrase the positions of its candidates and their features.

        Parameters
        ----------
        asked : sequence of Asked
        without : sequence of str, optional
            For each phrase, an alias (plain text) to leave out: its own, when learning.

        Returns
        -------
        list of (ndarray of shape (k,), ndarray of shape (k, len(FEATURES)))
        """
        hidden = without or [None] * len(asked)
        with encoder.one_thread():
            return self._gathered(asked, hidden)

    def _gathered(
        self, asked: Sequence[Asked], hidden: Sequence[str | None]
    ) -> list[tuple[Positions, Floats]]:
        found = []
        for start in range(0, len(asked), _BATCH):
            batch = asked[start : start + _BATCH]
            raw = self._cosines(np.stack([a.vector for a in batch]))
            turned = self._cosines(np.stack([a.turned for a in batch]))
            for i, one in enumerate(batch):
                dense = self._dense(one, [r[i] for r in raw], [t[i] for t in turned])
                dense |= self._alias_signals(one, hidden[start + i])
                found.append(self._candidates(one, dense))
        return found

    def _cosines(self, vectors: Floats) -> tuple[Floats, Floats]:
        return self._index.cosines(vectors), self._index.centroid_cosines(vectors)

    def _dense(self, one: Asked, raw: list[Floats], turned: list[Floats]) -> dict[str, Floats]:
        held = self._index
        own = self._own.get(one.language or "", self._named)
        other = self._named & ~own if one.language in self._own else self._named
        about = ~self._named
        spoken = (one.language,) if one.language in self._own else LANGUAGES
        letters = held.chars.cosines(held.chars.placed(lexical.char_counts([one.text])))
        query = held.words.placed(lexical.word_counts([one.text], [spoken]))
        stems = held.words.cosines(query)
        length = held.words.length(query)
        covered = stems * held.words.lengths / max(length, 1e-6)
        covering = stems * length / np.maximum(held.words.lengths, 1e-6)
        name = held.best(turned[0], self._named)
        return {
            "raw centroid": raw[1],
            "centroid": turned[1],
            "raw name": held.best(raw[0], self._named),
            "name": name,
            "own name": held.best(turned[0], own, name),
            "other name": held.best(turned[0], other, name),
            "about": held.best(turned[0], about, turned[1]),
            "letters": held.best(letters, self._named),
            "own letters": held.best(letters, own),
            "stems": held.best(stems, self._named),
            "own stems": held.best(stems, own),
            "stems covered": held.best(covered, self._named),
            "name covered": held.best(covering, self._named),
            "about covered": held.best(covered, about),
        }

    def _alias_signals(self, one: Asked, hidden: str | None) -> dict[str, Floats]:
        known, n = self._aliases, len(self._index.starts)
        zero = np.zeros(n, dtype=np.float32)
        plain = normalised(one.text)
        exact = zero.copy()
        exact[[self._vocabulary.position(c) for c in self._vocabulary.named(one.text)]] = 1
        found = dict.fromkeys(("alias", "raw alias", "alias letters", "alias vote"), zero)
        found |= {"alias nearby": zero, "alias count": zero}
        found |= {"exact name": exact, "has aliases": zero + (len(known) > 0)}
        if known.letters is None:
            return found
        turned, raw = known.turned @ one.turned, known.vectors @ one.vector
        letters = known.letters.cosines(known.letters.placed(lexical.char_counts([plain])))
        link = known.link_text
        kept = np.ones(len(link), dtype=bool)
        if hidden is not None and hidden in known.of:
            kept = link != known.texts.index(hidden)
        link, concept = link[kept], known.link_concept[kept]
        for signal, values in (("alias", turned), ("raw alias", raw), ("alias letters", letters)):
            found[signal] = zero.copy()
            np.maximum.at(found[signal], concept, values[link])
        votes, nearby = self._votes((turned + 0.5 * letters)[link], concept)
        counts = np.bincount(concept, minlength=n)
        found |= {"alias vote": votes, "alias nearby": nearby}
        found["alias count"] = np.log1p(counts).astype(np.float32)
        return found

    def _votes(self, near: Floats, concept: Positions) -> tuple[Floats, Floats]:
        """Return the share of votes of each concept, and the votes for near concepts."""
        n = len(self._index.starts)
        top = np.argsort(-near, kind="stable")[:_VOTERS]
        weight = np.exp(_VOTE_SHARPNESS * (near[top] - 1))
        votes = np.bincount(concept[top], weights=weight, minlength=n).astype(np.float32)
        share = weight / max(float(weight.sum()), 1e-9)
        pulled = share @ self._index.centroid(concept[top])
        return votes, self._index.centroid_cosines(pulled[None].astype(np.float32))[0]

    def _candidates(self, one: Asked, dense: dict[str, Floats]) -> tuple[Positions, Floats]:
        mix = (
            dense["centroid"]
            + 0.5 * dense["name"]
            + 0.4 * dense["letters"]
            + 0.3 * dense["stems"]
            + 0.3 * dense["about covered"]
            + 0.5 * dense["alias"]
            + 2.0 * dense["exact name"]
        )
        chosen = [_top(mix, _TOP)]
        for signal in ("raw name", "name", "letters", "stems", "about covered", "alias vote"):
            chosen.append(_top(dense[signal], _TOP_EACH))
        where = np.unique(np.concatenate(chosen))
        at = {signal: values[where] for signal, values in dense.items()}
        for signal in ("centroid", "name", "letters", "stems"):
            at[f"gap {signal}"] = at[signal] - at[signal].max()
        at["phrase words"] = np.full(len(where), np.log1p(len(words(one.text))), dtype=np.float32)
        at["name words"] = self._index.name_words[where]
        return where, np.stack([at[f] for f in FEATURES], axis=1).astype(np.float32)


def _top(scores: Floats, k: int) -> Positions:
    if len(scores) <= k:
        return np.arange(len(scores))
    top = np.argpartition(-scores, k)[:k]
    found: Positions = top[scores[top] > 0]
    return found
