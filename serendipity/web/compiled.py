"""Compiled templates: what Jinja makes of a template, kept in the instance folder.

A page of the desk is made of nineteen templates, and to compile them takes twice as long as to show
it; so the worker compiles all of them ahead when it starts, and every process reads what is kept.
It counts only for a template as it is now, by this version of Jinja. Where nobody made the folder,
or it cannot be written, each process compiles for itself, as ever.
"""

from __future__ import annotations

from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from flask import Flask
from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket

from serendipity.config import Settings


class Kept(FileSystemBytecodeCache):
    """A page matters more than keeping what it took: a full disk fails no page."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().dump_bytecode(bucket)


def init_app(app: Flask) -> None:
    app.jinja_env.bytecode_cache = Kept(str(_folder(app)))


def ahead(app: Flask) -> None:
    """Compile every template that is not kept yet; it takes two seconds, once a version."""
    # Only ours may write what all processes run.
    _folder(app).mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in app.jinja_env.list_templates():
        app.jinja_env.get_template(name)


def _folder(app: Flask) -> Path:
    settings: Settings = app.config["SETTINGS"]
    return settings.instance / "templates" / f"jinja-{version('jinja2')}"
