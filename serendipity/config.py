"""Settings: typed, documented, read once at start.

A setting comes from the environment (`SERENDIPITY_NAME`, and `DATABASE_URL`), else from
`instance/config.toml`, else from the default below. What a setting means is said here and nowhere
else: docs/settings.md is printed from these lines, and a test says that none is missing.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import time
from pathlib import Path
from typing import Any

from serendipity.errors import ConfigurationError

ROOT = Path(__file__).resolve().parent.parent


def setting(default: Any, doc: str) -> Any:
    """A field with its explanation."""
    return field(default=default, metadata={"doc": doc})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything an installation may choose."""

    instance: Path = setting(
        ROOT / "instance", "Folder for the database, the mail written to files, and config.toml."
    )
    database_url: str = setting(
        "",
        "Where the data is: empty for SQLite in the instance folder, or "
        "postgresql://USER:PASSWORD@HOST/NAME. Also read from DATABASE_URL.",
    )
    public_url: str = setting(
        "http://127.0.0.1:8000",
        "The address that people type and that links in emails carry. Nothing is ever taken from "
        "the Host header of a request.",
    )
    trusted_hosts: str = setting(
        "",
        "Host names that requests may carry, separated by commas; empty means the host of "
        "public_url, localhost and 127.0.0.1.",
    )
    secret_key: str = setting(
        "", "Signs cookies and door codes. Empty: one is made and kept in the instance folder."
    )
    default_language: str = setting("en", "Language before a visitor has chosen: en, fr or nl.")
    smtp_url: str = setting(
        "",
        "How mail leaves: smtp://USER:PASSWORD@HOST:587 (STARTTLS) or smtps://HOST:465. Empty: "
        "each mail is written to instance/mail as a file.",
    )
    mail_from: str = setting(
        "Serendipity <serendipity@localhost>", "The sender that members see on every email."
    )
    mail_per_minute: int = setting(
        600, "At most so many emails a minute, for providers that set a limit."
    )
    stripe_secret_key: str = setting(
        "",
        "The secret key of an account at Stripe. With it, bookings can be paid by card on Stripe's "
        "page; empty: on invoice only.",
    )
    stripe_webhook_secret: str = setting(
        "",
        "Signs what Stripe tells at /payments/stripe. Without it nothing that Stripe tells is "
        "believed.",
    )
    stripe_api: str = setting(
        "https://api.stripe.com", "Where Stripe's API is; another address is for tests."
    )
    night_at: str = setting(
        "20:00", "When the night's introductions are planned, on each lieu's own wall clock."
    )
    backup_folder: str = setting(
        "",
        "Where your backups are written, for the worker to read too; the newest being older than "
        "26 hours, or not found whole, is then an alarm on the operator's page and in /readyz. "
        "Empty: nobody looks.",
    )
    vocabulary: str = setting(
        "", "Path of a vocabulary file for reading skills; empty for the starter vocabulary."
    )
    reader_socket: str = setting(
        "", "Unix socket on which the worker reads words for the web. Empty: in the instance folder"
    )
    live_streams: int = setting(
        5000, "At most so many browsers follow live at once; the others ask every ten seconds."
    )
    proxy_hops: int = setting(
        0, "How many reverse proxies in front set X-Forwarded-For and X-Forwarded-Proto."
    )
    web_workers: int = setting(2, "Web processes.")
    web_threads: int = setting(4, "Threads in each web process.")
    demo: bool = setting(
        False, "A demo: a door to every role is printed, and the day keeps moving. Never for real."
    )

    def __post_init__(self) -> None:
        if self.default_language not in ("en", "fr", "nl"):
            raise ConfigurationError(
                why=f"default_language must be en, fr or nl, not {self.default_language!r}"
            )

        if self.stripe_secret_key and not self.stripe_webhook_secret:
            raise ConfigurationError(
                why="stripe_secret_key needs stripe_webhook_secret: without it no payment would "
                "ever be known here"
            )
        try:
            time.fromisoformat(self.night_at)
        except ValueError:
            raise ConfigurationError(
                why=f"night_at must be a time such as 20:00, not {self.night_at!r}"
            ) from None

    @property
    def resolved_database_url(self) -> str:
        """The SQLAlchemy address, with the driver we use."""
        if not self.database_url:
            return f"sqlite:///{self.instance / 'serendipity.sqlite'}"
        for scheme in ("postgresql://", "postgres://"):
            if self.database_url.startswith(scheme):
                return "postgresql+psycopg://" + self.database_url.removeprefix(scheme)
        return self.database_url


def load(environment: Mapping[str, str] = os.environ, **given: Any) -> Settings:
    """The settings of this installation: given > environment > config.toml > default.

    Raises
    ------
    ConfigurationError
        A value of the wrong type, an unknown name in config.toml, or an instance folder that
        cannot be written.
    """
    instance = Path(
        given.get("instance") or environment.get("SERENDIPITY_INSTANCE") or Settings.instance
    ).resolve()
    values = _from_file(instance / "config.toml")
    for entry in fields(Settings):
        name = f"SERENDIPITY_{entry.name.upper()}"
        if name in environment:
            values[entry.name] = environment[name]
    if environment.get("DATABASE_URL") and "SERENDIPITY_DATABASE_URL" not in environment:
        values["database_url"] = environment["DATABASE_URL"]
    values.update({name: value for name, value in given.items() if value is not None})
    values["instance"] = instance
    kinds = {entry.name: type(entry.default) for entry in fields(Settings)}
    typed = {name: _typed(name, value, kinds[name]) for name, value in values.items()}
    if not typed.get("secret_key"):
        typed["secret_key"] = _kept_secret(instance)
    return Settings(**typed)


def _from_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(why=f"{path} is not valid TOML: {error}") from error
    unknown = sorted(set(values) - {entry.name for entry in fields(Settings)})
    if unknown:
        raise ConfigurationError(why=f"{path} has unknown settings: {', '.join(unknown)}")
    return values


def _typed(name: str, value: Any, kind: type) -> Any:
    if issubclass(kind, Path):
        return Path(value)
    if kind is bool and isinstance(value, str):
        if value.lower() in ("1", "true", "yes", "on"):
            return True
        if value.lower() in ("0", "false", "no", "off", ""):
            return False
        raise ConfigurationError(why=f"{name} must be true or false, not {value!r}")
    if kind is int and not isinstance(value, bool):
        try:
            return int(value)
        except ValueError:
            raise ConfigurationError(why=f"{name} must be a whole number, not {value!r}") from None
    if not isinstance(value, kind):
        raise ConfigurationError(why=f"{name} must be {kind.__name__}, not {value!r}")
    return value


def _kept_secret(instance: Path) -> str:
    """The installation's own secret, made at the first start and readable by its owner only."""
    path = instance / "secret_key"
    try:
        instance.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600, exist_ok=True)
            path.write_text(secrets.token_hex(32))
        return path.read_text().strip()
    except OSError as error:
        raise ConfigurationError(
            why=f"the instance folder {instance} cannot be written: {error.strerror}"
        ) from error
