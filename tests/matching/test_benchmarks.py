"""Claims about what every benchmark reports."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import report
from benchmarks.report import Bar, Report


@pytest.mark.parametrize(
    ("value", "must", "ok"),
    [
        (2.0, "<= 2.0", True),
        (2.01, "<= 2.0", False),
        (0.35, ">= 0.35", True),
        (0.0, "== 0", True),
        (1.0, "< 1", False),
        (float("nan"), ">= 0", False),
    ],
)
def test_a_bar_holds_or_not(value: float, must: str, ok: bool) -> None:
    assert Bar(value, must).ok is ok


def test_the_last_line_is_one_json_object_with_its_bars() -> None:
    found = Report({"mrr": np.float32(0.5), "n": np.int64(3)}, {"mrr": Bar(0.5, ">= 0.4")})
    told = json.loads(report.as_json("reading", found))
    assert set(told) == {"benchmark", "machine", "date", "figures", "bars"}
    assert told["bars"] == {"mrr": {"value": 0.5, "must": ">= 0.4", "ok": True}}
    assert told["figures"] == {"mrr": 0.5, "n": 3}
    assert "cores" in told["machine"]


def test_a_paired_interval_holds_a_constant_difference_exactly() -> None:
    random = np.random.default_rng(0)
    theirs = random.random(50)
    found = report.paired(theirs + 0.25, theirs)
    assert found.low == pytest.approx(0.25)
    assert found.high == pytest.approx(0.25)


def test_a_paired_interval_of_noise_holds_zero() -> None:
    random = np.random.default_rng(0)
    found = report.paired(random.random(400), random.random(400))
    assert found.low < 0 < found.high


def test_pairs_of_different_cases_are_refused() -> None:
    with pytest.raises(ValueError, match="3 cases against 2"):
        report.paired([1, 2, 3], [1, 2])


def test_the_list_names_each_benchmark(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 0
    assert "reading" in capsys.readouterr().out
    assert "labelled" not in command.benchmarks()


def test_an_unknown_name_or_missing_data_is_one_line_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["nothing"]) == 2
    assert command.main(["reading"]) == 2
    assert command.main(["reading", "--data", str(tmp_path)]) == 2
    assert "Traceback" not in capsys.readouterr().err
