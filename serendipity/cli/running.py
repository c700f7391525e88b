"""Commands that run the service: serve, demo, worker, nightly, upgrade."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click
from flask import Flask

from serendipity.cli.frame import commands, service, settings_of


@commands.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.pass_context
def serve(ctx: click.Context, host: str, port: int) -> None:
    """Serve the installation until Ctrl-C: the web, and the worker."""
    from serendipity import serving  # noqa: PLC0415

    serving.check_port(host, port)  # before anything is written
    with service(ctx, at_head=False) as app:
        _upgrade(app)
        settings = app.config["SETTINGS"]
    ctx.exit(serving.serve(settings, host=host, port=port))


@commands.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--instance", type=click.Path(path_type=Path, file_okay=False))
@click.pass_context
def demo(ctx: click.Context, host: str, port: int, instance: Path | None) -> None:
    """Serve a lively demo community, in instance/demo."""
    from serendipity import serving  # noqa: PLC0415

    serving.check_port(host, port)
    folder = instance or settings_of(ctx).instance / "demo"
    ctx.obj = {**(ctx.obj if isinstance(ctx.obj, dict) else {}), "instance": folder, "demo": True}
    with service(ctx, at_head=False) as app:
        _upgrade(app)
        settings = app.config["SETTINGS"]
    ctx.exit(serving.serve(settings, host=host, port=port))


@commands.command()
@click.option("--once", is_flag=True, help="Do what is due now, and stop.")
@click.pass_context
def worker(ctx: click.Context, once: bool) -> None:
    """Read words, run rounds, deliver letters, run the night: the process beside the web."""
    from serendipity.jobs import scheduler  # noqa: PLC0415

    with service(ctx) as app:
        scheduler.run_once(app) if once else scheduler.run(app)


@commands.command()
@click.option("--lieu", required=True, help="A lieu's slug, or all.")
@click.option("--date", "day", required=True, type=click.DateTime(["%Y-%m-%d"]))
@click.option("--dry-run", is_flag=True, help="Show the plan with its reasons; keep nothing.")
@click.pass_context
def nightly(ctx: click.Context, lieu: str, day: datetime, dry_run: bool) -> None:
    """Plan the introductions of one night, and put each letter in the outbox."""
    from serendipity.jobs import night  # noqa: PLC0415

    with service(ctx) as app:
        for line in night.told(app, lieu, date(day.year, day.month, day.day), dry_run=dry_run):
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
    from serendipity.jobs.reading import take_starter  # noqa: PLC0415

    changed = migrate.upgrade(database.engine)
    if vocabularies.in_use(reading()) is None:
        loaded, _ = take_starter(app.config["SETTINGS"])
        return f"The database is ready, with a vocabulary of {loaded.concepts} skills."
    return "The database is upgraded." if changed else "The database is up to date."
