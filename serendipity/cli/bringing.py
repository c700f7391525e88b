"""Commands that bring data in: members, lieux, vocabularies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from serendipity import clock
from serendipity.cli.frame import FILE, commands, service


@commands.group()
def members() -> None:
    """People."""


@commands.group()
def lieux() -> None:
    """Third places."""


@commands.group()
def vocabulary() -> None:
    """The skills that have a name."""


@members.command("import")
@click.argument("file", type=FILE)
@click.pass_context
def import_members(ctx: click.Context, file: Path) -> None:
    """Add the people of a CSV file who are not here yet (docs/importing.md)."""
    from serendipity import progress  # noqa: PLC0415
    from serendipity.db import writing  # noqa: PLC0415
    from serendipity.imports import members as importer  # noqa: PLC0415

    with service(ctx), progress.shown("Members") as step:
        with writing() as session:
            report = importer.import_members(
                session, file, at=clock.now(), progress=lambda line: step(line, 0)
            )
        _tell(report, "members")


@lieux.command("import")
@click.argument("file", type=FILE)
@click.pass_context
def import_lieux(ctx: click.Context, file: Path) -> None:
    """Add the lieux of a CSV file: the French list of third places, or our own columns."""
    from serendipity.db import writing  # noqa: PLC0415
    from serendipity.imports import lieux as importer  # noqa: PLC0415

    with service(ctx), writing() as session:
        report = importer.import_lieux(session, file, at=clock.now())
    _tell(report, "lieux")


def _tell(report: Any, what: str) -> None:
    for refusal in report.refused:
        click.echo(f"line {refusal.line}: {refusal.why}", err=True)
    click.echo(
        f"{report.new} {what} new, {report.unchanged} already here, {len(report.refused)} refused."
    )


@vocabulary.command("import")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--name", help="What to keep it under; esco where that is what it is.")
@click.pass_context
def import_vocabulary(ctx: click.Context, source: Path, name: str | None) -> None:
    """Use another vocabulary: ESCO's folder of CSV files, a parquet table, or `starter`."""
    from serendipity import progress  # noqa: PLC0415
    from serendipity.jobs import reading  # noqa: PLC0415

    with service(ctx) as app, progress.shown("Encoding") as step:
        loaded, kept = reading.take_in(source, app.config["SETTINGS"], name=name, step=step)
    click.echo(
        f"{kept}: {loaded.concepts} concepts under {loaded.names} names"
        f" ({loaded.new_concepts} concepts and {loaded.new_names} names new)."
    )
