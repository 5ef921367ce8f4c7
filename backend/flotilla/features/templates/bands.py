"""Templates on volume and on channels around the price: MFI, VWAP, Bollinger, Donchian."""

from flotilla.domain.market import Timeframe
from flotilla.domain.rules import Comparison as Op
from flotilla.features.templates.parts import price, template, use, value, when
from flotilla.wire.rules import HeldRule

MFI = template(
    "mfi",
    "Money flow reversal",
    audience="For those who trust a fall less when many shares changed hands in it.",
    behaviour="Buys when the money flow index, RSI's idea with volume, comes back above 20, and sells when "
    "it rises above 80.",
    risks="On thin volume a few trades move the index; prefer stocks that trade every minute.",
    symbols=["MSFT"],
    timeframe=Timeframe.MINUTE_5,
    indicators=[use("mfi", "MFI", timeperiod=14)],
    enter=[when(value("mfi", "mfi"), Op.CROSSES_ABOVE, 20.0)],
    leave=[when(value("mfi", "mfi"), Op.CROSSES_ABOVE, 80.0)],
    stop=2.0,
    target=4.0,
)

VWAP = template(
    "vwap",
    "VWAP reclaim",
    audience="For day traders: the line that institutions measure their own trades by.",
    behaviour="Buys when the price has closed above the session's volume-weighted average for 3 bars after a "
    "bar below it, and sells when it closes below again.",
    risks="Around noon the price crosses the line back and forth; early in the day it means little.",
    symbols=["SPY"],
    timeframe=Timeframe.MINUTE_5,
    indicators=[use("vwap", "VWAP")],
    enter=[
        HeldRule(of=when(price(), Op.ABOVE, value("vwap", "vwap")), bars=3),
        when(price(ago=3), Op.AT_MOST, value("vwap", "vwap", ago=3)),
    ],
    leave=[when(price(), Op.CROSSES_BELOW, value("vwap", "vwap"))],
    stop=1.0,
    target=2.0,
)

BOLLINGER_BREAKOUT = template(
    "bollinger-breakout",
    "Bollinger breakout",
    audience="For those who look for the start of a move out of a quiet market.",
    behaviour="Buys when the price closes above the upper band, two deviations from its average of 20 bars, "
    "and sells when it is back at the average.",
    risks="Most breakouts fail; it lives from the few that run, so leave the target open.",
    symbols=["AAPL"],
    timeframe=Timeframe.MINUTE_15,
    indicators=[use("bands", "BBANDS", timeperiod=20)],
    enter=[when(price(), Op.CROSSES_ABOVE, value("bands", "upper"))],
    leave=[when(price(), Op.CROSSES_BELOW, value("bands", "middle"))],
    stop=2.0,
    target=None,
)

TURTLE = template(
    "turtle",
    "Donchian breakout (turtle)",
    audience="For trend followers with patience: the rule that the turtle traders of the 1980s were taught.",
    behaviour="Buys when the price rises above the highest high of the last 20 days, and sells when it falls "
    "below the lowest low of the last 10.",
    risks="It loses more often than it wins, by design; a few long trends have to pay for all the rest.",
    symbols=["SPY", "QQQ"],
    timeframe=Timeframe.MINUTE_15,
    indicators=[
        use("entry", "DONCHIAN", timeperiod=20, timeframe=Timeframe.DAY_1),
        use("exit", "DONCHIAN", timeperiod=10, timeframe=Timeframe.DAY_1),
    ],
    enter=[when(price(), Op.CROSSES_ABOVE, value("entry", "upper"))],
    leave=[when(price(), Op.CROSSES_BELOW, value("exit", "lower"))],
    stop=5.0,
    target=None,
)

BANDS = (MFI, VWAP, BOLLINGER_BREAKOUT, TURTLE)
