"""Languages: learns which groups of letters tell English, French and Dutch apart.

A sparse logistic regression over groups of two to four letters inside words, from labels whose
language is known. Only the groups that carry weight are kept, in a table of text small enough to
read (matching/letters.tsv), so that guessing needs no library at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from benchmarks.labelled import Labelled
from matching.text import LANGUAGES, letter_groups
from matching.vocabulary import Vocabulary

_KEPT: Final = 1200


def known(vocabularies: Sequence[Vocabulary], phrases: Sequence[Labelled]) -> dict[str, str]:
    """Return texts and their language; a text of two languages is left out."""
    spoken: dict[str, set[str]] = {}
    for vocabulary in vocabularies:
        for concept in vocabulary:
            for lang, label in concept.labels.items():
                spoken.setdefault(label, set()).add(lang)
            for lang, labels in concept.alternatives.items():
                for label in labels:
                    spoken.setdefault(label, set()).add(lang)
    for phrase in phrases:
        spoken.setdefault(phrase.text, set()).add(phrase.language)
    return {text: next(iter(langs)) for text, langs in spoken.items() if len(langs) == 1}


def table(texts: dict[str, str]) -> dict[str, tuple[int, ...]]:
    """Return the weight, in hundredths, of each group for each language of the project."""
    counter = CountVectorizer(analyzer=letter_groups, min_df=20, binary=True)
    counts = counter.fit_transform(list(texts))
    fit = LogisticRegression(C=1.0, max_iter=300, class_weight="balanced")
    fit.fit(counts, list(texts.values()))
    order = [list(fit.classes_).index(lang) for lang in LANGUAGES]
    weights = fit.coef_[order]
    strength = np.abs(weights).max(axis=0) * np.sqrt(np.asarray(counts.sum(axis=0)).ravel())
    names = counter.get_feature_names_out()
    kept = sorted(np.argsort(-strength)[:_KEPT], key=lambda i: str(names[i]))
    return {str(names[i]): tuple(int(round(100 * w)) for w in weights[:, i]) for i in kept}


def write(groups: dict[str, tuple[int, ...]], path: Path) -> None:
    """Write the table, one group a line; a space inside a group is written as an underscore."""
    lines = ["\t".join(("letters", *LANGUAGES))]
    for group, weights in groups.items():
        lines.append("\t".join((group.replace(" ", "_"), *map(str, weights))))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
