"""Addresses: where a redirect may go, and what links in emails begin with."""

from __future__ import annotations

from email.utils import parseaddr
from urllib.parse import urlsplit

from flask import current_app


def same_origin_path(given: str | None, otherwise: str = "/") -> str:
    """`given` if it is a path on this site, else `otherwise`: no redirect leads elsewhere."""
    if not given or not given.startswith("/") or given.startswith(("//", "/\\")):
        return otherwise
    if any(ord(character) < 32 for character in given):
        return otherwise
    parts = urlsplit(given)
    return given if not parts.scheme and not parts.netloc else otherwise


def public(path: str) -> str:
    """The full address of a path, from the setting and never from a request."""
    return str(current_app.config["SETTINGS"].public_url).rstrip("/") + path


def sender() -> str:
    """The bare address that letters come from, for calendars to name an organiser."""
    return parseaddr(str(current_app.config["SETTINGS"].mail_from))[1]
