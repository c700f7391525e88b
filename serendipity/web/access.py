"""Access: every endpoint states the role it is for, and nothing is served that does not.

`@access("concierge")` marks a view; `init_app` refuses to start when a view is unmarked. The whole
matrix is written down in tests/test_access.py. A role that depends on a lieu or an organisation
takes it from the address; who does not have the role there gets the answer of a missing page.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from flask import Flask, abort, current_app, g, redirect, request, url_for
from flask_login import current_user

from serendipity import clock, lieux, organisations, shifts
from serendipity.db import reading
from serendipity.members import Member

Role = Literal["anyone", "member", "company", "concierge", "operator", "kiosk", "token"]
View = TypeVar("View", bound=Callable[..., Any])


def access(role: Role) -> Callable[[View], View]:
    """State who a view is for."""

    def mark(view: View) -> View:
        view.access = role  # type: ignore[attr-defined]
        return view

    return mark


def current_member() -> Member:
    """The signed-in member; only for views marked with a role that has one."""
    return current_user.member  # type: ignore[no-any-return]


def role_of(app: Flask, endpoint: str) -> Role:
    """The role that an endpoint states."""
    view = app.view_functions[endpoint]
    if endpoint == "static" or endpoint.endswith(".static"):
        return "anyone"
    return view.access  # type: ignore[union-attr,no-any-return]


def init_app(app: Flask) -> None:
    app.before_request(_check)


def _check() -> Any:
    if request.endpoint is None:
        return None  # no such page: the 404 comes by itself
    role = role_of(current_app._get_current_object(), request.endpoint)  # type: ignore[attr-defined]
    return CHECKS[role]()


def _anyone() -> None:
    return None


def _member() -> Any:
    if current_user.is_authenticated:
        return None
    if request.method in ("GET", "HEAD"):
        return redirect(url_for("signin.ask", next=request.full_path.rstrip("?")))
    return redirect(url_for("signin.ask"), 303)


def _concierge() -> Any:
    """On shift at the lieu in the address; `g.lieu` and `g.shift` are set."""
    if not current_user.is_authenticated:
        return _member()
    g.lieu = lieux.lieu_named(reading(), (request.view_args or {}).get("slug", ""))
    g.shift = shifts.shift_of(
        reading(), member_id=current_user.member.id, lieu_id=g.lieu.id, at=clock.now()
    )
    return None


def _company() -> Any:
    """A member of the organisation in the address; `g.organisation` and `g.role` are set."""
    if not current_user.is_authenticated:
        return _member()
    g.organisation, g.role = organisations.organisation_of(
        reading(),
        public_id=(request.view_args or {}).get("organisation", ""),
        member_id=current_user.member.id,
    )
    return None


def _operator() -> Any:
    if not current_user.is_authenticated:
        return _member()
    if not current_user.member.is_operator:
        abort(404)
    return None


def _kiosk() -> None:
    """The kiosk front looks at its own cookie (`kiosk.screen`) and sets `g.kiosk`."""
    current_app.extensions["kiosk_check"]()


def _token() -> None:
    """The API looks at its bearer token (`serendipity.api`) and sets `g.token`."""
    current_app.extensions["token_check"]()


CHECKS: dict[Role, Callable[[], Any]] = {
    "anyone": _anyone,
    "member": _member,
    "company": _company,
    "concierge": _concierge,
    "operator": _operator,
    "kiosk": _kiosk,
    "token": _token,
}
