"""Compression: the stylesheet, icons and scripts travel small, with no proxy in front to do it.

Only static files. They hold nobody's secret; a page carries tokens beside words that others typed,
and how well it compresses would tell about both to whoever watches the line. Each file is
compressed once per process.
"""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

from flask import Flask, Response, current_app, request

TEXT = {"text/css", "text/javascript", "application/javascript", "image/svg+xml", "text/plain"}


@cache
def compressed(path: Path, changed: float) -> bytes:
    """The file as sent; `changed` makes a new entry when somebody edits it."""
    return gzip.compress(path.read_bytes(), 9, mtime=0)


def lighten(response: Response) -> Response:
    """Send a static text compressed to a browser that can read it so."""
    if request.endpoint != "static" or response.mimetype not in TEXT:
        return response
    response.vary.add("Accept-Encoding")
    if response.status_code != 200 or not request.accept_encodings["gzip"]:
        return response
    path = Path(str(current_app.static_folder)) / str((request.view_args or {})["filename"])
    response.close()  # the file that Flask opened to stream
    response.direct_passthrough = False
    response.set_data(compressed(path, path.stat().st_mtime))
    response.content_encoding = "gzip"
    etag, _ = response.get_etag()
    if etag:
        response.set_etag(etag, weak=True)  # the same file, other bytes
    return response


def init_app(app: Flask) -> None:
    app.after_request(lighten)
