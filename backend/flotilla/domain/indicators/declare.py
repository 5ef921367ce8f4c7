"""The vocabulary in which the tables declare parameters, outputs and memories."""

import math
from collections.abc import Callable

from flotilla.domain.indicators.entry import UNBOUNDED, Output, Parameter, Values

LONGEST = 500
MOVING_AVERAGES = (
    "SMA",
    "EMA",
    "WMA",
    "DEMA",
    "TEMA",
    "TRIMA",
    "KAMA",
    "MAMA",
    "T3",
    "HMA",
    "ZLEMA",
    "RMA",
)
_RECURSIVE = {"EMA": 1, "ZLEMA": 1, "DEMA": 2, "TEMA": 3, "T3": 6}  # how many EMAs in a row


def whole(name: str, default: int, label: str = "Length", least: int = 2, most: int = LONGEST) -> Parameter:
    return Parameter(name, label, "int", default, least, most)


def length(default: int, least: int = 2, most: int = LONGEST) -> Parameter:
    """TA-Lib's name for the window's length in bars."""
    return whole("timeperiod", default, "Length", least, most)


def number(name: str, default: float, label: str, least: float, most: float) -> Parameter:
    return Parameter(name, label, "float", default, least, most)


def choice(name: str, default: str, label: str, *choices: str) -> Parameter:
    return Parameter(name, label, "choice", default, choices=choices)


def average(default: str, name: str = "matype", label: str = "Moving average") -> Parameter:
    """A moving average by its name."""
    return choice(name, default, label, *MOVING_AVERAGES)


def lines(names: str, least: float | None = None, most: float | None = None) -> tuple[Output, ...]:
    """Outputs from "name=Label name=Label"; underscores in labels read as spaces."""
    pairs = (word.partition("=") for word in names.split())
    return tuple(Output(name, label.replace("_", " "), least, most) for name, _, label in pairs)


def bars(*names: str, extra: int = 0) -> Callable[[Values], float]:
    """The memory of windows one behind the other: the sum of these lengths, and `extra` bars."""
    return lambda p: float(sum(p[name] for name in names) + extra)


def constant(count: int) -> Callable[[Values], float]:
    return lambda _: count


def unbounded(_: Values) -> float:
    return UNBOUNDED


def settled(alpha: float, share: float = 1e-9) -> int:
    """Bars after which the start has only `share` in an average that weighs the newest value `alpha`."""
    return 0 if alpha >= 1.0 else math.ceil(math.log(share) / math.log1p(-alpha))


def ema(count: float, in_a_row: int = 1, share: float = 1e-9) -> int:
    """The memory of an EMA over `count` bars, or of several of them in a row.

    The start's share in a cascade of k falls as a Poisson tail: a fifth more bars for each further one.
    """
    forget = math.ceil(settled(2.0 / (count + 1.0), share) * (1.0 + 0.2 * (in_a_row - 1)))
    return int(count) * in_a_row + forget


def ema_of_changes(count: float, in_a_row: int = 1) -> int:
    """The memory of an EMA of changes, ranges or volumes.

    Those at the start may be many times those at the end, which prices are not: a tenth of the share.
    """
    return ema(count, in_a_row, 1e-10)


def rma(count: float, in_a_row: int = 1) -> int:
    """The memory of Wilder's average (weight 1 / count), which is one of changes or ranges."""
    forget = math.ceil(settled(1.0 / count, 1e-10) * (1.0 + 0.2 * (in_a_row - 1)))
    return int(count) * in_a_row + 1 + forget


def ma(kind: str, count: float) -> float:
    """The memory of a moving average named as in MOVING_AVERAGES."""
    if kind in ("KAMA", "MAMA"):
        return UNBOUNDED
    if kind == "RMA":
        return rma(count)
    if kind == "HMA":
        return count + math.isqrt(int(count)) + 1
    return ema(count, _RECURSIVE[kind]) + count if kind in _RECURSIVE else count
