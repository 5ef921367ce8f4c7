"""Rules to try: the bot's indicators that they name, and trees of every shape."""

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from flotilla.domain.indicators import IndicatorUse
from flotilla.domain.market import Series, Timeframe
from flotilla.domain.rules import (
    All,
    Any,
    Between,
    Change,
    Chart,
    Comparison,
    Condition,
    Constant,
    Direction,
    Held,
    IndicatorValue,
    Leaf,
    Not,
    Operand,
    Price,
    Rule,
    Trend,
)
from tests.domain.series import utc

T = Timeframe
USES: Mapping[str, IndicatorUse] = {
    "rsi": IndicatorUse("rsi", "RSI", {"timeperiod": 3}),
    "sma": IndicatorUse("sma", "SMA", {"timeperiod": 4}),
    "macd": IndicatorUse("macd", "MACD", {"fastperiod": 2, "slowperiod": 4, "signalperiod": 3}),
    "slow": IndicatorUse("slow", "SMA", {"timeperiod": 2}, timeframe=T.HOUR_1),
}
RSI, SMA = IndicatorValue("rsi", "rsi"), IndicatorValue("sma", "sma")
MACD, SIGNAL = IndicatorValue("macd", "macd"), IndicatorValue("macd", "signal")
HOURLY = IndicatorValue("slow", "sma")
OPEN, HIGH, LOW = Price("open"), Price("high"), Price("low")
CLOSE, VOLUME = Price("close"), Price("volume")
PLAIN: tuple[Operand, ...] = (RSI, SMA, MACD, SIGNAL, OPEN, HIGH, LOW, CLOSE, VOLUME)

numbers = st.sampled_from([-1.0, 0.0, 1.0, 2.0, 3.5, 4.0, 30.0, 50.0, 70.0, 100.0, 101.0]).map(Constant)
counts = st.integers(1, 4)
agos = st.sampled_from([0, 0, 1, 3])
timeframes = st.sampled_from([None, T.MINUTE_5, T.MINUTE_15, T.HOUR_1, T.HOUR_4, T.DAY_1])

seen_values = st.one_of(
    st.builds(Price, st.sampled_from(["open", "high", "low", "close", "volume"]), agos, timeframes),
    st.builds(
        lambda value, ago: IndicatorValue(value.indicator, value.output, ago),
        st.sampled_from([RSI, SMA, MACD, SIGNAL, HOURLY]),
        agos,
    ),
)
variables: st.SearchStrategy[Operand] = st.one_of(
    seen_values, seen_values, st.builds(Change, seen_values, counts)
)


@st.composite
def conditions(
    draw: st.DrawFn, variables: st.SearchStrategy[Operand] | Sequence[Operand] = variables
) -> Leaf:
    """Draw a condition of any kind on different operands, not all of them numbers."""
    drawn = variables if isinstance(variables, st.SearchStrategy) else st.sampled_from(variables)
    value = draw(drawn)
    others = st.one_of(numbers, drawn).filter(lambda other: other != value)
    match draw(st.sampled_from(["comparison", "comparison", "comparison", "between", "trend"])):
        case "between":
            low, high = draw(others), draw(others)
            if isinstance(low, Constant) and isinstance(high, Constant) and low.value > high.value:
                low, high = high, low
            return Between(value, low, high)
        case "trend":
            return Trend(value, draw(st.sampled_from(Direction)), draw(counts))
    other, op = draw(others), draw(st.sampled_from(Comparison))
    return Condition(other, op, value) if draw(st.booleans()) else Condition(value, op, other)


def groups(members: st.SearchStrategy[Rule]) -> st.SearchStrategy[Rule]:
    several = st.lists(members, min_size=1, max_size=4).map(tuple)
    return st.one_of(several.map(All), several.map(Any), members.map(Not), st.builds(Held, members, counts))


trees: st.SearchStrategy[Rule] = st.recursive(conditions(), groups, max_leaves=8)


def chart_of(
    series: Series, timeframe: Timeframe = T.MINUTE_1, uses: Mapping[str, IndicatorUse] = USES
) -> Chart:
    """Return the chart of minutes that are all over."""
    until = utc(int(series.start[-1]) + 60) if len(series) else utc(0)
    return Chart(series, timeframe, uses, until=until)
