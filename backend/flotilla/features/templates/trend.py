"""Templates that follow a move, or wait for the end of one: averages, MACD, RSI, momentum."""

from flotilla.domain.market import Timeframe
from flotilla.domain.rules import Comparison as Op
from flotilla.domain.rules import Direction
from flotilla.features.templates.parts import change, price, template, use, value, when
from flotilla.wire.rules import TrendRule

RSI_MEAN_REVERSION = template(
    "rsi-mean-reversion",
    "RSI mean reversion",
    audience="For markets that swing around a level, and for a first bot: one indicator, few trades.",
    behaviour="Buys when RSI(14) falls below 30, a fall too fast to last, and sells at a return above 60.",
    risks="In a steady decline it buys again and again on the way down; the stop-loss is what ends each try.",
    symbols=["AAPL"],
    timeframe=Timeframe.MINUTE_1,
    indicators=[use("rsi", "RSI", timeperiod=14)],
    enter=[when(value("rsi", "rsi"), Op.CROSSES_BELOW, 30.0)],
    leave=[when(value("rsi", "rsi"), Op.CROSSES_ABOVE, 60.0)],
    stop=2.0,
    target=4.0,
)

MACD = template(
    "macd",
    "MACD momentum",
    audience="For those who want to be in while a move gathers speed, and out when it slows.",
    behaviour="Buys when the MACD line crosses above its signal while the price is above EMA(50), and sells "
    "when it crosses back.",
    risks="In a market without direction the lines cross often, and each cross costs a little.",
    symbols=["AAPL"],
    timeframe=Timeframe.MINUTE_5,
    indicators=[
        use("macd", "MACD", fastperiod=12, slowperiod=26, signalperiod=9),
        use("ema", "EMA", timeperiod=50),
    ],
    enter=[
        when(value("macd", "macd"), Op.CROSSES_ABOVE, value("macd", "signal")),
        when(price(), Op.ABOVE, value("ema", "ema")),
    ],
    leave=[when(value("macd", "macd"), Op.CROSSES_BELOW, value("macd", "signal"))],
    stop=2.0,
    target=4.0,
)

SMA_CROSS = template(
    "sma-cross",
    "SMA cross",
    audience="For patient followers of trends: the oldest rule there is, easy to read on any chart.",
    behaviour="Buys when the average of 10 bars crosses above the average of 30, and sells when it crosses "
    "back below.",
    risks="It enters late and leaves late, and loses small sums while the price goes sideways.",
    symbols=["SPY"],
    timeframe=Timeframe.MINUTE_15,
    indicators=[use("fast", "SMA", timeperiod=10), use("slow", "SMA", timeperiod=30)],
    enter=[when(value("fast", "sma"), Op.CROSSES_ABOVE, value("slow", "sma"))],
    leave=[when(value("fast", "sma"), Op.CROSSES_BELOW, value("slow", "sma"))],
    stop=3.0,
    target=None,
)

EMA_CROSS = template(
    "ema-cross",
    "EMA cross with the daily trend",
    audience="For day traders who only want to buy what has been rising for days.",
    behaviour="Buys when EMA(9) crosses above EMA(21) while the price is above its average of 20 days, and "
    "sells when it crosses back.",
    risks="After a turn of the market the daily average still says 'up' for days, while the price falls.",
    symbols=["QQQ"],
    timeframe=Timeframe.MINUTE_5,
    indicators=[
        use("fast", "EMA", timeperiod=9),
        use("slow", "EMA", timeperiod=21),
        use("days", "SMA", timeperiod=20, timeframe=Timeframe.DAY_1),
    ],
    enter=[
        when(value("fast", "ema"), Op.CROSSES_ABOVE, value("slow", "ema")),
        when(price(), Op.ABOVE, value("days", "sma")),
    ],
    leave=[when(value("fast", "ema"), Op.CROSSES_BELOW, value("slow", "ema"))],
    stop=2.0,
    target=4.0,
)

MOMENTUM = template(
    "momentum",
    "Momentum",
    audience="For lively stocks, and for those who can watch a winner turn quickly.",
    behaviour="Buys when the price has gained more than 0.5% in the last hour and its average has been "
    "rising for 3 bars, and sells when the hour's gain is gone.",
    risks="It buys what has already risen: a sudden turn takes back more than one bar gave.",
    symbols=["TSLA"],
    timeframe=Timeframe.MINUTE_5,
    indicators=[use("sma", "SMA", timeperiod=20)],
    enter=[
        when(change(price(), 12), Op.ABOVE, 0.5),
        TrendRule(value=value("sma", "sma"), direction=Direction.RISING, bars=3),
    ],
    leave=[when(change(price(), 12), Op.BELOW, 0.0)],
    stop=1.5,
    target=None,
)

DUAL_MOMENTUM = template(
    "dual-momentum",
    "Dual momentum",
    audience="For calm investors who trade a few times a year and want to be out of long declines.",
    behaviour="Holds what has gained over the last half year (126 days) and over the last month (21 days), "
    "and sells when the half year's gain is gone. Of the listed symbols it takes those that qualify first.",
    risks="It gives back part of every gain before it leaves, and a quick crash is over before the half year "
    "says so. A rule sees one symbol: it does not rank them by their gain.",
    symbols=["SPY", "QQQ"],
    timeframe=Timeframe.HOUR_1,
    indicators=[],
    enter=[
        when(change(price(timeframe=Timeframe.DAY_1), 126), Op.ABOVE, 0.0),
        when(change(price(timeframe=Timeframe.DAY_1), 21), Op.ABOVE, 0.0),
    ],
    leave=[when(change(price(timeframe=Timeframe.DAY_1), 126), Op.BELOW, 0.0)],
    stop=10.0,
    target=None,
)

TREND = (RSI_MEAN_REVERSION, MACD, SMA_CROSS, EMA_CROSS, MOMENTUM, DUAL_MOMENTUM)
