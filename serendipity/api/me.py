"""Me: whom this token acts for."""

from __future__ import annotations

from serendipity import members
from serendipity.api.actors import actor
from serendipity.api.endpoints import reads
from serendipity.api.shapes import Out
from serendipity.db import reading
from serendipity.lieux import Lieu


class Me(Out):
    """The role of the token; its member, or its lieu, where it has one."""

    role: str
    name: str | None
    language: str | None
    languages: list[str]
    lieu: str | None


@reads("/me", answers=Me)
def show() -> Me:
    """Whom this token acts for."""
    who = actor()
    lieu = reading().get_one(Lieu, who.lieu_id).slug if who.lieu_id else None
    if who.member_id is None:
        return Me(role=who.role, name=None, language=None, languages=[], lieu=lieu)
    member = members.member_named(reading(), who.member_id)
    return Me(
        role=who.role,
        name=member.name,
        language=member.language,
        languages=[str(one) for one in member.languages],
        lieu=lieu,
    )
