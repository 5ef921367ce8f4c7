"""Limit-up and limit-down bands of stocks: the US exchanges' plan against extraordinary volatility.

The reference price is the mean of the trades of the last five minutes. Bands are 5 % to either side, 20 %
up to 3 dollars, below 75 cents 15 cents (at most 75 %); twice as wide in a session's last 25 minutes.
https://www.luldplan.com (all stocks are taken as tier 1, and the reference moves every minute).
"""

from collections.abc import Iterable
from datetime import timedelta

from flotilla.practice.session import Bar

REFERENCE_WINDOW = timedelta(minutes=5)
_DOUBLED = timedelta(minutes=25)


def limit_bands(bars: Iterable[Bar], until_close: timedelta) -> tuple[float, float] | None:
    """Return the upper and the lower band; `bars`: of the reference window. None without a trade."""
    traded = [(bar.vwap * bar.volume, bar.volume) for bar in bars]
    volume = sum(count for _, count in traded)
    if not volume:
        return None
    reference = sum(value for value, _ in traded) / volume
    reach = _reach(reference) * (2 if until_close <= _DOUBLED else 1)
    return round(reference + reach, 2), round(max(0.0, reference - reach), 2)


def _reach(reference: float) -> float:
    if reference > 3:
        return 0.05 * reference
    return 0.2 * reference if reference >= 0.75 else min(0.15, 0.75 * reference)
