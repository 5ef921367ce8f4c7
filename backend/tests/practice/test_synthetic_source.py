"""The synthetic market's measures, and that any day can be made alone."""

from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from flotilla.practice.calendar import TradingCalendar
from flotilla.practice.sources.source import SessionBars
from flotilla.practice.sources.synthetic import SyntheticMarket

YEAR = (date(2016, 1, 4), date(2016, 12, 31))
SYMBOLS = ("AAPL", "MSFT", "SPY", "TSLA", "FAKEPACA", "NEWCO", "XYZ")


@pytest.fixture(scope="module")
def market(calendar: TradingCalendar) -> SyntheticMarket:
    return SyntheticMarket(calendar, seed=7, symbols=("NEWCO", "XYZ"))


def year_of(market: SyntheticMarket, symbol: str) -> list[SessionBars]:
    return [market.bars(symbol, session) for session in market.sessions_between(*YEAR)]


def lag_one(series: list[np.ndarray]) -> float:
    """Return the correlation of each value with the next one of the same session."""
    before = np.concatenate([values[:-1] for values in series])
    after = np.concatenate([values[1:] for values in series])
    return float(np.corrcoef(before, after)[0, 1])


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_minute_returns_do_not_predict_the_next_but_their_size_does(
    market: SyntheticMarket, symbol: str
) -> None:
    returns = [np.diff(np.log(bars.close)) for bars in year_of(market, symbol)]
    assert abs(lag_one(returns)) < 0.05
    assert lag_one([np.abs(values) for values in returns]) > 0.1


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_volume_and_volatility_are_high_at_both_ends_of_the_day(market: SyntheticMarket, symbol: str) -> None:
    days = [bars for bars in year_of(market, symbol) if len(bars) == 390]
    volume = np.mean([bars.volume for bars in days], axis=0)
    midday = volume[150:240].mean()
    assert volume[:30].mean() >= 1.5 * midday
    assert volume[-30:].mean() >= 1.5 * midday
    ranges = np.mean([bars.high - bars.low for bars in days], axis=0)
    assert ranges[:30].mean() > 1.3 * ranges[150:240].mean()
    assert ranges[-15:].mean() > 1.1 * ranges[150:240].mean()


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_days_gap_overnight_and_their_volatility_clusters(market: SyntheticMarket, symbol: str) -> None:
    days = year_of(market, symbol)
    opens = np.array([bars.open[0] for bars in days])
    closes = np.array([bars.close[-1] for bars in days])
    gaps = np.log(opens[1:] / closes[:-1])
    assert 0.002 < gaps.std() < 0.05
    assert np.mean(gaps != 0) > 0.9
    realized = np.array([np.abs(np.diff(np.log(bars.close))).mean() for bars in days])
    assert np.corrcoef(realized[:-1], realized[1:])[0, 1] > 0.4


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_bars_are_whole(market: SyntheticMarket, symbol: str) -> None:
    for bars in year_of(market, symbol):
        assert len(bars) == bars.session.minutes
        assert np.all(bars.low <= np.minimum(bars.open, bars.close))
        assert np.all(bars.high >= np.maximum(bars.open, bars.close))
        assert np.all((bars.low <= bars.vwap) & (bars.vwap <= bars.high))
        assert np.all(bars.low > 0)
        for prices in (bars.open, bars.high, bars.low, bars.close):
            assert np.array_equal(prices, np.round(prices, 2))
        assert bars.volume.dtype == np.int64
        assert np.all(bars.volume >= 1)
        assert np.all(bars.trade_count >= 1)


def test_drifts_last_and_turn(market: SyntheticMarket) -> None:
    """Half-hour returns inside a day lean on each other a little: there are trends."""
    halves = [
        np.log(bars.close[19::20][1:] / bars.close[19::20][:-1])
        for symbol in SYMBOLS
        for bars in year_of(market, symbol)
    ]
    assert 0.02 < lag_one(halves) < 0.3


def test_any_day_can_be_produced_alone(calendar: TradingCalendar) -> None:
    session = calendar.on(date(2051, 3, 14 + 1))
    assert session is not None
    one, other = SyntheticMarket(calendar, seed=3), SyntheticMarket(calendar, seed=3)
    year_of(other, "SPY")
    assert one.bars("SPY", session).rows == other.bars("SPY", session).rows
    assert one.bars("SPY", session).rows != one.bars("QQQ", session).rows
    reseeded = SyntheticMarket(calendar, seed=4)
    assert one.bars("SPY", session).rows != reseeded.bars("SPY", session).rows


def test_prices_stay_plausible_until_2100(calendar: TradingCalendar) -> None:
    market = SyntheticMarket(calendar)
    for symbol in market.symbols:
        for year in range(2016, 2101, 6):
            session = market.session_from(date(year, 6, 1))
            assert session is not None
            assert 5 < market.bars(symbol, session).close[-1] < 3000


def test_it_starts_in_2016_with_two_years_of_history(calendar: TradingCalendar) -> None:
    market = SyntheticMarket(calendar)
    assert market.first_session.day == date(2016, 1, 4)
    first = market.sessions_between(date(2000, 1, 1), date(2016, 1, 3))[0]
    assert first.day == date(2014, 1, 2)
    assert len(market.bars("AAPL", first)) == 390


def test_an_early_close_has_fewer_minutes(calendar: TradingCalendar) -> None:
    session = calendar.on(date(2016, 11, 25))
    assert session is not None
    assert session.close.astimezone(ZoneInfo("America/New_York")).hour == 13
    assert len(SyntheticMarket(calendar).bars("AAPL", session)) == 210


def test_an_unknown_symbol_has_no_bars(market: SyntheticMarket) -> None:
    assert len(market.bars("NOPE", market.first_session)) == 0
