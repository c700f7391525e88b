"""Three languages: no phrase of a screen or a letter is left untranslated, and none is broken."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%[sd]|\{\w*\}")


@pytest.fixture(scope="session")
def phrases(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """What templates and code say today."""
    target = tmp_path_factory.mktemp("words") / "messages.pot"
    extract = [
        str(Path(sys.executable).with_name("pybabel")), "-q", "extract", "--mapping", "babel.cfg",
        "--keyword", "_l", "--keyword", "ngettext:1,2", "--output", str(target), ".",
    ]  # fmt: skip
    subprocess.run(extract, check=True, cwd=ROOT)
    with target.open("rb") as file:
        return read_po(file)


def catalogue(language: str) -> Catalog:
    path = ROOT / "translations" / language / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        return read_po(file, locale=language)


def forms(message: Message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string,)


@pytest.mark.parametrize("language", ["fr", "nl"])
def test_every_phrase_is_translated(phrases: Catalog, language: str) -> None:
    said = catalogue(language)
    missing = [
        message.id
        for message in phrases
        if message.id
        and ((found := said.get(message.id, message.context)) is None or not all(forms(found)))
    ]
    assert missing == [], f"run scripts/translations and translate these into {language}"


@pytest.mark.parametrize("language", ["fr", "nl"])
def test_every_translation_keeps_what_is_filled_in(language: str) -> None:
    broken = []
    for message in catalogue(language):
        if not message.id:
            continue
        source = message.id if isinstance(message.id, tuple) else (message.id,)
        wanted = set().union(*(_holes(part) for part in source))
        broken += [
            (message.id, form)
            for form in forms(message)
            if not _holes(form) <= wanted or (len(source) == 1 and _holes(form) != wanted)
        ]
    assert broken == []


def _holes(words: str) -> set[str]:
    return {match.group(0) for match in PLACEHOLDER.finditer(words)}


@pytest.mark.parametrize("language", ["fr", "nl"])
def test_compiling_does_not_pass_over_a_catalogue(language: str) -> None:
    assert not catalogue(language).fuzzy, "a catalogue without a header is taken for a draft"
