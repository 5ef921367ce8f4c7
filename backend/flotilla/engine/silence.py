"""How long a symbol may say nothing before that is no accident: how often it has traded answers it."""

import math
from collections.abc import Iterable
from datetime import timedelta

import numpy as np

from flotilla.domain.market import TimeArray

# A silence that chance brings less often than this is taken for a fault.
_DOUBT = 1e-6
# However regularly a symbol trades, a bar may be late: no minute is promised.
_MOST = 0.97
_LEAST = 0.01
_LOOK_BACK = 240  # bars
_NIGHT = 3 * 3600  # seconds: a longer pause is not of a session
SHORTEST = timedelta(minutes=2)


def share_of_minutes(starts: TimeArray) -> float:
    """The part of a session's minutes that a symbol has bars in, by its newest ones.

    `starts` are their open times, in seconds since 1970 UTC, ascending. Little is expected of a symbol
    of which little is known.
    """
    gaps = np.diff(starts[-_LOOK_BACK:])
    gaps = gaps[gaps <= _NIGHT]
    if len(gaps) < 2:
        return _LEAST
    return float(np.clip(60.0 * len(gaps) / gaps.sum(), _LEAST, _MOST))


def patience(shares: Iterable[float]) -> timedelta:
    """The silence of all these symbols together that has ceased to be chance, in market time.

    If each minute brings a bar of a symbol with probability p, independently, k minutes without any
    bar have the probability of the product of (1 - p) over the symbols, to the power of k.
    """
    quiet = sum(math.log1p(-share) for share in shares)
    return max(SHORTEST, timedelta(minutes=math.ceil(math.log(_DOUBT) / quiet)))
