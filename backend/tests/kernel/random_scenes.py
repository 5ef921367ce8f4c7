"""Random markets, signals and settings. Settings are drawn by Hypothesis, so that they shrink; the
market and the signals come from a seed and a few knobs, because a thousand draws a scene would be slow."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, time
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from flotilla.domain.market import Instrument, Session, Window
from flotilla.domain.risk import EntryOrder, RiskRules, Sizing, problems
from tests.kernel.scene import (
    ALL_DAY,
    COIN,
    FEE_COIN,
    FRACTIONAL,
    STOCK,
    Limits,
    Scene,
    SceneBot,
    session_taus,
    sessions,
)
from tests.kernel.twin.costs import Costs
from tests.kernel.twin.prices import whole_price
from tests.kernel.twin.state import Bar, Signals

PENNY = Instrument("PNNY", "A stock around one dollar")
STOCKS = {one.symbol: one for one in (STOCK, FRACTIONAL, PENNY)}
COINS = {one.symbol: one for one in (COIN, FEE_COIN)}
FIRST_PRICE = {"AAPL": 187.31, "MSFT": 50.0, "PNNY": 1.02, "BTC/USD": 30_000.0, "ETH/USD": 1_800.05}
# A Friday, a Monday, a Tuesday, the Friday before New York's clock moves, the Monday after.
DAYS = (date(2026, 2, 27), date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 6), date(2026, 3, 9))


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), values)


percents = st.sampled_from([0.1, 0.3, 0.5, 1.0, 2.0, 5.0]) | st.floats(0.05, 6.0)
sizes = {
    "sizing": st.sampled_from(Sizing),
    "position_percent": st.sampled_from([5.0, 33.0, 100.0]) | st.floats(0.5, 100.0),
    "position_amount": st.sampled_from([10.0, 1_000.0, 20_000.0]),
    "position_quantity": st.sampled_from([0.5, 1.0, 7.0, 500.0]),
    "risk_percent": st.sampled_from([0.1, 1.0, 5.0]),
    "kelly_fraction": st.sampled_from([0.25, 0.5, 1.0]),
    "kelly_after_trades": st.integers(1, 4),
    "volatility_percent": st.sampled_from([10.0, 40.0]),
    "fixed_capital": st.booleans(),
}
stops: st.SearchStrategy[Mapping[str, Any]] = st.one_of(
    st.just({"stop_loss_percent": None}),
    percents.map(lambda value: {"stop_loss_percent": value}),
    st.sampled_from([0.5, 2.0]).map(lambda value: {"stop_loss_percent": None, "stop_loss_atr": value}),
    st.sampled_from([0.97, 45.0, 188.0]).map(
        lambda value: {"stop_loss_percent": None, "stop_loss_price": value}
    ),
)
targets: st.SearchStrategy[Mapping[str, Any]] = st.one_of(
    st.just({"take_profit_percent": None}),
    percents.map(lambda value: {"take_profit_percent": value}),
    st.sampled_from([0.5, 2.0]).map(lambda value: {"take_profit_percent": None, "take_profit_risk": value}),
)
moves = {
    "trailing_stop_percent": maybe(percents),
    "trailing_activation_percent": st.sampled_from([0.0, 0.0, 0.4]),
    "trailing_step_percent": st.sampled_from([0.01, 0.1, 0.5]),
    "break_even_percent": maybe(st.sampled_from([0.2, 1.0])),
    "break_even_offset_percent": st.sampled_from([-1.0, 0.0, 0.1]),
    "time_stop_minutes": maybe(st.integers(1, 30)),
    "flatten_at_window_end": st.booleans(),
}
caps = {
    "max_position_account_percent": maybe(st.sampled_from([5.0, 50.0])),
    "max_position_amount": maybe(st.sampled_from([500.0, 3_000.0])),
    "max_symbol_percent": maybe(st.sampled_from([10.0, 60.0])),
    "max_exposure_percent": maybe(st.sampled_from([40.0, 100.0])),
    "max_volume_percent": maybe(st.sampled_from([1.0, 20.0])),
    "max_open_positions": st.integers(1, 3),
}
entry_orders = {
    "entry_order": st.sampled_from([EntryOrder.MARKET, *EntryOrder]),
    "entry_offset_percent": st.sampled_from([-0.3, 0.0, 0.03, 0.1, 0.5]),
    "entry_expire_minutes": st.sampled_from([1, 2, 5, 60]),
    "entry_chase_steps": st.sampled_from([0, 1, 3]),
    "entry_chase_limit_percent": st.sampled_from([0.0, 0.2, 2.0]),
}
halts = {
    "daily_loss_limit_percent": maybe(st.sampled_from([0.2, 1.0, 3.0])),
    "daily_loss_flatten": st.booleans(),
    "max_drawdown_percent": maybe(st.sampled_from([0.5, 5.0])),
    "max_drawdown_flatten": st.booleans(),
    "max_trades_per_day": maybe(st.integers(1, 6)),
    "max_consecutive_losses": maybe(st.integers(1, 3)),
    "cooldown_minutes": st.sampled_from([0, 0, 3]),
    "loss_cooldown_minutes": st.sampled_from([0, 0, 7, 60]),
    "scale_in_steps": st.sampled_from([0, 1, 3]),
    "scale_in_distance_percent": st.sampled_from([-0.5, -0.1, 0.1, 0.5]),
}


def settings_of(stop: Any, target: Any, rest: dict[str, Any]) -> RiskRules:
    if rest["entry_order"] is EntryOrder.STOP:
        rest = rest | {"entry_offset_percent": abs(rest["entry_offset_percent"])}
    return RiskRules(**rest | dict(stop) | dict(target))


settings = st.fixed_dictionaries(sizes | moves | caps | halts | entry_orders)
risks = st.builds(settings_of, stops, targets, settings).filter(lambda risk: not [*problems(risk)])
windows = st.sampled_from([ALL_DAY, ALL_DAY, Window(time(9, 35), time(9, 55))])
coin_windows = st.sampled_from([ALL_DAY, Window(time(0, 10), time(0, 30)), Window(time(23, 50), time(0, 20))])
costs = st.one_of(
    st.just(Costs()),
    st.builds(
        Costs,
        slippage=st.sampled_from([0.0, 0.0005, 0.01]),
        slippage_fixed=st.sampled_from([0.0, 0.005]),
        impact=st.sampled_from([0.0, 0.1]),
        commission_order=st.sampled_from([0.0, 1.0]),
        commission_unit=st.sampled_from([0.0, 0.0035]),
        commission_rate=st.sampled_from([0.0, 0.001]),
        commission_minimum=st.sampled_from([0.0, 0.35]),
        sale_rate=st.sampled_from([0.0, 0.0000278]),
        sale_unit=st.sampled_from([0.0, 0.000166]),
        sale_unit_cap=st.sampled_from([0.01, 8.3]),
        borrow=st.sampled_from([0.0, 0.03]),
    ),
)
limits = st.builds(
    Limits,
    daily_loss=maybe(st.sampled_from([0.2, 1.0])),
    exposure=maybe(st.sampled_from([30.0, 80.0])),
    symbol=maybe(st.sampled_from([15.0, 50.0])),
    positions=maybe(st.integers(1, 3)),
)


@dataclass(frozen=True)
class Tempo:
    """How wild a market is, and how talkative the rules are."""

    seed: int
    volatility: float  # of a minute's close
    gap: float  # between sessions
    missing: float  # minutes without a bar
    talk: float  # minutes in which the rules are asked
    entries: float
    exits: float
    trouble: float  # not fresh, not warmed up, to be sold, paused, flattened


tempos = st.builds(
    Tempo,
    seed=st.integers(0, 2**32 - 1),
    volatility=st.sampled_from([0.0005, 0.003, 0.02]),
    gap=st.sampled_from([0.0, 0.05, 0.6]),
    missing=st.sampled_from([0.0, 0.1, 0.5]),
    talk=st.sampled_from([0.3, 1.0]),
    entries=st.sampled_from([0.05, 0.5]),
    exits=st.sampled_from([0.0, 0.02, 0.2]),
    trouble=st.sampled_from([0.0, 0.02]),
)
# Rules that seldom say anything: what is held waits for many minutes.
calm_tempos = st.builds(
    Tempo,
    seed=st.integers(0, 2**32 - 1),
    volatility=st.sampled_from([0.0005, 0.003]),
    gap=st.sampled_from([0.0, 0.05]),
    missing=st.sampled_from([0.0, 0.3]),
    talk=st.sampled_from([0.05, 0.2]),
    entries=st.just(0.5),
    exits=st.sampled_from([0.0, 0.02]),
    trouble=st.sampled_from([0.0, 0.002]),
)


@st.composite
def calm_scenes(draw: st.DrawFn) -> Scene:
    """Scenes with many minutes in which what is held only waits: no stop moves, no account is limited."""
    scene: Scene = draw(scenes(tempos=calm_tempos))
    scene.limits = None
    for bot in scene.bots:
        bot.risk = replace(bot.risk, trailing_stop_percent=None, break_even_percent=None)
        assume(not [*problems(bot.risk)])
    return scene


@st.composite
def scenes(
    draw: st.DrawFn,
    *,
    most_bots: int = 3,
    coins: bool = True,
    borrows: bool = True,
    tempos: st.SearchStrategy[Tempo] = tempos,
) -> Scene:
    """Several bots over several days of several symbols."""
    tempo, is_coin = draw(tempos), coins and draw(st.sampled_from([False, False, True]))
    instruments = COINS if is_coin else STOCKS
    days = sessions(draw(st.sampled_from([25, 40])), *DAYS)
    taus = [1_772_149_800 + 60 * n for n in range(90)] if is_coin else session_taus(days)
    bots = [draw(_bots(instruments, is_coin, borrows)) for _ in range(draw(st.integers(1, most_bots)))]
    return filled(tempo, instruments, [] if is_coin else days, taus, bots, draw(maybe(limits)))


def filled(
    tempo: Tempo,
    instruments: Mapping[str, Instrument],
    days: list[Session],
    taus: list[int],
    bots: list[SceneBot],
    limits: Limits | None,
) -> Scene:
    """A scene with a random market, and bots whose rules say something random."""
    random = np.random.default_rng(tempo.seed)
    kept = [tau for tau in taus if random.random() >= tempo.missing / 4.0] or taus[:1]
    bars = _bars(random, tempo, instruments, kept)
    for bot in bots:
        _talk(random, tempo, bot, bars)
    return Scene(dict(instruments), days, kept, bars, bots, limits, tempo)


@st.composite
def _bots(draw: st.DrawFn, instruments: Mapping[str, Instrument], is_coin: bool, borrows: bool) -> SceneBot:
    symbols = draw(st.lists(st.sampled_from(list(instruments)), min_size=1, unique=True))
    guarded = frozenset(symbols) if is_coin else frozenset(draw(st.sets(st.sampled_from(symbols))))
    table = {symbol: draw(costs) for symbol in symbols}
    if not borrows:
        table = {symbol: Costs(**vars(one) | {"borrow": 0.0}) for symbol, one in table.items()}
    if is_coin:
        rate = draw(st.sampled_from([0.0, 0.0025]))
        table = {symbol: Costs(**vars(one) | {"coin_rate": rate}) for symbol, one in table.items()}
    return SceneBot(
        draw(risks),
        tuple(symbols),
        draw(coin_windows if is_coin else windows),
        draw(st.sampled_from([False, False, False, True])),
        draw(st.sampled_from([1_000.0, 10_000.0, 98_765.43])),
        draw(st.sampled_from([20_000.0, 1e6])),
        guarded,
        table,
    )


def _bars(
    random: np.random.Generator, tempo: Tempo, instruments: Mapping[str, Instrument], taus: list[int]
) -> list[dict[str, Bar]]:
    price = {symbol: FIRST_PRICE[symbol] for symbol in instruments}
    bars: list[dict[str, Bar]] = []
    for t, tau in enumerate(taus):
        bars.append({})
        jumps = t > 0 and tau - taus[t - 1] > 3600
        for symbol, instrument in instruments.items():
            if t > 0 and random.random() < tempo.missing:
                continue
            start = price[symbol] * float(np.exp(random.normal(0.0, tempo.gap))) if jumps else price[symbol]
            bars[t][symbol] = _bar(random, tempo, instrument, start)
            price[symbol] = bars[t][symbol].close
    return bars


def _bar(random: np.random.Generator, tempo: Tempo, instrument: Instrument, start: float) -> Bar:
    def near(middle: float) -> float:
        moved = middle * float(np.exp(random.normal(0.0, tempo.volatility)))
        return max(whole_price(instrument, moved), whole_price(instrument, 0.0, 1))

    opened = near(start)
    close = near(opened)
    high, low = max(near(opened), opened, close), min(near(close), opened, close)
    return Bar(opened, high, low, close, float(random.integers(0, 3_000)))


def _talk(random: np.random.Generator, tempo: Tempo, bot: SceneBot, bars: list[dict[str, Bar]]) -> None:
    seen: set[str] = set()

    def chance(share: float) -> bool:
        return bool(random.random() < share)

    for now in bars:
        seen |= now.keys()
        bot.modes.append(
            str(random.choice(["paused", "guard", "flatten"])) if chance(tempo.trouble) else "trade"
        )
        bot.signals.append({})
        for symbol in bot.symbols:
            asked = symbol in seen and chance(tempo.talk)
            bot.signals[-1][symbol] = Signals(
                asked,
                asked and chance(tempo.entries),
                asked and chance(0.0 if "/" in symbol else tempo.entries / 2.0),  # coins are not lent
                chance(tempo.exits),
                chance(tempo.exits),
                not chance(tempo.trouble),
                not chance(tempo.trouble),
                chance(tempo.trouble / 2.0),
                None if chance(tempo.trouble) else FIRST_PRICE[symbol] * random.choice([0.001, 0.01]),
                None if chance(tempo.trouble) else random.choice([0.0, 9.7, 33.3]),
                None if chance(tempo.trouble) else float(random.integers(0, 20_000)),
            )
