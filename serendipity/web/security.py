"""Headers that every answer carries, and how long static files may be kept."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Response, request

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "font-src 'self'",
        "img-src 'self' data:",
        "script-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'self'",
    )
)


@cache
def asset_version(folder: str) -> str:
    """A short fingerprint of the static folder, so that browsers may keep files for a year."""
    digest = hashlib.sha256()
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            digest.update(path.name.encode() + str(path.stat().st_size).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:10]


# Never a page of their own: a policy for pages would only add to what the line carries.
PARTS = {"text/css", "text/javascript", "font/woff2"}


def headers(response: Response) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    if not (request.path.startswith("/static/") and response.mimetype in PARTS):
        for_pages(response)
    if request.path.startswith("/static/"):
        if request.args.get("v"):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        # Pages show who is here now: nobody between us and the reader keeps a copy.
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.add("Vary", "Cookie")
    return response


def for_pages(response: Response) -> None:
    """What a page, or a drawing that is opened as one, may do."""
    response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = "geolocation=(), camera=(), microphone=()"


def init_app(app: Flask) -> None:
    app.after_request(headers)
    app.context_processor(lambda: {"asset_version": asset_version(str(app.static_folder))})
