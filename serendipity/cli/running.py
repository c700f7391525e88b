"""Commands that run the service: serve, demo, worker, live, nightly, upgrade."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click
from flask import Flask

from serendipity.cli.frame import commands, service, settings_of
from serendipity.config import Settings

INSTANCE = click.option("--instance", type=click.Path(path_type=Path, file_okay=False))
HOST = click.option("--host", default="127.0.0.1", show_default=True)
PORT = click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))


@commands.command()
@HOST
@PORT
@INSTANCE
@click.pass_context
def serve(ctx: click.Context, host: str, port: int, instance: Path | None) -> None:
    """Serve the installation until Ctrl-C: the web, and the worker."""
    from serendipity import serving  # noqa: PLC0415

    serving.check_port(host, port)  # before anything is written
    _choose(ctx, instance=instance or settings_of(ctx).instance)
    with service(ctx, at_head=False) as app:
        click.echo(_upgrade(app))
        settings = serving.at_address(app.config["SETTINGS"], host=host, port=port)
        told = _first_start(settings)
    ctx.exit(serving.serve(settings, host=host, port=port, told=told))


@commands.command()
@HOST
@PORT
@INSTANCE
@click.pass_context
def demo(ctx: click.Context, host: str, port: int, instance: Path | None) -> None:
    """Serve a lively demo community, in instance/demo."""
    from serendipity import serving  # noqa: PLC0415
    from serendipity.demo import prepared  # noqa: PLC0415

    serving.check_port(host, port)
    _choose(ctx, instance=instance or settings_of(ctx).instance / "demo", demo=True)
    set_strange_demo_aside(settings_of(ctx))
    with service(ctx, at_head=False) as app:
        click.echo(_upgrade(app))
        settings = serving.at_address(app.config["SETTINGS"], host=host, port=port)
        told = prepared(settings.public_url, step=click.echo)
    ctx.exit(serving.serve(settings, host=host, port=port, told=told))


def set_strange_demo_aside(settings: Settings) -> None:
    """A demo that another version built is kept under another name, and built anew."""
    from sqlalchemy import create_engine  # noqa: PLC0415

    from serendipity import schema  # noqa: PLC0415

    path = settings.instance / "serendipity.sqlite"
    if settings.database_url or not path.exists():
        return
    engine = create_engine(f"sqlite:///{path}")
    strange = schema.state(engine) == "newer"
    engine.dispose()
    if strange:
        for one in settings.instance.glob("serendipity.sqlite*"):
            one.replace(one.with_name(f"of-another-version-{one.name}"))
        click.echo("The demo here was built by another version: it is set aside, and built anew.")


def _choose(ctx: click.Context, **more: Any) -> None:
    """Let these win over the environment and the file, for this command."""
    ctx.obj = {**(ctx.obj if isinstance(ctx.obj, dict) else {}), **more}


def _first_start(settings: Settings) -> list[str]:
    """On an empty installation, the link with which it is set up, once."""
    from serendipity import clock, setup  # noqa: PLC0415
    from serendipity.db import reading, writing  # noqa: PLC0415

    if not setup.needed(reading()):
        return []
    with writing() as session:
        token = setup.make_token(session, at=clock.now())
    return [f"Set up your lieu here (the link works once): {settings.public_url}/set-up/{token}"]


@commands.command()
@click.option("--once", is_flag=True, help="Do what is due now, and stop.")
@click.pass_context
def worker(ctx: click.Context, once: bool) -> None:
    """Read words, run rounds, deliver letters, run the night: the process beside the web."""
    from serendipity.jobs import scheduler  # noqa: PLC0415

    with service(ctx) as app:
        scheduler.run_once(app) if once else scheduler.run(app)


@commands.command()
@click.pass_context
def live(ctx: click.Context) -> None:
    """Keep the streams of all open pages: the process beside the web that tells what is new."""
    from serendipity.live import keeping  # noqa: PLC0415

    with service(ctx) as app:
        keeping.run(app)


@commands.command()
@click.option("--lieu", required=True, help="A lieu's slug, or all.")
@click.option("--date", "day", required=True, type=click.DateTime(["%Y-%m-%d"]))
@click.option("--dry-run", is_flag=True, help="Show the plan with its reasons; keep nothing.")
@click.pass_context
def nightly(ctx: click.Context, lieu: str, day: datetime, dry_run: bool) -> None:
    """Plan the introductions of one night, and put each letter in the outbox."""
    from serendipity import progress  # noqa: PLC0415
    from serendipity.jobs import night  # noqa: PLC0415

    with service(ctx) as app, progress.shown("Nights") as step:
        for line in night.told(app, lieu, day.date(), dry_run=dry_run, step=step):
            click.echo(line)


@commands.command()
@click.pass_context
def upgrade(ctx: click.Context) -> None:
    """Bring the database to this version; on an empty one, load the starter vocabulary."""
    with service(ctx, at_head=False) as app:
        click.echo(_upgrade(app))


def _upgrade(app: Flask) -> str:
    # Alembic and the vocabulary are for this command, not for web processes
    from serendipity import migrate, vocabularies  # noqa: PLC0415
    from serendipity.db import database, reading  # noqa: PLC0415

    changed = migrate.upgrade(database.engine)
    if database.engine.dialect.name == "postgresql":
        from serendipity.jobs import sharing  # noqa: PLC0415

        sharing.install(database.engine)
    if vocabularies.in_use(reading()) is None:
        from serendipity.jobs.reading import take_starter  # noqa: PLC0415

        loaded, _ = take_starter(app.config["SETTINGS"])
        return f"The database is ready, with a vocabulary of {loaded.concepts} skills."
    return "The database is upgraded." if changed else "The database is up to date."
