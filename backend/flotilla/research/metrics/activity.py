"""How much of the time and of the money was at work."""

from dataclasses import dataclass

import numpy as np

from flotilla.research.metrics.curves import EquityCurve
from flotilla.research.metrics.ratios import ratio


@dataclass(frozen=True, slots=True)
class ActivityMetrics:
    """Exposure is gross: the sum of |quantity x price| over the open positions.

    - `turnover`: traded value / average equity / years: how many times a year the money changes hands.
      Buys and sells both count (the SEC's figure for funds, the lesser of the two, is about half of it).
    - `time_in_market`: share of base minutes at whose end a position was open.
    - `average_exposure`: mean exposure / mean equity; `maximum_exposure`: largest exposure, USD.

    The ratios are None when average equity is zero or below.
    """

    traded_value: float
    turnover: float | None
    time_in_market: float
    average_exposure: float | None
    maximum_exposure: float


def activity_metrics(curve: EquityCurve, *, traded_value: float) -> ActivityMetrics:
    """All of them; `traded_value` is the sum of |quantity x price| over all fills, USD."""
    equity = max(float(curve.equity.mean()), 0.0)
    return ActivityMetrics(
        traded_value=traded_value,
        turnover=ratio(traded_value, equity * curve.years),
        time_in_market=int(np.count_nonzero(curve.exposure > 0.0)) / len(curve.exposure),
        average_exposure=ratio(float(curve.exposure.mean()), equity),
        maximum_exposure=float(curve.exposure.max()),
    )
