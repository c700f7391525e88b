"""Reading: the job that hears what members wrote, and the vocabulary it hears with.

The vocabulary is a file: the one in the settings, else `vocabulary.npz` in the instance folder
(`serendipity vocabulary import` puts it there), else the starter that ships with the project.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from matching import plane, sources
from matching.reading import Reader
from matching.vocabulary import Vocabulary
from serendipity import hearing, vocabularies
from serendipity.config import Settings
from serendipity.db import write_transaction, writing
from serendipity.vocabularies import Loaded

Sessions = Callable[[], Session]
Step = Callable[[int, int], None]
MOST_REMEMBERED: Final = 20_000


def read_due(sessions: Sessions, shelf: Shelf, *, at: datetime, limit: int = 200) -> int:
    """Read what waits; the encoder works between two short transactions, not inside one."""
    with sessions() as session:
        waiting = hearing.waiting(session, at=at, limit=limit)
    if not waiting:
        return 0
    readings = hearing.readings_of(shelf.reader(sessions), waiting)
    with write_transaction(sessions()) as session:
        return hearing.record(session, readings, at=at)


def place_due(sessions: Sessions, shelf: Shelf) -> int:
    """Work out where the concepts of a vocabulary lie beside one another, if nobody has; of how
    many. Without an encoder nobody does, and skill maps go by families."""
    with sessions() as session:
        waiting = vocabularies.without_place(session)
    if not waiting or waiting.isdisjoint(one.id for one in shelf.vocabulary()):
        return 0
    try:
        places = plane.places(shelf.vocabulary())
    except ImportError:
        return 0
    with write_transaction(sessions()) as session:
        return vocabularies.place(session, places)


# --- the vocabulary -------------------------------------------------------------------------


class Remembering:
    """A reader that reads the same words once: "Python" is offered by half of a lieu."""

    def __init__(self, reader: hearing.Reader) -> None:
        self._reader = reader
        self._heard: dict[tuple[str, str | None, int, bool], Sequence[hearing.Heard]] = {}

    def read_many(
        self, items: Sequence[tuple[str, str | None]], top: int = 10, *, wanted: bool = False
    ) -> list[Sequence[hearing.Heard]]:
        """As `matching.reading.Reader.read_many`."""
        if len(self._heard) > MOST_REMEMBERED:
            self._heard.clear()
        keys = [(words, language, top, wanted) for words, language in items]
        unread = list(dict.fromkeys(key for key in keys if key not in self._heard))
        if unread:
            heard = self._reader.read_many([key[:2] for key in unread], top, wanted=wanted)
            self._heard.update(zip(unread, heard, strict=True))
        return [self._heard[key] for key in keys]


@dataclass(slots=True)
class Shelf:
    """The vocabulary in use, loaded at first use and again when its file changes."""

    settings: Settings
    _stamp: tuple[str, float] | None = None
    _vocabulary: Vocabulary | None = None
    _reader: Remembering | None = None
    # Words that are being typed are read in a thread beside the beats: one of them loads.
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def vocabulary(self) -> Vocabulary:
        with self._lock:
            return self._loaded()

    def _loaded(self) -> Vocabulary:
        path = vocabulary_file(self.settings)
        stamp = (str(path), path.stat().st_mtime if path else 0.0)
        if self._vocabulary is None or stamp != self._stamp:
            self._vocabulary = Vocabulary.load(path or "starter")
            self._reader, self._stamp = None, stamp
        return self._vocabulary

    def reader(self, sessions: Sessions) -> Remembering:
        """With the aliases of the moment; later ones are recognised when words are written."""
        with self._lock:
            vocabulary = self._loaded()
            if self._reader is None:
                with sessions() as session:
                    self._reader = Remembering(Reader(vocabulary, hearing.aliases(session)))
            return self._reader


def vocabulary_file(settings: Settings) -> Path | None:
    """The file of the vocabulary in use; None for the starter."""
    if settings.vocabulary:
        return Path(settings.vocabulary)
    kept = settings.instance / "vocabulary.npz"
    return kept if kept.exists() else None


def take_in(
    source: Path, settings: Settings, *, name: str | None = None, step: Step | None = None
) -> tuple[Loaded, str]:
    """Let a vocabulary be the one in use: its rows in the database, its vectors in the instance.

    Parameters
    ----------
    source : Path
        ESCO's folder of CSV files, a parquet table, a saved vocabulary, or the word `starter`.
    step : callable, optional
        Told (done, total) while vectors are made, which takes minutes for ESCO the first time.

    Raises
    ------
    matching.sources.UnreadableSourceError
        Nothing was changed.
    """
    if str(source) == vocabularies.STARTER:
        return take_starter(settings)
    vocabulary = Vocabulary.load(source)
    kept, draft = settings.instance / "vocabulary.npz", settings.instance / ".vocabulary.npz"
    try:
        vocabulary.save(draft, step)  # before the database is touched
        with writing() as session:
            name = name or name_of(vocabulary, source)
            loaded = vocabularies.load(session, vocabulary, name=name)
        draft.replace(kept)
    finally:
        draft.unlink(missing_ok=True)
    return loaded, name


def take_starter(settings: Settings) -> tuple[Loaded, str]:
    """Let the starter vocabulary be the one in use (again)."""
    with writing() as session:
        loaded = vocabularies.load(
            session,
            sources.starter_concepts(),
            name=vocabularies.STARTER,
            families=sources.families(),
        )
    (settings.instance / "vocabulary.npz").unlink(missing_ok=True)
    return loaded, vocabularies.STARTER


def name_of(vocabulary: Vocabulary, source: Path) -> str:
    """ESCO is known by its concepts' ids, which are UUIDs; anything else by its file's name."""
    try:
        uuid.UUID(vocabulary.at(0).id)
    except (ValueError, IndexError):
        return source.stem[:40]
    return "esco"
