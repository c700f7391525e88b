"""Settings: typed, documented, and refused in one line when they cannot be right."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from serendipity import config
from serendipity.errors import ConfigurationError

ROOT = Path(__file__).resolve().parent.parent


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    for entry in fields(config.Settings):
        assert len(entry.metadata["doc"]) > 10
        assert f"`{entry.name}`" in page
        assert " ".join(entry.metadata["doc"].split()) in page, f"docs/settings.md on {entry.name}"


def test_given_wins_over_environment_over_file_over_default(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('mail_from = "file"\nweb_workers = 7\nweb_threads = 9\n')
    environment = {"SERENDIPITY_MAIL_FROM": "environment", "SERENDIPITY_WEB_WORKERS": "3"}
    settings = config.load(environment, instance=tmp_path, web_workers=2)
    assert (settings.mail_from, settings.web_workers, settings.web_threads) == ("environment", 2, 9)


def test_the_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    first = config.load({}, instance=tmp_path)
    assert first.secret_key == config.load({}, instance=tmp_path).secret_key
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("file", "environment", "why"),
    [
        ("nonsense = 1", {}, "unknown settings: nonsense"),
        ("not toml at all", {}, "not valid TOML"),
        ("web_workers = 'many'", {}, "must be a whole number"),
        ("", {"SERENDIPITY_DEMO": "perhaps"}, "must be true or false"),
        ("", {"SERENDIPITY_DEFAULT_LANGUAGE": "de"}, "must be en, fr or nl"),
    ],
)
def test_what_cannot_be_right_is_said_in_one_line(
    tmp_path: Path, file: str, environment: dict[str, str], why: str
) -> None:
    (tmp_path / "config.toml").write_text(file)
    with pytest.raises(ConfigurationError, match=why) as refused:
        config.load(environment, instance=tmp_path)
    assert "\n" not in str(refused.value)


def test_an_instance_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        config.load({}, instance=tmp_path / "file")


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("", "sqlite:///"),
        ("postgres://h/n", "postgresql+psycopg://h/n"),
        ("postgresql://h/n", "postgresql+psycopg://h/n"),
    ],
)
def test_a_database_address_gets_our_driver(tmp_path: Path, given: str, driver: str) -> None:
    settings = config.load({}, instance=tmp_path, database_url=given)
    assert settings.resolved_database_url.startswith(driver)
