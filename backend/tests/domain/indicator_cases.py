"""Uses of every entry of the catalogue, with default and with random parameters, and bars for them."""

from datetime import date

import numpy as np
from hypothesis import strategies as st

from flotilla.domain.indicators import CATALOGUE, SOURCES, Below, Indicator, IndicatorUse, Parameter, problems
from flotilla.domain.market import Series
from tests.domain.series import sessions, weekdays

NAMES = tuple(sorted(CATALOGUE))
# Windows of random uses are kept short, so that a history of some sessions settles them.
LONGEST = 40


def market(seed: int, days: int, *, missing: float = 0.05) -> Series:
    """Minutes of whole sessions as an exchange prints them: in cents, with quiet and wild hours and gaps."""
    raw = sessions(weekdays(date(2026, 2, 2), days), seed=seed, missing=missing)
    random = np.random.default_rng(seed + 1)
    rows = len(raw)
    pace = np.exp(np.repeat(random.normal(0.0, 0.7, rows // 60 + 1), 60)[:rows])
    close = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.0006, rows) * pace))
    opened = np.r_[close[:1], close[:-1]] * np.exp(random.normal(0.0, 0.0002, rows))
    reach = random.exponential(0.0003, (2, rows)) * pace
    high = np.maximum(opened, close) * (1.0 + reach[0])
    low = np.minimum(opened, close) * (1.0 - reach[1])
    prices = [np.round(column, 2) for column in (opened, high, low, close)]
    return Series(raw.start, *prices, raw.volume, timeframe=raw.timeframe, clock=raw.clock)


def default_use(name: str) -> IndicatorUse:
    return IndicatorUse("x", name, {})


def random_use(name: str, random: np.random.Generator) -> IndicatorUse:
    """A valid use with parameters (and a source, where there is a choice) drawn over their ranges."""
    entry = CATALOGUE[name]
    params = {parameter.name: _draw(parameter, random) for parameter in entry.parameters}
    for _ in entry.constraints:
        for rule in entry.constraints:
            _mend(params, rule, entry)
    source = str(random.choice(SOURCES)) if entry.source and random.random() < 0.5 else "close"
    use = IndicatorUse("x", name, params, source)  # type: ignore[arg-type]
    assert not problems(use, "at"), (use, problems(use, "at"))
    return use


def _draw(parameter: Parameter, random: np.random.Generator) -> float | str:
    if parameter.type == "choice":
        return str(random.choice(parameter.choices))
    assert parameter.minimum is not None
    assert parameter.maximum is not None
    if parameter.type == "int":
        return int(random.integers(parameter.minimum, min(parameter.maximum, LONGEST) + 1))
    # Around the default and over the whole range: most ranges are far wider than their sensible part.
    value = float(parameter.default) * float(random.choice([0.5, 1.0, 1.5]))
    return min(max(value, parameter.minimum), parameter.maximum)


def _mend(params: dict[str, float | str], rule: Below, entry: Indicator) -> None:
    """Swap two values that stand the wrong way round; part equal ones."""
    lower, upper = float(params[rule.lower]), float(params[rule.upper])
    if lower > upper:
        params[rule.lower], params[rule.upper] = params[rule.upper], params[rule.lower]
    elif lower == upper and not rule.or_equal:
        parameter = next(p for p in entry.parameters if p.name == rule.upper)
        params[rule.upper] = (int(upper) + 1) if parameter.type == "int" else upper * 1.1


seeds = st.integers(0, 2**32 - 1)
