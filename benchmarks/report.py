"""Report: what every benchmark says at its end, so that figures can be compared.

A benchmark returns figures (what was measured) and bars (what must hold). They are printed for a
person, then once more as one JSON object on the last line. Where two methods saw the same cases,
their difference comes with a paired bootstrap interval (Efron, 1979).
"""

from __future__ import annotations

import json
import operator
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

_SENSES: Final[dict[str, Callable[[float, float], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}


@dataclass(frozen=True, slots=True)
class Bar:
    """Something that must hold.

    Attributes
    ----------
    value : float
    must : str
        A sense and a limit: ``"<= 2.0"``.
    """

    value: float
    must: str

    @property
    def ok(self) -> bool:
        """Whether it holds; a value that is not a number never does."""
        sense, limit = self.must.split()
        return bool(_SENSES[sense](self.value, float(limit)))


@dataclass(frozen=True)
class Report:
    """What one run of one benchmark found."""

    figures: Mapping[str, Any]
    bars: Mapping[str, Bar] = field(default_factory=dict)


def machine() -> str:
    """Return the processor, cores, memory and Python of this machine in one line."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [ln for ln in info.read_text().splitlines() if ln.startswith("model name")]
        cpu = names[0].partition(":")[2].strip() if names else cpu
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = platform.python_version()
    return f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {python}"


def as_json(name: str, report: Report) -> str:
    """Return the last line: one JSON object."""
    bars = {what: {"value": b.value, "must": b.must, "ok": b.ok} for what, b in report.bars.items()}
    told = {
        "benchmark": name,
        "machine": machine(),
        "date": datetime.now(UTC).date().isoformat(),
        "figures": report.figures,
        "bars": bars,
    }
    return json.dumps(told, default=_plain)


def _plain(value: Any) -> Any:
    """Turn what numpy returns into what JSON knows."""
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else str(value)


def as_text(report: Report) -> str:
    """Return the figures and bars for a person."""
    lines = [f"{what:<44} {_short(value)}" for what, value in report.figures.items()]
    for what, bar in report.bars.items():
        lines.append(f"{'ok ' if bar.ok else 'NOT'} {what:<40} {_short(bar.value)} {bar.must}")
    return "\n".join(lines)


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {_short(v)}" for k, v in value.items())
    return f"{value:.4g}" if isinstance(value, float | np.floating) else str(value)


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float

    def rounded(self) -> dict[str, float]:
        """Return it for a report."""
        return {"mean": round(self.mean, 4), "low": round(self.low, 4), "high": round(self.high, 4)}


def interval(values: ArrayLike, *, draws: int = 2000, random_state: int = 0) -> Interval:
    """Return the mean of `values` with its bootstrap interval.

    Raises
    ------
    ValueError
        When there is no value.

    Examples
    --------
    >>> interval([1.0, 1.0, 1.0])
    Interval(mean=1.0, low=1.0, high=1.0)
    """
    held = np.asarray(values, dtype=np.float64)
    if not held.size:
        raise ValueError("no value to average")
    random = np.random.default_rng(random_state)
    means = [held[random.integers(0, held.size, held.size)].mean() for _ in range(draws)]
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(held.mean()), float(low), float(high))


def paired(ours: Sequence[float] | ArrayLike, theirs: Sequence[float] | ArrayLike) -> Interval:
    """Return the mean of ours − theirs over the same cases, with its interval.

    Raises
    ------
    ValueError
        When the two did not see the same number of cases.
    """
    a, b = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    if a.shape != b.shape:
        raise ValueError(f"{a.size} cases against {b.size}")
    return interval(a - b)
