"""A day's minutes: a path from the day's open to its close that looks like a stock's.

Volatility and volume are high after the open and before the close; volatility comes in clusters;
weak drifts last about half an hour and turn (too weak to show in the autocorrelation of minute
returns). Every price is rounded to the cent.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from flotilla.practice.session import Session
from flotilla.practice.sources.source import Floats, SessionBars

_CLUSTER_MEMORY = 0.93  # a minute
_CLUSTER_SIZE = 0.45  # standard deviation of the logarithm of a minute's volatility
_DRIFT_MEMORY = 0.97  # a minute
_DRIFT_SIZE = 0.12  # of a minute's volatility
_OPENING_JITTER = 0.15  # of a minute's volatility, between a close and the next open
_SHARES_A_TRADE = 130
_WHOLE_DAY = 24 * 60
_BLOCK = 60  # minutes


@dataclass(frozen=True, slots=True)
class DayShape:
    """Where the day begins and ends, its volatility (of the log return), its volume in shares."""

    open: float
    close: float
    volatility: float
    volume: float


@dataclass(frozen=True, eq=False)
class _Profile:
    """What every session of one length shares."""

    volatility: Floats  # a minute's share of the day's, squares sum to one
    volume: Floats


@lru_cache(maxsize=8)
def _profile(minutes: int) -> _Profile:
    since_open = np.arange(minutes, dtype=np.float64)
    until_close = since_open[::-1]
    # A day of coins has no opening and no closing bell.
    rush = 0.0 if minutes == _WHOLE_DAY else 1.0
    volatility = 1 + rush * (1.4 * np.exp(-since_open / 20) + 0.5 * np.exp(-until_close / 15))
    volume = 1 + rush * (2.4 * np.exp(-since_open / 22) + 2.2 * np.exp(-until_close / 14))
    return _Profile(
        volatility=volatility / np.sqrt(np.sum(volatility**2)),
        volume=volume,
    )


@lru_cache(maxsize=2)
def _memory_matrix(memory: float) -> Floats:
    """Return the matrix that sums a block of shocks, each fading by `memory` a minute."""
    lag = np.subtract.outer(np.arange(_BLOCK), np.arange(_BLOCK))
    return np.where(lag >= 0, memory ** np.clip(lag, 0, None).astype(np.float64), 0.0)


def _remembered(noise: Floats, memory: float) -> Floats:
    """Turn white noise into an AR(1) process of unit variance, block by block: the matrix of a whole
    day of coins would not fit a processor's cache."""
    shocks = noise * np.sqrt(1 - memory**2)
    shocks[0] = noise[0]
    weights, values, before = _memory_matrix(memory), np.empty(len(noise)), 0.0
    fading = memory * weights[:, 0]
    for begin in range(0, len(noise), _BLOCK):
        block = shocks[begin : begin + _BLOCK]
        size = len(block)
        values[begin : begin + size] = weights[:size, :size] @ block + fading[:size] * before
        before = values[begin + size - 1]
    return values


def minute_bars(session: Session, shape: DayShape, generator: np.random.Generator) -> SessionBars:
    """Generate the session's bars; the first opens and the last closes where `shape` says."""
    size = session.minutes
    profile = _profile(size)
    noise = generator.standard_normal((5, size))
    cluster = np.exp(_CLUSTER_SIZE * _remembered(noise[0], _CLUSTER_MEMORY) - _CLUSTER_SIZE**2)
    volatility = shape.volatility * profile.volatility * cluster
    returns = volatility * (noise[1] + _DRIFT_SIZE * _remembered(noise[2], _DRIFT_MEMORY))
    # Bridge: what is missing to the day's close is spread where the day is most volatile.
    missing = np.log(shape.close / shape.open) - returns.sum()
    returns += missing * volatility**2 / np.sum(volatility**2)
    closes = shape.open * np.exp(np.cumsum(returns))
    closes[-1] = shape.close
    opens = np.concatenate(([shape.open], closes[:-1]))
    opens[1:] *= np.exp(_OPENING_JITTER * volatility[1:] * noise[3, 1:])
    return _rounded(session, shape, opens, closes, volatility, noise[4], generator)


def _rounded(
    session: Session,
    shape: DayShape,
    opens: Floats,
    closes: Floats,
    volatility: Floats,
    volume_noise: Floats,
    generator: np.random.Generator,
) -> SessionBars:
    size = session.minutes
    high, low = _extremes(opens, closes, volatility * opens, generator.random((2, size)))
    opens, closes = np.round(opens, 2), np.round(closes, 2)
    high = np.maximum(np.round(high, 2), np.maximum(opens, closes))
    low = np.minimum(np.round(low, 2), np.minimum(opens, closes))
    activity = np.abs(np.log(closes / opens)) / volatility
    weights = _profile(size).volume * np.exp(0.35 * volume_noise) * (0.6 + 0.4 * activity)
    volume = np.maximum(1, np.round(shape.volume * weights / weights.sum())).astype(np.int64)
    return SessionBars(
        session=session,
        minutes=np.arange(size, dtype=np.int64),
        open=opens,
        high=high,
        low=low,
        close=closes,
        volume=volume,
        trade_count=np.maximum(1, volume // _SHARES_A_TRADE),
        vwap=np.round((opens + high + low + closes) / 4, 4),
    )


def _extremes(opens: Floats, closes: Floats, volatility: Floats, uniform: Floats) -> tuple[Floats, Floats]:
    """Draw the highest and lowest point of a Brownian bridge from each open to its close."""
    squared = (closes - opens) ** 2
    reach = np.sqrt(squared - 2 * volatility**2 * np.log(1 - uniform))
    middle = opens + closes
    return (middle + reach[0]) / 2, (middle - reach[1]) / 2
