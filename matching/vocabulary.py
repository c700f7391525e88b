"""Vocabulary: the skills that have a name, in up to three languages.

Rules kept here: an id is one concept; a label belongs to a language; what was loaded does not
change (a member's own words are an alias of the reader, not an edit of the vocabulary). Every
label is placed once (see `matching.index`) and mapped from one file after that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from matching import sources
from matching.sources import Concept, UnreadableSourceError
from matching.text import normalised

if TYPE_CHECKING:
    from matching.index import Index

__all__ = ["Concept", "UnreadableSourceError", "Vocabulary"]

Progress = Callable[[int, int], None]


class Vocabulary:
    """A set of concepts, readable by id, by exact label, and by meaning.

    Parameters
    ----------
    concepts : iterable of Concept
        Order is kept; ids are unique.

    Examples
    --------
    >>> v = Vocabulary([Concept("bike-repair", {"en": "bicycle repair", "nl": "fietsherstelling"})])
    >>> len(v), v["bike-repair"].label("nl"), v.named("Bicycle  REPAIR")
    (1, 'fietsherstelling', ('bike-repair',))
    """

    def __init__(self, concepts: Iterable[Concept], *, placed: Index | None = None) -> None:
        self._concepts = tuple(concepts)
        self._positions = {c.id: i for i, c in enumerate(self._concepts)}
        if len(self._positions) != len(self._concepts):
            raise ValueError("a concept id is there twice")
        self._placed = placed

    # --- where it comes from ---

    @classmethod
    def load(cls, source: str | Path = "starter") -> Vocabulary:
        """Load the starter, a file that `save` made, or a parquet table.

        Raises
        ------
        UnreadableSourceError
            When the file is missing or of another kind.
        """
        if str(source) == "starter":
            return cls(sources.starter_concepts())
        path = Path(source)
        if path.is_dir():
            return cls.from_esco_csv(path)
        if not path.is_file():
            raise UnreadableSourceError(path, "no such file")
        with path.open("rb") as file:
            parquet = file.read(4) == b"PAR1"
        return cls(sources.table_concepts(path)) if parquet else _saved(path)

    @classmethod
    def from_esco_csv(cls, place: str | Path | Sequence[Path]) -> Vocabulary:
        """Load ESCO's official CSV download: its folder, or its files."""
        where = Path(place) if isinstance(place, str | Path) else list(place)
        return cls(sources.esco_concepts(where))

    def save(self, path: str | Path, progress: Progress | None = None) -> None:
        """Write concepts and placed rows to one file, whole or not at all.

        Raises
        ------
        OSError
            When the folder cannot be written.
        """
        from matching import placing  # noqa: PLC0415  numpy and the encoder: only when used

        placing.save(Path(path), self._concepts, self.placed(progress))

    # --- what it says ---

    def __len__(self) -> int:
        return len(self._concepts)

    def __iter__(self) -> Iterator[Concept]:
        return iter(self._concepts)

    def __contains__(self, concept_id: object) -> bool:
        return concept_id in self._positions

    def __getitem__(self, concept_id: str) -> Concept:
        """Return the concept; `KeyError` when there is none."""
        return self._concepts[self._positions[concept_id]]

    def at(self, position: int) -> Concept:
        """Return the concept at `position` in the order of loading."""
        return self._concepts[position]

    def position(self, concept_id: str) -> int:
        """Return the position of a concept; `KeyError` when there is none."""
        return self._positions[concept_id]

    def broader(self, concept_id: str) -> tuple[str, ...]:
        """Return the ids of the wider concepts, nearest only; empty at the top."""
        return self._concepts[self._positions[concept_id]].broader

    def named(self, text: str) -> tuple[str, ...]:
        """Return the concepts that bear exactly this name, labels before alternatives."""
        return self._names.get(normalised(text), ())

    @cached_property
    def _names(self) -> dict[str, tuple[str, ...]]:
        names: dict[str, dict[str, None]] = {}
        for pick in (_own_labels, _other_labels):
            for concept in self._concepts:
                for label in pick(concept):
                    names.setdefault(normalised(label), {})[concept.id] = None
        return {name: tuple(ids) for name, ids in names.items() if name}

    # --- where its rows are ---

    def placed(self, progress: Progress | None = None) -> Index:
        """Return the placed rows: from memory, from the cache, or placed now and cached.

        Parameters
        ----------
        progress : callable, optional
            Told (done, total) while rows are placed.

        Raises
        ------
        ValueError
            When there is no concept.
        """
        if self._placed is None:
            from matching import placing  # noqa: PLC0415  as above

            self._placed = placing.placed(self._concepts, progress)
        return self._placed


def _saved(path: Path) -> Vocabulary:
    from matching import placing  # noqa: PLC0415  as above

    concepts, placed = placing.saved(path)
    return Vocabulary(concepts, placed=placed)


def _own_labels(concept: Concept) -> Iterable[str]:
    return concept.labels.values()


def _other_labels(concept: Concept) -> Iterable[str]:
    return (label for labels in concept.alternatives.values() for label in labels)
