"""The frame that every command stands in: where its settings come from, and how it fails."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click
from flask import Flask, current_app, has_app_context
from sqlalchemy import exc

from serendipity import __version__, config
from serendipity.errors import ConfigurationError, SerendipityError

FILE = click.Path(path_type=Path, dir_okay=False)


class OneLine(click.ClickException):
    """What went wrong, in one line on stderr; exit code 2."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"serendipity: {self.message}", file=file or sys.stderr)


class Command(click.Command):
    """A command whose known failures are one line, whoever started it."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (SerendipityError, exc.OperationalError, OSError, ValueError) as error:
            if isinstance(error, ValueError) and not type(error).__module__.startswith("matching"):
                raise  # our own mistake: show where
            raise OneLine(one_line(error)) from error


SENTENCES = {
    "Busy": "the database is busy or away; nothing was recorded",
    "NoSuchLieu": "there is no lieu {slug}",
    "NoSuchRole": "{role} is neither an email nor a role (concierge, operator, kiosk)",
    "LieuNeeded": "a {role} is at one lieu: say which with --lieu",
}


def one_line(error: Exception) -> str:
    """The error as a person reads it in a terminal."""
    if isinstance(error, exc.OperationalError):
        return f"the database does not answer: {str(error.orig).splitlines()[0]}"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {(error.strerror or '').lower()}"
    if type(error).__name__ in SENTENCES and isinstance(error, SerendipityError):
        return SENTENCES[type(error).__name__].format(**error.facts)
    words = " ".join(str(error).split())
    if isinstance(error, SerendipityError) and type(error).__str__ is Exception.__str__:
        return f"{type(error).__name__}: {words}" if words else type(error).__name__
    return words or type(error).__name__


class Group(click.Group):
    command_class = Command
    group_class = type  # of the same kind


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--instance", type=click.Path(path_type=Path, file_okay=False), help="Its folder.")
@click.option("--database-url", help="Where the data is; empty for SQLite in the folder.")
@click.version_option(__version__, prog_name="serendipity")
@click.pass_context
def commands(ctx: click.Context, instance: Path | None, database_url: str | None) -> None:
    """Serendipity: a desk for an answered question."""
    ctx.obj = {"instance": instance, "database_url": database_url}


def settings_of(ctx: click.Context, **more: Any) -> config.Settings:
    """From the group's options, or from the app that `flask` made."""
    if isinstance(ctx.obj, dict):
        return config.load(**{**ctx.obj, **more})
    settings: config.Settings = current_app.config["SETTINGS"]
    return dataclasses.replace(settings, **more)


@contextmanager
def service(ctx: click.Context, *, at_head: bool = True) -> Iterator[Flask]:
    """The service with its database, for the time of a command.

    Raises
    ------
    ConfigurationError
        The database is empty or older than this code, and the command needs its tables.
    """
    # app imports this module, to offer the same commands under `flask`
    from serendipity import schema  # noqa: PLC0415
    from serendipity.app import create_app  # noqa: PLC0415
    from serendipity.db import database  # noqa: PLC0415

    if has_app_context() and not isinstance(ctx.obj, dict):
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    else:
        app = create_app(settings_of(ctx))
    with app.app_context():
        state = schema.state(database.engine)
        if at_head and state != "head":
            raise ConfigurationError(
                why=f"the database is {state}: run `serendipity upgrade` first; nothing was changed"
            )
        try:
            yield app
        finally:
            database.session.remove()
            database.engine.dispose()
