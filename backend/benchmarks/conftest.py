"""Every benchmark in one table: what, ours, what stands beside it, the ratio, the goal, met or not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Goal:
    """What a benchmark is held against. Every part that is given must be met.

    `beside`: the name of the benchmark that stands beside it; `at_most_times` / `ahead`: its time is
    at most so many times that one's, or below it. `seconds`: the median. `rate`: `count` things a round
    make at least so many a second. `p95`, `p99`, `worst`: seconds.
    """

    beside: str | None = None
    at_most_times: float | None = None
    ahead: bool = False
    seconds: float | None = None
    p95: float | None = None
    p99: float | None = None
    worst: float | None = None
    count: int = 1
    rate: float | None = None


@pytest.fixture
def figure(benchmark: Any) -> Callable[..., Any]:
    """Measure a function: `figure("what it is", function, Goal(...), rounds=...)`; returns its answer."""

    def measure(
        what: str, function: Callable[..., Any], goal: Goal | None = None, rounds: int = 30, **more: Any
    ) -> Any:
        benchmark.extra_info["what"] = what
        benchmark.extra_info["goal"] = goal or Goal()
        return benchmark.pedantic(function, rounds=rounds, iterations=1, warmup_rounds=1, **more)

    return measure


@pytest.fixture
def told(benchmark: Any) -> Callable[..., None]:
    """Put seconds that another process has measured into the table: `told("what", durations, Goal(...))`."""

    def tell(what: str, durations: Sequence[float], goal: Goal | None = None) -> None:
        benchmark.extra_info["what"] = what
        benchmark.extra_info["goal"] = goal or Goal()
        ends = list(accumulate(durations))
        moments = iter([moment for start, end in pairwise([0.0, *ends]) for moment in (start, end)])
        benchmark._timer = lambda: next(moments)
        benchmark.pedantic(lambda: None, rounds=len(durations), iterations=1)

    return tell


def pytest_benchmark_update_json(output_json: dict[str, Any]) -> None:
    """Goals are for the table; JSON does not know them."""
    for one in output_json["benchmarks"]:
        one["extra_info"].pop("goal", None)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: Any) -> None:
    found = [
        one for one in config._benchmarksession.benchmarks if "what" in one.extra_info and one.stats.data
    ]
    medians = {one.name: one.stats.median for one in found}
    table = Table(title="Benchmarks", show_lines=False)
    for heading in ("what", "ours", "beside it", "", "ratio", "goal", "met"):
        table.add_column(heading, justify="left" if heading in ("what", "beside it", "goal") else "right")
    titles = {one.name: one.extra_info["what"] for one in found}
    for one in found:
        table.add_row(*_row(one, medians, titles))
    Console(width=180).print(table)


def _row(one: Any, medians: dict[str, float], titles: dict[str, str]) -> list[str]:
    goal: Goal = one.extra_info["goal"]
    ours = medians[one.name]
    other = medians.get(goal.beside or "")
    ratio = "" if other is None else f"{ours / other:.2f}x"
    met = _met(goal, ours, other, one)
    return [
        one.extra_info["what"],
        _shown(ours, goal.count),
        titles.get(goal.beside or "", "" if goal.beside is None else f"({goal.beside} did not run)"),
        "" if other is None else _shown(other, goal.count),
        ratio,
        _words(goal),
        "" if met is None else ("yes" if met else "NO"),
    ]


def _met(goal: Goal, ours: float, other: float | None, one: Any) -> bool | None:
    checks = []
    if goal.at_most_times is not None and other is not None:
        checks.append(ours <= goal.at_most_times * other)
    if goal.ahead and other is not None:
        checks.append(ours < other)
    if goal.seconds is not None:
        checks.append(ours <= goal.seconds)
    if goal.rate is not None:
        checks.append(goal.count / ours >= goal.rate)
    ordered = sorted(one.stats.data)
    for share, most in ((0.95, goal.p95), (0.99, goal.p99), (1.0, goal.worst)):
        if most is not None:
            checks.append(ordered[int(share * (len(ordered) - 1))] <= most)
    return all(checks) if checks else None


def _words(goal: Goal) -> str:
    words = []
    if goal.at_most_times is not None:
        words.append(f"at most {goal.at_most_times:g}x")
    if goal.ahead:
        words.append("ahead")
    if goal.seconds is not None:
        words.append(f"at most {_shown(goal.seconds, 1)}")
    if goal.p95 is not None:
        words.append(f"p95 at most {_shown(goal.p95, 1)}")
    if goal.p99 is not None:
        words.append(f"p99 at most {_shown(goal.p99, 1)}")
    if goal.worst is not None:
        words.append(f"never above {_shown(goal.worst, 1)}")
    if goal.rate is not None:
        words.append(f"at least {goal.rate:,.0f}/s")
    return ", ".join(words)


def _shown(seconds: float, count: int) -> str:
    if count > 1:
        return f"{count / seconds:,.0f}/s"
    if seconds < 1.0:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds:.3g} s"
