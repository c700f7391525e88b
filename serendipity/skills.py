"""Skills: what a member can help with, in their own words, and the concept the words were heard as.

A concept is an entry of a vocabulary (the starter one, or ESCO); its labels and alternatives are
kept in normalised form so that exact words are recognised without the encoder. What the encoder
hears later, in the worker, is a proposal until it is sure or the member confirms; a confirmation
becomes an alias that everybody's words profit from.

Rules kept here: the member's words are always kept; a doubtful concept is proposed, never imposed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    String,
    Text,
    UniqueConstraint,
    delete,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from matching.text import normalised
from serendipity import many, members
from serendipity import words as spelling
from serendipity.db import Base, Key, PublicId, add_rows, look_up
from serendipity.errors import Invalid, NotFound
from serendipity.members import Member

MOST_SKILLS = 30


class Concept(Base):
    __tablename__ = "concept"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)  # the vocabulary's own id
    vocabulary: Mapped[str] = mapped_column(String(40), index=True)
    family: Mapped[str | None] = mapped_column(String(80), index=True)
    broader_id: Mapped[str | None] = mapped_column(String(80))
    labels: Mapped[dict[str, Any]]  # language → label


class Family(Base):
    """A family of concepts: what a kiosk and a skill map name when few people hold a skill."""

    __tablename__ = "family"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    vocabulary: Mapped[str] = mapped_column(String(40))
    labels: Mapped[dict[str, Any]]


class ConceptName(Base):
    """A label or alternative in normalised words (`matching.text.normalised`)."""

    __tablename__ = "concept_name"

    id: Mapped[Key]
    concept_id: Mapped[str] = mapped_column(ForeignKey("concept.id", ondelete="CASCADE"))
    language: Mapped[str] = mapped_column(String(2))
    words: Mapped[str] = mapped_column(Text)

    __table_args__ = (UniqueConstraint("words", "language", "concept_id"),)


class Alias(Base):
    """Words that a member confirmed to mean a concept."""

    __tablename__ = "alias"

    words: Mapped[str] = mapped_column(String(240), primary_key=True)
    concept_id: Mapped[str] = mapped_column(
        ForeignKey("concept.id", ondelete="CASCADE"), primary_key=True
    )
    confirmed_by: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    at: Mapped[datetime]


class MemberSkill(Base):
    __tablename__ = "member_skill"

    id: Mapped[Key]
    public_id: Mapped[PublicId]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    words: Mapped[str] = mapped_column(String(240))
    language: Mapped[str | None] = mapped_column(String(2))
    concept_id: Mapped[str | None] = mapped_column(ForeignKey("concept.id"), index=True)
    proposals: Mapped[list[Any]] = mapped_column(default=list)  # [[concept id, probability], …]
    # when the engine read the words; empty: still waiting
    read_at: Mapped[datetime | None] = mapped_column(index=True)
    confirmed_at: Mapped[datetime | None]  # when the member said "yes, that"
    offered_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("confirmed_at IS NULL OR concept_id IS NOT NULL", name="confirmed"),
    )


class TooManySkills(Invalid):
    """Facts: field, most."""


class NoSuchSkill(NotFound):
    """There is none with this number, or it is not yours."""


class NoSuchConcept(NotFound):
    """Fact: concept."""


def offer(
    session: Session, *, member_id: int, words: Sequence[str], language: str | None, at: datetime
) -> None:
    """Let these be what the member can help with: what is new is added, what is gone withdrawn.

    A line that was shown and came back as it was changes nothing, although an imported skill may
    hold commas and be split by it.

    Raises
    ------
    words.WordsTooLong, words.WordsUnreadable, TooManySkills
        Nothing was changed.
    """
    offered = _offered(session, [member_id])
    if list(words) == split(", ".join(skill.words for skill in offered)):
        return
    wanted = distinct(words)
    held = {normalised(skill.words): skill for skill in offered}
    for plain, skill in held.items():
        if plain not in wanted:
            skill.withdrawn_at = at
    session.flush()
    fresh = [spelt for plain, spelt in wanted.items() if plain not in held]
    _write_down(session, fresh, member_id=member_id, language=language, at=at)


def add(
    session: Session, *, member_id: int, words: Sequence[str], language: str | None, at: datetime
) -> None:
    """Offer these as well; what the member offers stays, and what no longer fits is left out."""
    held = {normalised(skill.words) for skill in _offered(session, [member_id])}
    new = [spelt for plain, spelt in distinct(words).items() if plain not in held]
    fitting = new[: max(0, MOST_SKILLS - len(held))]
    _write_down(session, fitting, member_id=member_id, language=language, at=at)


def split(typed: str) -> list[str]:
    """The skills in one line: "soudure, CAO (2D, 3D)" are two; brackets list examples."""
    parts, depth = [""], 0
    for character in typed:
        depth = max(0, depth + (character == "(") - (character == ")"))
        if character in ";\n" or (character == "," and depth == 0):
            parts.append("")
            depth = 0
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def distinct(given: Iterable[str]) -> dict[str, str]:
    """Plain spelling → words as first typed, without empty ones and repeats.

    Raises
    ------
    words.WordsTooLong, words.WordsUnreadable, TooManySkills
        They cannot be offered like this.
    """
    wanted: dict[str, str] = {}
    for one in given:
        spelt = spelling.line(one, field="skills")
        plain = normalised(spelt)
        if plain:
            wanted.setdefault(plain, spelt)
        if len(wanted) > MOST_SKILLS:
            raise TooManySkills(field="skills", most=MOST_SKILLS)
    return wanted


def _write_down(
    session: Session, spelt: Sequence[str], *, member_id: int, language: str | None, at: datetime
) -> None:
    """Exact words are read at once; the others wait for the worker, with `read_at` empty."""
    concepts = recognised_all(session, spelt, language)
    new = [
        {
            "member_id": member_id,
            "words": words,
            "language": language,
            "concept_id": concepts[words],
            "read_at": at if concepts[words] else None,
            "offered_at": at,
        }
        for words in spelt
    ]
    add_rows(session, MemberSkill, new)


_OFFERED: Final = (
    select(MemberSkill)
    .where(many.among(MemberSkill.member_id, "ids"), MemberSkill.withdrawn_at.is_(None))
    .order_by(MemberSkill.id)
)


def _offered(session: Session, member_ids: Iterable[int]) -> list[MemberSkill]:
    return list(session.scalars(_OFFERED, {"ids": set(member_ids)}))


def skills_of(session: Session, member_ids: Iterable[int]) -> dict[int, list[MemberSkill]]:
    """Member id → what they offer now, in the order they said it; every id asked is a key."""
    found: dict[int, list[MemberSkill]] = {member_id: [] for member_id in member_ids}
    for skill in _offered(session, found):
        found[skill.member_id].append(skill)
    return found


def recognised(session: Session, words: str, language: str | None) -> str | None:
    """The one concept that these exact words name, or None when it takes a reader to say."""
    return recognised_all(session, [words], language)[words]


def recognised_all(
    session: Session, words: Sequence[str], language: str | None
) -> dict[str, str | None]:
    """Words → the one concept that exactly they name, or None when it takes a reader to say.

    Labels and alternatives in the member's language come first, then in any language, then what
    members confirmed. Words that name several concepts name none: they are read, and proposed.
    """
    plain = {one: normalised(one) for one in words}
    named = _named(session, set(plain.values()) - {""})
    found: dict[str, str | None] = {}
    for one, spelt in plain.items():
        own = {concept for concept, spoken in named[spelt] if spoken == language}
        candidates = own or {concept for concept, _ in named[spelt]}
        found[one] = candidates.pop() if len(candidates) == 1 else None
    return found


_NAMED: Final = select(ConceptName.words, ConceptName.concept_id, ConceptName.language).where(
    many.among(ConceptName.words, "plain")
)
_ALSO_CALLED: Final = select(Alias.words, Alias.concept_id).where(many.among(Alias.words, "plain"))


def _named(session: Session, plain: set[str]) -> dict[str, set[tuple[str, str]]]:
    """Plain words → (concept, language) of their names; what no name says, of members' aliases."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    if plain:
        for words, concept, spoken in look_up(session, _NAMED, plain=plain):
            found[words].add((concept, spoken))
    if unnamed := plain - set(found):
        for words, concept in look_up(session, _ALSO_CALLED, plain=unnamed):
            found[words].add((concept, ""))
    return found


def confirm(
    session: Session, *, public_id: str, member_id: int, concept_id: str, at: datetime
) -> MemberSkill:
    """Yes, that: the member's words mean this concept, and everybody profits.

    Raises
    ------
    NoSuchSkill, NoSuchConcept
        Not theirs, or not in the vocabulary.
    """
    skill = _own_skill(session, public_id, member_id)
    learn(session, words=skill.words, concept_id=concept_id, member_id=member_id, at=at)
    skill.concept_id, skill.proposals = concept_id, []
    skill.confirmed_at = at
    skill.read_at = skill.read_at or at
    session.flush()
    return skill


def undo(session: Session, *, public_id: str, member_id: int, at: datetime) -> MemberSkill:
    """Not that: the words stay, without a concept, and are not read again."""
    skill = _own_skill(session, public_id, member_id)
    unlearn(session, words=skill.words, concept_id=skill.concept_id, member_id=member_id)
    skill.concept_id = skill.confirmed_at = None
    skill.proposals = []
    skill.read_at = at
    session.flush()
    return skill


def _own_skill(session: Session, public_id: str, member_id: int) -> MemberSkill:
    skill = session.scalar(
        select(MemberSkill).where(
            MemberSkill.public_id == public_id,
            MemberSkill.member_id == member_id,
            MemberSkill.withdrawn_at.is_(None),
        )
    )
    if skill is None:
        raise NoSuchSkill()
    return skill


def learn(session: Session, *, words: str, concept_id: str, member_id: int, at: datetime) -> None:
    """Keep that a member said these words mean this concept; for skills and needs alike.

    Raises
    ------
    NoSuchConcept
        The vocabulary does not have it.
    """
    if session.get(Concept, concept_id) is None:
        raise NoSuchConcept(concept=concept_id)
    plain = normalised(words)
    if plain:
        session.merge(Alias(words=plain, concept_id=concept_id, confirmed_by=member_id, at=at))


def unlearn(session: Session, *, words: str, concept_id: str | None, member_id: int) -> None:
    """Take back what this member said the words mean."""
    session.execute(
        delete(Alias).where(
            Alias.words == normalised(words),
            Alias.concept_id == concept_id,
            Alias.confirmed_by == member_id,
        )
    )


def labels(session: Session, concept_ids: Iterable[str], language: str) -> dict[str, str]:
    """Concept id → its label in this language, else in another; unknown ids are left out."""
    return _labelled(session, Concept, concept_ids, language)


def family_labels(session: Session, family_ids: Iterable[str], language: str) -> dict[str, str]:
    """Family id → its label in this language, else in another."""
    return _labelled(session, Family, family_ids, language)


_LABELS: Final = {
    noun: select(noun.id, noun.labels).where(many.among(noun.id, "ids"))
    for noun in (Concept, Family)
}


def _labelled(
    session: Session, noun: type[Concept] | type[Family], ids: Iterable[str], language: str
) -> dict[str, str]:
    rows = look_up(session, _LABELS[noun], ids=set(ids))
    return {
        key: str(said.get(language) or said.get("en") or next(iter(said.values()), key))
        for key, said in rows
    }


def held(
    session: Session, member_ids: Iterable[int], *, at_least: int = 1
) -> tuple[Counter[str], Counter[str]]:
    """How many of these members hold each concept, and how many each family of the rest.

    Only what `at_least` people hold is named; skills of fewer count together in their family, and
    a family of fewer is not named either. A person counts once in each.
    """
    rows = session.execute(
        select(MemberSkill.member_id, MemberSkill.concept_id, Concept.family)
        .join(Concept, Concept.id == MemberSkill.concept_id)
        .where(
            many.among(MemberSkill.member_id, set(member_ids)),
            MemberSkill.withdrawn_at.is_(None),
        )
    ).all()
    concepts = _enough({(who, concept) for who, concept, _ in rows if concept}, at_least)
    rest = {(who, family) for who, concept, family in rows if family and concept not in concepts}
    return concepts, _enough(rest, at_least)


def _enough(holders: set[tuple[int, str]], at_least: int) -> Counter[str]:
    """What at least so many hold, with how many do."""
    counted = Counter(what for _, what in holders)
    return Counter({what: n for what, n in counted.items() if n >= at_least})


@members.at_erasure
def _forget(session: Session, member: Member, at: datetime) -> None:
    """The words go; an alias stays only as long as the one who confirmed it is here."""
    session.execute(delete(MemberSkill).where(MemberSkill.member_id == member.id))
    session.execute(delete(Alias).where(Alias.confirmed_by == member.id))
