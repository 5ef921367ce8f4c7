"""Which column is what, by the names that common exports use."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flotilla.ports.bar_files import UnreadableFile

PRICES = ("open", "high", "low", "close", "volume")

# In order of preference, lower case and without anything but letters and digits.
_TIMES = (
    "timestamp",
    "datetime",
    "dateandtime",
    "opentime",
    "starttime",
    "start",
    "time",
    "date",
    "t",
    "indexlevel0",
    "unnamed0",
    "unix",
    "epoch",
)
_NAMES = {
    "open": ("open", "o", "openprice", "1open"),
    "high": ("high", "h", "highprice", "max", "2high"),
    "low": ("low", "l", "lowprice", "min", "3low"),
    "close": ("close", "c", "closeprice", "last", "4close"),
    "volume": ("volume", "v", "vol", "5volume", "volumebtc", "tickvol"),
}
_SYMBOLS = ("symbol", "ticker", "sym")


@dataclass(frozen=True, slots=True)
class Layout:
    """The file's own names: of the time (a date and a time of day where those are two columns), of each
    of PRICES, and of the symbol where there is a column of it.
    """

    time: tuple[str, ...]
    prices: tuple[str, ...]
    symbol: str | None


def layout(path: Path, names: Sequence[str]) -> Layout:
    """Find the columns. Raises UnreadableFile for one that is not there."""
    plain: dict[str, str] = {}
    for name in names:
        plain.setdefault(re.sub(r"[^a-z0-9]", "", name.lower()), name)
    time = _first(plain, _TIMES)
    prices = {wanted: _first(plain, options) for wanted, options in _NAMES.items()}
    missing = [wanted for wanted, found in (("timestamp", time), *prices.items()) if found is None]
    if missing:
        shown = ", ".join(names[:12]) or "none"
        raise UnreadableFile(path, f"has no column {', '.join(missing)}; its columns are: {shown}.")
    parts = (
        (plain["date"], plain["time"])
        if time in (plain.get("date"), plain.get("time"))
        and {
            "date",
            "time",
        }
        <= set(plain)
        else (str(time),)
    )
    return Layout(parts, tuple(str(prices[name]) for name in PRICES), _first(plain, _SYMBOLS))


def _first(plain: dict[str, str], options: Sequence[str]) -> str | None:
    return next((plain[option] for option in options if option in plain), None)
