"""Progress: what a long command says while it works, on stderr.

On a terminal a bar moves; elsewhere (a log, a pipe) there is a line now and then. rich is imported
when a bar is shown and not before.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Step = Callable[[int, int], None]  # done, total (0: nobody knows)
SECONDS_BETWEEN_LINES = 5.0


@contextmanager
def shown(label: str) -> Iterator[Step]:
    """A step function to call with what is done and what there is in all."""
    if sys.stderr.isatty():
        with _bar(label) as step:
            yield step
    else:
        yield _lines(label)


@contextmanager
def _bar(label: str) -> Iterator[Step]:
    # only for people who look at a terminal
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(label, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total or None)


def _lines(label: str) -> Step:
    spoken = time.monotonic()

    def step(done: int, total: int) -> None:
        nonlocal spoken
        if time.monotonic() - spoken >= SECONDS_BETWEEN_LINES:
            spoken = time.monotonic()
            of_total = f" of {total}" if total else ""
            print(f"{label}: {done}{of_total}", file=sys.stderr, flush=True)

    return step
