"""Documents are true: links lead somewhere, and what stands in a shell block can be typed."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from serendipity.cli.frame import commands

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)
INLINE = re.compile(r"`((?:\.venv/bin/)?serendipity [^`]+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text("utf-8")):
        if not target.startswith(("http", "#", "mailto:")):
            path = (page.parent / target.partition("#")[0]).resolve()
            assert path.exists(), f"{page.name} links to {target}"


def typed() -> Iterator[tuple[str, str]]:
    """Each line of each shell block, and each `serendipity …` in a sentence."""
    for page in PAGES:
        if page.name == "api.md":
            continue  # a tour in shell functions: tests/api holds its paths to the description
        words = page.read_text("utf-8")
        for block in BLOCK.findall(words):
            for line in block.replace("\\\n", " ").splitlines():
                command = line.partition(" #")[0].strip()
                if command:
                    yield page.name, command
        for command in INLINE.findall(words):
            yield page.name, command


@pytest.mark.parametrize(("page", "command"), sorted(set(typed())))
def test_a_command_in_a_document_exists_with_its_options(page: str, command: str) -> None:
    parts = [part for part in shlex.split(command) if not re.fullmatch(r"[A-Z_]+=\S*", part)]
    program, *arguments = parts
    if program.endswith("python") or program == "python":
        assert arguments[:2] in (["-m", "matching"], ["-m", "benchmarks"]), command
        answer = subprocess.run(
            [sys.executable, *arguments[:2], "--help"], capture_output=True, text=True, cwd=ROOT,
            check=False,
        )  # fmt: skip
        assert answer.returncode == 0, answer.stderr
        for word in arguments[2:3]:
            assert word.startswith("-") or word in answer.stdout, f"{word}: {answer.stdout}"
    elif program.endswith("serendipity"):
        _exists(arguments)
    elif program.startswith("scripts/"):
        assert (ROOT / program).stat().st_mode & 0o100, f"{program} cannot be run"
    else:
        assert program in {"git", "curl", "pip", "cd", "export", "jq", "TOKEN", "source"}, command


def _exists(arguments: list[str]) -> None:
    """Walk down the command line's groups to the command, and look its options up."""
    found = commands
    options = {option for parameter in found.params for option in parameter.opts}
    rest = list(arguments)
    while rest and rest[0].startswith("--"):
        assert rest.pop(0) in options
        rest.pop(0)
    while hasattr(found, "commands"):
        found = found.commands[rest.pop(0)]
    options = {option for parameter in found.params for option in parameter.opts}
    assert {part for part in rest if part.startswith("--")} <= options
    assert CliRunner().invoke(found, ["--help"]).exit_code == 0
