"""Who is it: Flask-Login over a signed cookie that one number in the database can end.

The cookie carries `public_id.session_epoch`; "sign out everywhere" counts the epoch up. Signing in
clears the session first, so that its content and CSRF token rotate.
"""

from __future__ import annotations

from typing import Final

from flask import Flask, g, session
from flask_login import AnonymousUserMixin, LoginManager, UserMixin, login_user, logout_user
from sqlalchemy import bindparam, select

from serendipity.db import reading
from serendipity.members import Member

login_manager = LoginManager()


class SignedIn(UserMixin):
    """What Flask-Login asks of a member, kept out of the domain."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self.key = f"{member.public_id}.{member.session_epoch}"

    def get_id(self) -> str:
        return self.key


def sign_in(member: Member) -> None:
    """Begin a session of this member in this browser; the language choice survives."""
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language
    session.permanent = True
    login_user(SignedIn(member), remember=False)


def sign_out() -> None:
    logout_user()
    session.clear()


def forget_who() -> None:
    """Let the rest of this request be nobody's: the page that says "no database" must not ask it
    who is signed in."""
    g._login_user = AnonymousUserMixin()


_WITH_ADDRESS: Final = select(Member).where(Member.public_id == bindparam("public_id"))


@login_manager.user_loader
def _load(key: str) -> SignedIn | None:
    public_id, _, epoch = key.rpartition(".")
    if not epoch.isdecimal():
        return None
    member = reading().scalar(_WITH_ADDRESS, {"public_id": public_id})
    if member is None or member.erased_at or member.session_epoch != int(epoch):
        return None
    return SignedIn(member)


def init_app(app: Flask) -> None:
    login_manager.init_app(app)
