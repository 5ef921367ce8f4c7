"""How much an entry is, and what makes it smaller: one row a setting."""

import math
from typing import Any

import pytest

from flotilla.domain.market import Instrument
from flotilla.domain.risk import RefusalCode, Sizing
from tests.kernel.scene import COIN, Limits
from tests.kernel.table import bare, bot, entries, play, refusals
from tests.kernel.twin.costs import Costs

# setting, what the rest is -> shares for 10,000 USD at 50 USD
SIZES: list[tuple[dict[str, Any], float]] = [
    ({"sizing": Sizing.PERCENT_OF_EQUITY, "position_percent": 10.0}, 20.0),
    ({"sizing": Sizing.PERCENT_OF_EQUITY, "position_percent": 10.9}, 21.0),
    ({"sizing": Sizing.FIXED_AMOUNT, "position_amount": 1_234.0}, 24.0),
    ({"sizing": Sizing.FIXED_QUANTITY, "position_quantity": 7.9}, 7.0),
    # 1 % of equity is 100 USD; the stop 2 % below is 1 USD away.
    ({"sizing": Sizing.RISK_PER_TRADE, "risk_percent": 1.0, "stop_loss_percent": 2.0}, 100.0),
    # Before enough trades are closed: the percentage.
    ({"sizing": Sizing.KELLY, "position_percent": 5.0}, 10.0),
    # The symbol moves 40 % a year, 10 % are wanted: a quarter of equity.
    ({"sizing": Sizing.VOLATILITY_TARGET, "volatility_percent": 10.0}, 50.0),
]


@pytest.mark.parametrize(("settings", "shares"), SIZES)
def test_sizes(settings: dict[str, Any], shares: float) -> None:
    run = play(bot(bare(**settings), {0: "buy"}, volatility=40.0), [50.0, 50.0])
    assert [intent.quantity for intent in run.intents] == [shares]


@pytest.mark.parametrize(("volatility", "shares"), [(5.0, 198.0), (0.0, 198.0), (20.0, 100.0)])
def test_a_calm_symbol_gets_all_of_the_equity_and_no_more(volatility: float, shares: float) -> None:
    risk = bare(sizing=Sizing.VOLATILITY_TARGET, volatility_percent=10.0)
    run = play(bot(risk, {0: "buy"}, volatility=volatility), [50.0, 50.0])
    # 200 shares, of which the cash and its reserve of 1 % pay for 198.
    assert [intent.quantity for intent in run.intents] == [shares]


def test_an_unknown_volatility_or_range_is_waited_for() -> None:
    for risk in (bare(sizing=Sizing.VOLATILITY_TARGET), bare(stop_loss_atr=2.0)):
        assert refusals(play(bot(risk, {0: "buy"}), [50.0, 50.0])) == [(0, RefusalCode.WARMING_UP)]


def test_sizing_compounds_unless_the_capital_is_fixed() -> None:
    said = {0: "buy", 2: "sell", 4: "buy"}
    prices = [50.0, 50.0, 75.0, 75.0, 50.0, 50.0]
    compounds = play(bot(bare(position_percent=40.0), said), prices)
    fixed = play(bot(bare(position_percent=40.0, fixed_capital=True), said), prices)
    # 80 shares earn 25 each: 40 % of 12,000 buy 96.
    assert [one.quantity for one in compounds.fills] == [80.0, 80.0, 96.0]
    assert [one.quantity for one in fixed.fills] == [80.0, 80.0, 80.0]


def test_kelly_bets_on_the_bots_own_trades() -> None:
    risk = bare(sizing=Sizing.KELLY, kelly_fraction=0.5, kelly_after_trades=2, position_percent=10.0)
    said = {0: "buy", 1: "sell", 3: "buy", 4: "sell", 6: "buy"}
    won_and_lost = play(bot(risk, said), [100.0, 100.0, 120.0, 100.0, 100.0, 90.0, 100.0, 100.0])
    # One trade of 10 shares won 200, the other of 10 lost 100: W = 1/2, R = 2, Kelly 1/4, half of it 1/8.
    assert entries(won_and_lost)[-1].numbers == (10_100.0, 100.0, 12.0, 12.0, 10_100.0, 12.0)
    lost_twice = play(bot(risk, said), [100.0, 100.0, 90.0, 100.0, 100.0, 90.0, 100.0, 100.0])
    assert refusals(lost_twice) == [(6, RefusalCode.NO_EDGE)]
    assert lost_twice.decisions[-1].numbers[3] == 0.0


def test_what_does_not_reach_one_share_or_the_minimum_is_too_small() -> None:
    run = play(bot(bare(position_percent=1.0), {0: "buy"}), [101.0, 101.0])
    assert refusals(run) == [(0, RefusalCode.SIZE_TOO_SMALL)]
    assert run.decisions[0].numbers == (10_000.0, 101.0, 100.0 / 101.0, 0.0, 10_000.0, 0.0)
    least = {"AAPL": Instrument("AAPL", "", min_quantity=COIN.min_quantity, quantity_step=COIN.quantity_step)}
    small = bare(sizing=Sizing.FIXED_QUANTITY, position_quantity=0.00019)
    assert refusals(play(bot(small, {0: "buy"}), [50.0], instruments=least))[0][1] == "SIZE_TOO_SMALL"
    enough = bare(sizing=Sizing.FIXED_QUANTITY, position_quantity=0.00021)
    assert entries(play(bot(enough, {0: "buy"}), [50.0], instruments=least))[0].numbers[5] == 0.0002


# --- caps -------------------------------------------------------------------------------------------

# setting, code, what it allows, shares: 100 wanted (half of 10,000 at 50)
CAPS: list[tuple[dict[str, Any], RefusalCode, float, float]] = [
    ({"max_position_account_percent": 5.0}, RefusalCode.POSITION_CAP, 50.0, 50.0),
    ({"max_position_amount": 1_999.0}, RefusalCode.POSITION_CAP, 39.98, 39.0),
    ({"max_symbol_percent": 30.0}, RefusalCode.SYMBOL_CAP, 60.0, 60.0),
    ({"max_exposure_percent": 45.0}, RefusalCode.EXPOSURE_CAP, 90.0, 90.0),
    ({"max_volume_percent": 2.0}, RefusalCode.LIQUIDITY_CAP, 20.0, 20.0),
]


@pytest.mark.parametrize(("settings", "code", "limit", "shares"), CAPS)
def test_caps_cut_what_is_wanted(
    settings: dict[str, Any], code: RefusalCode, limit: float, shares: float
) -> None:
    one = bot(bare(**settings), {0: "buy"}, account_equity=50_000.0, liquidity=1_000.0)
    (entry,) = entries(play(one, [50.0, 50.0]))
    assert entry.refusal is code
    assert entry.numbers == (10_000.0, 50.0, 100.0, limit, 10_000.0, shares)


@pytest.mark.parametrize(("settings", "code", "limit", "shares"), CAPS)
def test_a_cap_that_leaves_nothing_refuses(
    settings: dict[str, Any], code: RefusalCode, limit: float, shares: float
) -> None:
    tight = {name: value / 1_000.0 for name, value in settings.items()}
    one = bot(bare(**tight), {0: "buy"}, account_equity=50_000.0, liquidity=1_000.0)
    run = play(one, [50.0, 50.0])
    assert refusals(run) == [(0, code)]
    assert run.decisions[0].numbers == pytest.approx((10_000.0, 50.0, 100.0, limit / 1_000.0, 10_000.0, 0.0))


def test_the_last_cap_that_cut_is_named() -> None:
    risk = bare(max_position_amount=4_000.0, max_exposure_percent=30.0, max_symbol_percent=50.0)
    (entry,) = entries(play(bot(risk, {0: "buy"}), [50.0, 50.0]))
    assert (entry.refusal, entry.numbers[5]) == (RefusalCode.EXPOSURE_CAP, 60.0)


def test_caps_count_what_is_held_and_what_is_on_its_way() -> None:
    risk = bare(position_percent=30.0, max_exposure_percent=50.0)
    both = {"AAPL": {0: "buy"}, "MSFT": {0: "buy"}}
    run = play(bot(risk, both), {"AAPL": [50.0, 50.0], "MSFT": [50.0, 50.0]})
    # 60 AAPL reserve 3,030; 1,970 are left of 5,000.
    assert [one.numbers[5] for one in entries(run)] == [60.0, 39.0]


def test_a_position_is_never_more_than_the_bots_own_equity() -> None:
    risk = bare(sizing=Sizing.FIXED_AMOUNT, position_amount=30_000.0)
    (entry,) = entries(play(bot(risk, {0: "buy"}), [50.0, 50.0]))
    # The cap leaves 200; the cash and its reserve then pay for 198.
    assert (entry.refusal, entry.numbers[5]) == (RefusalCode.INSUFFICIENT_CASH, 198.0)
    assert entry.numbers[3] == pytest.approx(10_000.0 / 50.5)


# --- cash and the account ------------------------------------------------------------------------------


def test_cash_that_is_gone_buys_nothing() -> None:
    risk = bare(position_percent=99.0)
    said = {"AAPL": {0: "buy"}, "MSFT": {2: "buy"}}
    run = play(bot(risk, said), {"AAPL": [50.0] * 4, "MSFT": [500.0] * 4})
    assert refusals(run) == [(2, RefusalCode.INSUFFICIENT_CASH)]
    # 198 AAPL for 9,900 left 100 USD, and one MSFT with its reserve needs 505.
    assert run.decisions[-1].numbers == (10_000.0, 500.0, 19.0, 100.0 / 505.0, 100.0, 0.0)


def test_a_short_ties_up_its_proceeds_and_its_value() -> None:
    said = {"AAPL": {0: "short"}, "MSFT": {2: "buy"}}
    run = play(bot(bare(position_percent=60.0), said), {"AAPL": [50.0] * 4, "MSFT": [50.0] * 4})
    # 120 short bring 6,000: 16,000 of cash, of which 12,000 are tied up; 4,000 buy 79.
    assert [one.numbers[4:] for one in entries(run)] == [(10_000.0, 120.0), (4_000.0, 79.0)]


def test_shorts_are_whole_shares() -> None:
    parts = {"AAPL": Instrument("AAPL", "", quantity_step=COIN.quantity_step)}
    for word, shares in (("buy", 33.3333), ("short", 33.0)):
        run = play(bot(bare(position_percent=10.0), {0: word}), [30.0, 30.0], instruments=parts)
        assert [one.quantity for one in run.fills] == [shares]
    none = play(bot(bare(position_percent=0.1), {0: "short"}), [30.0], instruments=parts)
    assert refusals(none) == [(0, RefusalCode.SIZE_TOO_SMALL)]


LIMITS = [
    Limits(exposure=60.0),
    Limits(symbol=60.0),
    Limits(positions=1),
]


@pytest.mark.parametrize("limits", LIMITS)
def test_the_accounts_limits_refuse_the_whole_entry(limits: Limits) -> None:
    """Two bots of 10,000 each buy for 7,000; the account allows 12,000, or one position."""
    risk = bare(position_percent=70.0)
    bots = [bot(risk, {0: "buy"}), bot(risk, {0: "buy", 2: "buy"})]
    run = play(bots, [50.0] * 4, limits=limits)
    assert [(one.bot, one.quantity) for one in run.fills] == [(0, 140.0)]
    assert refusals(run) == [(0, RefusalCode.ACCOUNT_LIMIT), (2, RefusalCode.ACCOUNT_LIMIT)]
    # Equity, the entry's value, exposure, of this symbol, positions, the day's P&L.
    assert run.decisions[1].numbers == (20_000.0, 7_000.0, 7_000.0, 7_000.0, 1.0, 0.0)


@pytest.mark.parametrize(("exposure", "bought"), [(60.0, [0, 1]), (59.99, [0])])
def test_an_account_may_be_filled_to_its_limit(exposure: float, bought: list[int]) -> None:
    bots = [bot(bare(position_percent=70.0), {0: "buy"}), bot(bare(position_percent=50.0), {0: "buy"})]
    run = play(bots, [50.0] * 2, limits=Limits(exposure=exposure))
    assert [one.bot for one in run.fills] == bought


def test_the_accounts_daily_loss_stops_every_bot() -> None:
    bots = [bot(bare(), said) for said in ({0: "buy"}, {2: "buy"}, {3: "buy", 4: "buy"})]
    run = play(bots, [50.0, 50.0, 42.6, 42.5], [42.5, 42.5], limits=Limits(daily_loss=2.5))
    # 100 shares lose 740 of 30,000, then 750; the next day starts anew.
    assert [one.bot for one in entries(run)] == [0, 1, 2]
    assert refusals(run) == [(3, RefusalCode.ACCOUNT_LIMIT)]


def test_a_fee_in_coins_makes_the_position_smaller() -> None:
    risk = bare(sizing=Sizing.FIXED_QUANTITY, position_quantity=10.0)
    one = bot(risk, {0: "buy", 1: "sell"}, costs={"AAPL": Costs(coin_rate=0.0025)})
    run = play(one, [50.0] * 4)
    assert [fill.quantity for fill in run.fills] == [10.0, 9.975]
    # 0.025 coins on the way in, 0.25 % of 498.75 USD on the way out.
    assert run.trades[0].profit == pytest.approx(-0.025 * 50.0 - 0.0025 * 498.75)
    assert math.isclose(run.tape.equity[0, -1], 10_000.0 + run.trades[0].profit)
