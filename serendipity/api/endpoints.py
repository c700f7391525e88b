"""Endpoints: one declaration each, from which requests are checked, answered and described.

`@reads` and `@writes` say the address, the shape that goes in and the one that comes out. A view
is then a function of plain values: a read takes what the address says; a write also takes a
session, in a transaction that commits after it, with its idempotency key and its effect together.

An answer to a write tells of nobody but its actor, because it may be kept for a week; names are
read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final, TypeVar

import msgspec
from flask import Blueprint, Response, request

from serendipity import clock, idempotency
from serendipity.api import reading
from serendipity.api.actors import actor
from serendipity.api.shapes import In, Nothing
from serendipity.db import writing
from serendipity.idempotency import Asking
from serendipity.web.access import access

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Endpoint:
    """What is known of an endpoint before anybody asks it."""

    method: str
    rule: str
    name: str
    noun: str
    says: str
    takes: type[In] | None
    query: type[In] | None
    answers: Any
    status: int

    @property
    def writes(self) -> bool:
        return self.method == "POST"


ENDPOINTS: Final[list[Endpoint]] = []
blueprint = Blueprint("api", __name__, url_prefix="/api/v1")


def reads(rule: str, *, answers: Any, query: type[In] | None = None) -> Callable[[View], View]:
    """A GET: it changes nothing. A view with a query takes it as its first argument."""

    def declare(view: View) -> View:
        @wraps(view)
        def answer(**path: str) -> Response:
            given = (reading.query(query or Nothing),)
            return _response(msgspec.json.encode(view(*(given if query else ()), **path)))

        _register(view, answer, method="GET", rule=rule, query=query, answers=answers)
        return view

    return declare


def writes(
    rule: str, *, answers: Any, takes: type[In] = Nothing, status: int = 200
) -> Callable[[View], View]:
    """A POST: one effect, once per idempotency key. Its view takes a session and the body."""

    def declare(view: View) -> View:
        @wraps(view)
        def answer(**path: str) -> Response:
            reading.query(Nothing)
            return _once(view, reading.body(takes), path, status)

        _register(
            view, answer, method="POST", rule=rule, takes=takes, answers=answers, status=status
        )
        return view

    return declare


def _register(
    view: Callable[..., Any],
    answer: Callable[..., Response],
    *,
    method: str,
    rule: str,
    answers: Any,
    takes: type[In] | None = None,
    query: type[In] | None = None,
    status: int = 200,
) -> None:
    noun = view.__module__.rpartition(".")[2]
    name = f"{noun}_{view.__name__}"
    says = " ".join((view.__doc__ or "").split())
    ENDPOINTS.append(
        Endpoint(method, rule, name, noun, says, takes, query, answers=answers, status=status)
    )
    blueprint.add_url_rule(rule, name, access("token")(answer), methods=[method])


def _once(view: Callable[..., Any], given: In, path: dict[str, str], status: int) -> Response:
    """Do it, or say again what was said when it was done."""
    asking = _asking(given, path)
    with writing() as session:
        if asking is None:
            return _response(msgspec.json.encode(view(session, given, **path)), status)
        kept = idempotency.answer_of(session, asking, at=clock.now())
        if kept is not None:
            return _response(kept.answer["body"].encode(), kept.status, replayed=True)
        body = msgspec.json.encode(view(session, given, **path))
        idempotency.keep(
            session, asking, status=status, answer={"body": body.decode()}, at=clock.now()
        )
    return _response(body, status)


def _asking(given: In, path: dict[str, str]) -> Asking | None:
    """The request as its key knows it; its address counts as a part of what it says."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    return Asking(
        actor=actor().key,
        route=str(request.endpoint),
        key=idempotency.plain_key(key),
        body=msgspec.json.encode([path, given], order="deterministic"),
    )


def _response(body: bytes, status: int = 200, *, replayed: bool = False) -> Response:
    answer = Response(body, status, mimetype="application/json")
    if replayed:
        answer.headers["Idempotency-Replayed"] = "true"
    return answer
