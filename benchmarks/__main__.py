"""Benchmarks: `python -m benchmarks` lists them, `python -m benchmarks NAME` runs one.

A benchmark is a module of this package with a function ``measure(data, *, quick)`` that returns
a `benchmarks.report.Report`; `data` is a folder of public data, or None.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import sys
from pathlib import Path

from benchmarks import report
from matching.errors import MatchingError

_FOLDER = Path(__file__).parent


def benchmarks() -> dict[str, str]:
    """Return the benchmarks and the first line of what each says of itself."""
    found = {}
    for path in sorted(_FOLDER.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if any(isinstance(node, ast.FunctionDef) and node.name == "measure" for node in tree.body):
            found[path.stem] = (ast.get_docstring(tree) or "").partition("\n")[0]
    return found


def main(arguments: list[str] | None = None) -> int:
    """List, or run one; exit code 1 when a bar does not hold, 2 when it cannot run."""
    known = benchmarks()
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("name", nargs="?", metavar="NAME", help=", ".join(known))
    parser.add_argument("--data", type=Path, help="folder of public data")
    parser.add_argument("--quick", action="store_true", help="a small part, to see that it runs")
    args = parser.parse_args(arguments)
    if args.name is None:
        print("\n".join(f"{name:<12} {line}" for name, line in known.items()))
        return 0
    if args.name not in known:
        print(f"no benchmark {args.name}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    module = importlib.import_module(f"benchmarks.{args.name}")
    try:
        found: report.Report = module.measure(args.data, quick=args.quick)
    except (OSError, MatchingError) as error:
        print(f"{args.name}: {error}", file=sys.stderr)
        return 2
    print(report.as_text(found))
    print(report.as_json(args.name, found))
    return 0 if all(bar.ok for bar in found.bars.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
