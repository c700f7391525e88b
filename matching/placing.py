"""Placing: the rows of a vocabulary, made once and then mapped from a file.

A saved vocabulary holds its concepts and its rows in one file. A vocabulary that was only loaded
(the starter, a parquet, ESCO's CSV) keeps its rows in a cache, in a file named after the content
and the encoder: a changed vocabulary never meets old rows, and a lost cache costs time only.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from matching import encoder, index, storage
from matching.sources import Concept, UnreadableSourceError

_FIELDS: Final = ("id", "labels", "alternatives", "family", "broader", "about")


def save(path: Path, concepts: Sequence[Concept], placed: index.Index) -> None:
    """Write concepts and rows to one file, whole or not at all.

    Raises
    ------
    OSError
        When the folder cannot be written.
    """
    told = "\n".join(map(_told, concepts)).encode()
    arrays = index.as_arrays(placed) | {
        "concepts": np.frombuffer(told, dtype=np.uint8),
        "encoder": np.frombuffer(encoder.NAME.encode(), dtype=np.uint8),
    }
    storage.write(path, arrays)


def saved(path: Path) -> tuple[list[Concept], index.Index | None]:
    """Return what `save` wrote; no rows when an older encoder made them.

    Raises
    ------
    UnreadableSourceError
    """
    try:
        arrays = storage.mapped(path)
        current = arrays["encoder"].tobytes().decode() == encoder.NAME
        current = current and int(arrays["format"]) == index.FORMAT
        concepts = [_heard(line) for line in arrays["concepts"].tobytes().splitlines()]
        return concepts, index.from_arrays(arrays) if current else None
    except (storage.DamagedFileError, KeyError, ValueError, TypeError) as error:
        raise UnreadableSourceError(path, "not a vocabulary file, or it is damaged") from error


def placed(concepts: Sequence[Concept], progress: encoder.Progress | None = None) -> index.Index:
    """Return the rows of `concepts`, from the cache when they are there.

    Raises
    ------
    ValueError
        When there is no concept.
    """
    path = cache_folder() / f"vocabulary-{_fingerprint(concepts)}.npz"
    try:
        return index.from_arrays(storage.mapped(path))
    except (OSError, KeyError, storage.DamagedFileError):
        made = index.built(concepts, progress)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        storage.write(path, index.as_arrays(made))
    except OSError:
        return made  # a machine that cannot keep them places them again next time
    return made


def cache_folder() -> Path:
    """Return where rows are kept: ``SERENDIPITY_CACHE``, else the user's cache folder."""
    own = os.environ.get("SERENDIPITY_CACHE")
    if own:
        return Path(own)
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "serendipity"


def _fingerprint(concepts: Sequence[Concept]) -> str:
    told = hashlib.sha256(f"{encoder.NAME} {index.FORMAT}\n".encode())
    for concept in concepts:
        told.update(_told(concept).encode())
    return told.hexdigest()[:24]


def _told(concept: Concept) -> str:
    facts: dict[str, Any] = {name: getattr(concept, name) for name in _FIELDS}
    return json.dumps(facts, sort_keys=True)


def _heard(line: bytes) -> Concept:
    facts = json.loads(line)
    alternatives = {lang: tuple(labels) for lang, labels in facts["alternatives"].items()}
    return Concept(
        id=facts["id"],
        labels=facts["labels"],
        alternatives=alternatives,
        family=facts["family"],
        broader=tuple(facts["broader"]),
        about=facts["about"],
    )
