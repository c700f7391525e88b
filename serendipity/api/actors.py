"""Actors: whom a bearer token acts for, and what that lets it do.

A member's token does what the member could do in a browser; a concierge's tool sees and does at
its one lieu what a concierge on shift does; a kiosk's and an operator's token read what is public.
Tokens come in the Authorization header only: cookies count for nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Flask, g, request
from sqlalchemy.orm import Session
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import NotFound, Unauthorized

from serendipity import clock, idempotency, lieux, members, shifts, tokens
from serendipity.db import reading
from serendipity.errors import Forbidden
from serendipity.lieux import Lieu
from serendipity.shifts import Shift
from serendipity.tokens import Token
from serendipity.web.language import LANGUAGES


class OtherToken(Forbidden):
    """This needs a token of another role. Facts: needed."""


@dataclass(frozen=True)
class Actor:
    """Who a request is from, as plain facts that outlive the transaction they were read in."""

    token: str  # public id
    role: str
    member_id: int | None
    lieu_id: int | None

    @property
    def key(self) -> str:
        """How idempotency keys know this actor."""
        if self.member_id is not None:
            return idempotency.actor_of_member(self.member_id)
        return f"token:{self.token}"


def init_app(app: Flask) -> None:
    app.extensions["token_check"] = check


def check() -> None:
    """Set `g.token`, `g.actor` and the language of the answer; 401 without a token we know."""
    refuse_unkeepable_addresses()
    kind, _, shown = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        raise _unauthorized()
    try:
        g.token = tokens.token_shown(reading(), shown.strip())
        g.language = language_of(g.token)
    except (tokens.BadToken, members.NoSuchMember) as error:
        raise _unauthorized("invalid_token") from error
    g.actor = Actor(g.token.public_id, g.token.role, g.token.member_id, g.token.lieu_id)


def refuse_unkeepable_addresses() -> None:
    """A NUL in an address names nothing: PostgreSQL could not even be asked for it."""
    if any("\0" in str(part) for part in (request.view_args or {}).values()):
        raise NotFound()


def language_of(token: Token) -> str:
    """The language that the request asks for, else the member's."""
    asked = request.accept_languages.best_match(LANGUAGES)
    if token.member_id is None:
        return asked or "en"
    return asked or members.member_named(reading(), token.member_id).language


def _unauthorized(error: str = "") -> Unauthorized:
    said = WWWAuthenticate(
        "bearer", {"realm": "serendipity", **({"error": error} if error else {})}
    )
    return Unauthorized(www_authenticate=said)


def actor() -> Actor:
    """Who the current request is from."""
    found: Actor = g.actor
    return found


def member() -> int:
    """The member that the token acts as.

    Raises
    ------
    OtherToken
    """
    found = actor().member_id
    if found is None:
        raise OtherToken(needed="member")
    return found


def open_lieu(session: Session, slug: str) -> Lieu:
    """A lieu that is run here.

    Raises
    ------
    lieux.NoSuchLieu
        There is none, or it is only known from an import.
    """
    found = lieux.lieu_named(session, slug)
    if found.opened_at is None:
        raise lieux.NoSuchLieu(slug=slug)
    return found


def desk(session: Session, slug: str, *, at: datetime) -> tuple[Lieu, Shift]:
    """The lieu, and the shift that lets this token act as its concierge.

    A concierge's tool is always on shift at its own lieu and nobody in particular: its shift is
    not kept, and began this morning, so that who was looked at is told once a day.

    Raises
    ------
    lieux.NoSuchLieu, shifts.NotOnShift
        No lieu, or no rights there: the two answer alike.
    """
    lieu, who = open_lieu(session, slug), actor()
    if who.member_id is not None:
        return lieu, shifts.shift_of(session, member_id=who.member_id, lieu_id=lieu.id, at=at)
    if who.role != "concierge" or who.lieu_id != lieu.id:
        raise shifts.NotOnShift()
    midnight, tomorrow = clock.day_bounds(clock.local_date(at, lieu.timezone), lieu.timezone)
    return lieu, Shift(lieu_id=lieu.id, member_id=None, started_at=midnight, until=tomorrow)
