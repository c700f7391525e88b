"""What went wrong, for a person: what happened, that nothing was lost, what next.

A rule's own error may have its own page, `errors/<ClassName>.html`, that puts its facts in words;
otherwise the page of its status is shown. The API answers problem details instead.
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from flask import Flask, current_app, render_template, request
from flask_wtf.csrf import CSRFError
from jinja2 import TemplateNotFound
from sqlalchemy.exc import DataError, DBAPIError
from werkzeug.exceptions import HTTPException, SecurityError

from serendipity.db import database, is_busy
from serendipity.errors import Busy, NotFound, SerendipityError
from serendipity.web import session

TOLD: Final = (400, 413, 415)  # what Werkzeug says of these is of use to who sent them
PAGES = (400, 403, 404, 405, 409, 410, 413, 422, 429, 500, 503)


def page(status: int, **facts: Any) -> tuple[str, int, dict[str, str]]:
    """The page for a status, with its facts."""
    shown = status if status in PAGES else (500 if status >= 500 else 400)
    headers = {"Retry-After": "5"} if status == 503 else {}
    return render_template(f"errors/{shown}.html", status=status, **facts), status, headers


def for_rule(error: SerendipityError) -> Any:
    """A rule said no."""
    database.session.rollback()
    if isinstance(error, Busy):
        session.forget_who()
    if wants_problem():
        return problem_of(error)
    try:
        words = render_template(f"errors/rules/{kind(error)}.html", error=error, **error.facts)
    except TemplateNotFound:
        return page(error.status, error=error)
    return words, error.status, {"Retry-After": "5"} if error.status == 503 else {}


def for_http(error: HTTPException) -> Any:
    if isinstance(error, SecurityError):
        return error  # a foreign Host: no address of ours may be built, so no page of ours
    status = error.code or 500
    if error.response is not None or status < 400:
        return error
    if wants_problem():
        said = {"detail": error.description} if status in TOLD else {}
        answer = problem(status, error.name, said)
        # Allow, WWW-Authenticate and Retry-After say what next; the page's own type does not hold.
        answer.headers.extend(
            (name, value) for name, value in error.get_headers() if name != "Content-Type"
        )
        return answer
    cookies_off = isinstance(error, CSRFError) and not request.cookies
    return page(status, error=error, cookies_off=cookies_off)


def for_database(error: DBAPIError) -> Any:
    """Busy or gone is a 503 and "nothing was recorded"; anything else is our mistake."""
    database.session.rollback()
    session.forget_who()
    if is_busy(error):
        return for_rule(Busy(why=str(error.orig)))
    if isinstance(error, DataError):  # a NUL, or a number no column holds: what was sent is wrong
        return problem(400, "bad-request", {}) if wants_problem() else page(400, error=error)
    current_app.logger.exception("database error")
    return problem(500, "internal", {}) if wants_problem() else page(500, error=error)


def for_mistake(error: Exception) -> Any:
    database.session.rollback()
    current_app.logger.exception("our mistake")
    return problem(500, "internal", {}) if wants_problem() else page(500, error=error)


def kind(error: SerendipityError) -> str:
    """RoomTaken → room-taken: the name of a rule in addresses and problem details."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", type(error).__name__).lower()


def wants_problem() -> bool:
    return request.path.startswith("/api/")


def problem_of(error: SerendipityError) -> Any:
    """A rule's no. What is missing and what is somebody else's answer with the same bytes."""
    if isinstance(error, NotFound):
        return problem(404, "not-found", {})
    if isinstance(error, Busy):
        return problem(error.status, "busy", {"detail": "Nothing was recorded; try again."})
    return problem(error.status, kind(error), error.facts)


def problem(status: int, name: str, facts: dict[str, Any]) -> Any:
    """RFC 9457 problem details; facts are told beside the standard members, never over them."""
    body = {
        **{key: plain(value) for key, value in facts.items()},
        "type": f"urn:serendipity:problem:{name.lower().replace(' ', '-')}",
        "title": name.replace("-", " ").capitalize(),
        "status": status,
    }
    response = current_app.json.response(body)
    response.status_code = status
    response.mimetype = "application/problem+json"
    if status == 503 or "retry_after" in facts:
        response.headers["Retry-After"] = str(facts.get("retry_after", 5))
    return response


def plain(value: Any) -> Any:
    """A fact as JSON has it: instants in RFC 3339, a row by its address, a rule by its name."""
    if isinstance(value, str | int | float | None):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return round(value.total_seconds())
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return (
        kind(value) if isinstance(value, SerendipityError) else getattr(value, "slug", str(value))
    )


def init_app(app: Flask) -> None:
    app.register_error_handler(SerendipityError, for_rule)
    app.register_error_handler(HTTPException, for_http)
    app.register_error_handler(DBAPIError, for_database)
    app.register_error_handler(Exception, for_mistake)
