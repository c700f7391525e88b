"""Vocabularies: the concepts that skills and needs are heard as, kept as rows.

Rules kept here: one vocabulary is in use at a time, the starter one or the one imported last; only
its names recognise exact words. Concepts of an earlier vocabulary stay, since people's confirmed
skills point to them; words that nobody confirmed are read again with the new one. Loading the
same vocabulary twice changes nothing. Where concepts lie beside one another is worked out by a
worker, which has the encoder, and kept with them; whatever changes a vocabulary asks for it anew.

The encoder's rows for a vocabulary are no business of the database: they are a file, mapped by
whoever reads (see `matching.vocabulary`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sqlalchemy import ForeignKey, delete, func, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from matching.text import normalised
from serendipity.calls import Call
from serendipity.db import Base
from serendipity.needs import Need
from serendipity.skills import Concept, ConceptName, Family, MemberSkill

STARTER: Final = "starter"
BATCH: Final = 2000
LONGEST_NAME: Final = 400  # characters; longer alternatives are descriptions, not names


Place = tuple[int, int]


class ConceptPlace(Base):
    """Where a concept lies beside what is akin, in thousandths (`matching.plane`)."""

    __tablename__ = "concept_place"

    concept_id: Mapped[str] = mapped_column(
        ForeignKey("concept.id", ondelete="CASCADE"), primary_key=True
    )
    x: Mapped[int]
    y: Mapped[int]


class Named(Protocol):
    """A concept with its names (`matching.sources.Concept`)."""

    @property
    def id(self) -> str: ...
    @property
    def labels(self) -> Mapping[str, str]: ...
    @property
    def alternatives(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def family(self) -> str: ...
    @property
    def broader(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading did."""

    concepts: int
    names: int
    new_concepts: int
    new_names: int
    gone_names: int


def in_use(session: Session) -> str | None:
    """The vocabulary whose names recognise words; None before any was loaded."""
    return session.scalar(
        select(Concept.vocabulary)
        .join(ConceptName, ConceptName.concept_id == Concept.id)
        .order_by(ConceptName.id.desc())
        .limit(1)
    )


def load(
    session: Session,
    concepts: Iterable[Named],
    *,
    name: str,
    families: Mapping[str, Mapping[str, str]] | None = None,
) -> Loaded:
    """Keep a vocabulary's concepts and names, and let it be the one in use.

    Parameters
    ----------
    concepts : iterable of Named
        For example a `matching.vocabulary.Vocabulary`.
    name : str
        "starter", "esco", …: what the concepts are kept under.
    families : mapping of id to labels, optional
    """
    held = list(concepts)
    before = in_use(session)
    new_concepts = _keep_concepts(session, held, name)
    _keep_families(session, families or {}, name)
    new_names, gone_names, names = _keep_names(session, held)
    if before != name:
        read_again(session)
    session.expire_all()  # written past the session's own objects
    return Loaded(len(held), names, new_concepts, new_names, gone_names)


def read_again(session: Session) -> None:
    """Let words that nobody confirmed wait for the reader again."""
    for noun in (MemberSkill, Need):
        session.execute(
            update(noun)
            .where(noun.confirmed_at.is_(None), noun.withdrawn_at.is_(None))
            .values(read_at=None, concept_id=None)
            .execution_options(synchronize_session=False)
        )
    session.execute(
        update(Call)
        .where(Call.withdrawn_at.is_(None))
        .values(read_at=None, concept_id=None)
        .execution_options(synchronize_session=False)
    )


def _keep_concepts(session: Session, concepts: list[Named], name: str) -> int:
    rows = [_concept_row(concept, name) for concept in concepts]
    known = {
        key: (vocabulary, family, broader, labels)
        for key, vocabulary, family, broader, labels in session.execute(
            select(
                Concept.id,
                Concept.vocabulary,
                Concept.family,
                Concept.broader_id,
                Concept.labels,
            )
        )
    }
    new = [row for row in rows if row["id"] not in known]
    changed = [
        row
        for row in rows
        if row["id"] in known
        and known[row["id"]] != (row["vocabulary"], row["family"], row["broader_id"], row["labels"])
    ]
    _insert(session, Concept, new)
    if changed:
        session.execute(update(Concept), changed)
        _forget_places(session, [row["id"] for row in changed])
    return len(new)


def _concept_row(concept: Named, name: str) -> dict[str, Any]:
    return {
        "id": concept.id,
        "vocabulary": name,
        "family": concept.family or None,
        "broader_id": concept.broader[0] if concept.broader else None,
        "labels": dict(concept.labels),
    }


def _keep_families(session: Session, families: Mapping[str, Mapping[str, str]], name: str) -> None:
    for key, labels in families.items():
        session.merge(Family(id=key, vocabulary=name, labels=dict(labels)))
    session.flush()


def _keep_names(session: Session, concepts: list[Named]) -> tuple[int, int, int]:
    """New, gone, and all names: the table holds this vocabulary's and no other's."""
    known = {
        (words, language, concept_id): key
        for key, words, language, concept_id in session.execute(
            select(ConceptName.id, ConceptName.words, ConceptName.language, ConceptName.concept_id)
        )
    }
    wanted = dict.fromkeys(name for concept in concepts for name in _names(concept))
    new = [
        {"words": words, "language": language, "concept_id": concept_id}
        for words, language, concept_id in wanted
        if (words, language, concept_id) not in known
    ]
    gone = [key for name, key in known.items() if name not in wanted]
    _insert(session, ConceptName, new)
    for keys in _batches(gone):
        session.execute(
            delete(ConceptName)
            .where(ConceptName.id.in_(keys))
            .execution_options(synchronize_session=False)
        )
    return len(new), len(gone), len(wanted)


def _names(concept: Named) -> Iterator[tuple[str, str, str]]:
    for language, label in concept.labels.items():
        for said in (label, *concept.alternatives.get(language, ())):
            words = normalised(said)
            if words and len(words) <= LONGEST_NAME:
                yield words, language, concept.id


def _insert(session: Session, noun: type[Any], rows: list[dict[str, Any]]) -> None:
    for some in _batches(rows):
        session.execute(insert(noun), some)


def _batches(items: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def size(session: Session) -> int:
    """How many concepts can be recognised by an exact name."""
    return session.scalar(select(func.count(func.distinct(ConceptName.concept_id)))) or 0


# --- where they lie -------------------------------------------------------------------------


def without_place(session: Session) -> set[str]:
    """Concepts of the vocabulary in use of which nobody has worked out where they lie."""
    placed = select(ConceptPlace.concept_id)
    named = select(ConceptName.concept_id).where(ConceptName.concept_id.not_in(placed))
    return set(session.scalars(named.distinct()))


def place(session: Session, places: Mapping[str, Place]) -> int:
    """Keep where concepts lie (`matching.plane`), instead of what was kept before; of how many that
    are known here."""
    known = set(session.scalars(select(Concept.id))) & places.keys()
    _forget_places(session, sorted(known))
    _insert(
        session,
        ConceptPlace,
        [{"concept_id": one, "x": places[one][0], "y": places[one][1]} for one in sorted(known)],
    )
    return len(known)


def places_of(
    session: Session, *, concepts: Collection[str], families: Collection[str]
) -> tuple[dict[str, Place], dict[str, Place]]:
    """Where concepts lie, and families: in the middle of all their concepts."""
    alone = select(ConceptPlace.concept_id, ConceptPlace.x, ConceptPlace.y).where(
        ConceptPlace.concept_id.in_(concepts)
    )
    together = (
        select(Concept.family, func.avg(ConceptPlace.x), func.avg(ConceptPlace.y))
        .join(ConceptPlace, ConceptPlace.concept_id == Concept.id)
        .where(Concept.family.in_(families))
        .group_by(Concept.family)
    )
    of_concepts, of_families = (
        {name: (round(x), round(y)) for name, x, y in session.execute(asked)}
        for asked in (alone, together)
    )
    return of_concepts, of_families


def _forget_places(session: Session, concept_ids: list[str]) -> None:
    for some in _batches(concept_ids):
        session.execute(
            delete(ConceptPlace)
            .where(ConceptPlace.concept_id.in_(some))
            .execution_options(synchronize_session=False)
        )
