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


def extracted(target: Path, *keywords: str) -> Catalog:
    """What templates and code say today, by these functions or by all."""
    chosen = [part for keyword in keywords for part in ("--keyword", keyword)]
    only = ["--no-default-keywords", *chosen]
    all_of_them = ["--keyword", "_l", "--keyword", "ngettext:1,2"]
    subprocess.run(
        [
            str(Path(sys.executable).with_name("pybabel")), "-q", "extract", "--mapping",
            "babel.cfg", *(only if keywords else all_of_them), "--output", str(target), ".",
        ],
        check=True, cwd=ROOT,
    )  # fmt: skip
    with target.open("rb") as file:
        return read_po(file)


@pytest.fixture(scope="session")
def phrases(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return extracted(tmp_path_factory.mktemp("words") / "messages.pot")


def test_no_phrase_is_said_alone_and_counted_too(tmp_path: Path) -> None:
    """A catalogue keeps them as one, so that the phrase said alone would ask for a number."""
    alone = extracted(tmp_path / "alone.pot", "_", "gettext", "_l", "lazy_gettext")
    counted = extracted(tmp_path / "counted.pot", "ngettext:1,2")
    singulars = {message.id[0] for message in counted if isinstance(message.id, tuple)}
    assert {message.id for message in alone if message.id} & singulars == set()


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
def test_nothing_is_marked_as_a_guess(language: str) -> None:
    """What is marked so is passed over when the catalogue is compiled, and English shows."""
    assert [message.id for message in catalogue(language) if message.id and message.fuzzy] == []


@pytest.mark.parametrize("language", ["fr", "nl"])
def test_compiling_does_not_pass_over_a_catalogue(language: str) -> None:
    assert not catalogue(language).fuzzy, "a catalogue without a header is taken for a draft"
