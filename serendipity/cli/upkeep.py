"""Commands that look after an installation: doctor, backup, restore, keys, exports, erasure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, BinaryIO

import click
from sqlalchemy.orm import Session

from serendipity import clock, members
from serendipity.cli.frame import FILE, OneLine, commands, service
from serendipity.members import Member


@commands.command()
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Look at everything that an installation needs; exit code 1 when something is not well."""
    from serendipity import checks  # noqa: PLC0415
    from serendipity.db import database  # noqa: PLC0415

    with service(ctx, at_head=False) as app:
        found = list(checks.findings(database.engine, app.config["SETTINGS"], at=clock.now()))
    for finding in found:
        click.echo(f"{'ok ' if finding.well else '!! '}{finding.name:<11} {finding.words}")
    if not all(finding.well for finding in found):
        ctx.exit(1)


@commands.command()
@click.argument("file", type=FILE)
@click.pass_context
def backup(ctx: click.Context, file: Path) -> None:
    """Write the whole database to FILE while it is in use."""
    from serendipity import backups  # noqa: PLC0415
    from serendipity.db import database  # noqa: PLC0415

    with service(ctx):
        size = backups.backup(database.engine, file)
    click.echo(f"{file}: {size / 1e6:.1f} MB")


@commands.command()
@click.argument("file", type=FILE)
@click.pass_context
def restore(ctx: click.Context, file: Path) -> None:
    """Bring FILE back into an empty database, and count what came."""
    from serendipity import backups  # noqa: PLC0415
    from serendipity.db import database  # noqa: PLC0415

    with service(ctx, at_head=False):
        counted = backups.restore(database.engine, file)
    click.echo(f"Restored {sum(counted.values())} rows in {len(counted)} tables.")


@commands.group()
def mail() -> None:
    """Letters that came back."""


@mail.command("bounces")
@click.argument("files", nargs=-1, required=True, type=click.File("rb"))
@click.pass_context
def bounces(ctx: click.Context, files: tuple[BinaryIO, ...]) -> None:
    """Read delivery reports (RFC 3464), one message a file, - for stdin; mark their addresses.

    For a mail server that pipes what comes back to a command, or a folder of saved messages.
    """
    from serendipity.db import writing  # noqa: PLC0415
    from serendipity.mail import bounces as reports  # noqa: PLC0415

    with service(ctx):
        for file in files:
            with writing() as session:
                marked = reports.take_report(session, file.read(), at=clock.now())
            for address in marked:
                click.echo(f"{address}: nothing more is sent there")
            if not marked:
                click.echo(f"{file.name}: nothing to mark", err=True)


@mail.command("lift")
@click.argument("address")
@click.pass_context
def lift(ctx: click.Context, address: str) -> None:
    """Send to this address again: its mailbox is well."""
    from serendipity.db import writing  # noqa: PLC0415
    from serendipity.mail import bounces as reports  # noqa: PLC0415

    with service(ctx), writing() as session:
        reports.lift(session, address=address)
    click.echo(f"{address}: letters go there again")


@commands.group()
def token() -> None:
    """Keys for the JSON API."""


@token.command("create")
@click.option("--as", "whose", required=True, help="A member's email, or a role.")
@click.option("--lieu", "slug", help="The lieu that a kiosk or a concierge is at.")
@click.pass_context
def create_token(ctx: click.Context, whose: str, slug: str | None) -> None:
    """Make a bearer token and show it, this once."""
    from serendipity import tokens  # noqa: PLC0415
    from serendipity.db import writing  # noqa: PLC0415
    from serendipity.lieux import lieu_named  # noqa: PLC0415

    with service(ctx), writing() as session:
        lieu_id = lieu_named(session, slug).id if slug else None
        member_id = _member(session, whose).id if "@" in whose else None
        role = "member" if member_id is not None else whose
        _, shown = tokens.create(
            session, role=role, at=clock.now(), member_id=member_id, lieu_id=lieu_id
        )
    click.echo(shown)


@commands.command()
@click.option("--member", "email", help="Everything that is kept about one member.")
@click.option("--lieu", "slug", help="What one lieu made; without either, what all made.")
@click.pass_context
def export(ctx: click.Context, email: str | None, slug: str | None) -> None:
    """Print, as JSON, what a member or a lieu may take along."""
    from serendipity import exports  # noqa: PLC0415
    from serendipity import lieux as places  # noqa: PLC0415
    from serendipity.db import reading  # noqa: PLC0415

    with service(ctx):
        session = reading()
        if email:
            found: Any = exports.of_member(session, member=_member(session, email))
        elif slug:
            found = exports.of_lieu(session, lieu=places.lieu_named(session, slug))
        else:
            found = exports.of_network(session, lieux=places.open_lieux(session))
    click.echo(json.dumps(found, ensure_ascii=False, indent=2))


@commands.command()
@click.argument("member")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def erase(ctx: click.Context, member: str, yes: bool) -> None:
    """Forget MEMBER (their email): what names them goes, what others' ties stand on stays."""
    from serendipity.db import writing  # noqa: PLC0415

    if not yes:
        click.confirm(f"Erase {member} for good?", abort=True)
    with service(ctx), writing() as session:
        found = _member(session, member)
        members.erase(session, member_id=found.id, at=clock.now())
    click.echo("Erased.")


def _member(session: Session, email: str) -> Member:
    found = members.member_with_email(session, email)
    if found is None:
        raise OneLine(f"there is no member {email}")
    return found
