"""The plan of the house, kept: imports point down only, and web processes stay light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
GROUND = {
    "db",
    "errors",
    "clock",
    "config",
    "schema",
    "migrate",
    "sockets",
    "tables",
    "append_only",
    "many",
}
FRONTS = {"web", "api", "live", "jobs", "cli", "serving", "gunicorn_settings", "demo"}
TOP = {"app", "__main__", "__init__"}
HEAVY = ("numpy", "scipy", "sklearn", "ortools", "fast_use", "networkx", "pyarrow", "alembic")
FORBIDDEN_NAMES = {"utils", "helpers", "services", "models", "common", "misc"}
WITH_MATCHING = {"evidence", "suggestions", "hearing", "calls", "skills"}
MODULES = sorted(
    path
    for folder in ("serendipity", "matching", "kiosk")
    for path in (ROOT / folder).rglob("*.py")
    if "demo" not in path.parts
)


def room(path: Path) -> str:
    """The room a module of the service belongs to: the first name below serendipity/."""
    return path.relative_to(ROOT / "serendipity").with_suffix("").parts[0]


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Modules imported, with whether the import stands at the top of the file."""
    tree = ast.parse(path.read_text("utf-8"))
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name, id(node) in top
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield str(node.module), id(node) in top
            for name in node.names:
                yield f"{node.module}.{name.name}", id(node) in top


DOMAIN = [
    path
    for path in MODULES
    if path.is_relative_to(ROOT / "serendipity") and room(path) not in GROUND | FRONTS | TOP
]


@pytest.mark.parametrize("path", DOMAIN, ids=lambda path: path.stem)
def test_the_domain_knows_no_framework_and_no_front(path: Path) -> None:
    for name, _ in imports(path):
        assert name.split(".")[0] not in {
            "flask",
            "flask_login",
            "flask_babel",
            "werkzeug",
            "kiosk",
        }
        if name.startswith("serendipity."):
            assert name.split(".")[1] not in FRONTS | TOP, f"{path.name} imports {name}"


@pytest.mark.parametrize("path", DOMAIN, ids=lambda path: path.stem)
def test_only_what_feeds_suggestions_imports_matching(path: Path) -> None:
    if room(path) in WITH_MATCHING:
        return
    used = {name for name, _ in imports(path) if name.split(".")[0] == "matching"}
    assert used <= {"matching", "matching.text", "matching.text.normalised"}, used


def test_the_ground_knows_nothing_above_it() -> None:
    for path in MODULES:
        if path.is_relative_to(ROOT / "serendipity") and room(path) in GROUND - {"tables"}:
            for name, _ in imports(path):
                if name.startswith("serendipity."):
                    assert name.split(".")[1] in GROUND, f"{path.name} imports {name}"


def test_fronts_do_not_import_one_another() -> None:
    for path in MODULES:
        if path.is_relative_to(ROOT / "kiosk"):
            own = "kiosk"
        elif path.is_relative_to(ROOT / "serendipity") and room(path) in {"web", "api", "live"}:
            own = room(path)
        else:
            continue
        for name, _ in imports(path):
            for other in {"web", "api", "live"} - {own}:
                if other == "web" and name.startswith(
                    (
                        "serendipity.web.access",
                        "serendipity.web.session",
                        "serendipity.web.forms",
                        "serendipity.web.addresses",
                        "serendipity.web.language",
                        "serendipity.web.errors",
                        "serendipity.web.wording",
                        "serendipity.web.walltime",
                        "serendipity.web.moments",
                        "serendipity.web.saying",
                        "serendipity.web.traces",
                    )
                ):
                    continue  # what all fronts share: who may, who is it, in which words
                assert not name.startswith(f"serendipity.{other}."), f"{path} imports {name}"
            assert own == "kiosk" or not name.startswith("kiosk"), f"{path} imports {name}"


def test_matching_is_a_pure_library() -> None:
    forbidden = {
        "serendipity",
        "kiosk",
        "flask",
        "sqlalchemy",
        "requests",
        "urllib.request",
        "socket",
    }
    for path in MODULES:
        if path.is_relative_to(ROOT / "matching"):
            for name, _ in imports(path):
                assert name not in forbidden, f"{path.name} imports {name}"
                assert name.split(".")[0] not in forbidden, f"{path.name} imports {name}"


def test_no_module_is_named_for_a_drawer() -> None:
    assert [path for path in MODULES if path.stem in FORBIDDEN_NAMES] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_are_short_and_say_what_they_are(path: Path) -> None:
    words = path.read_text("utf-8")
    doc = ast.get_docstring(ast.parse(words))
    assert doc, f"{path.name} does not say what it is"
    if len(words.splitlines()) > 400:
        assert "over 400 lines" in doc.split("\n\n")[0], "say why in the first paragraph, or split"


def test_a_web_process_imports_nothing_heavy_and_starts_below_90_mb(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from serendipity import config\n"
        "from serendipity.app import create_app\n"
        f"create_app(config.load({{}}, instance=Path({str(tmp_path)!r})))\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
        # Not ru_maxrss: that remembers the parent's size at the fork.
        "words = Path('/proc/self/status').read_text()\n"
        "print(int(words.partition('VmHWM:')[2].split()[0]) // 1024)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    heavy, megabytes = answer.stdout.splitlines()[-2:]
    assert heavy == "[]"
    assert int(megabytes) <= 90
