"""The live face of the kernel, fed minute by minute what the backtest's model filled."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flotilla.domain.kernel.bot import KernelBot, KernelSpec, SymbolView
from flotilla.domain.kernel.decisions import Decision, Mode, Outcome, decision, in_sending_order, intent
from flotilla.domain.market import Session
from flotilla.domain.orders import Intent, Side
from flotilla.domain.risk import RefusalCode
from tests.kernel.arrays import KernelRun
from tests.kernel.scene import Scene, SceneBot
from tests.kernel.twin.bar_open import Model
from tests.kernel.twin.state import Bar, Minute, Signals
from tests.kernel.twin.trades import Fill
from tests.kernel.twins import minutes

ALWAYS = Session(datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))  # of coins
MODES = {"trade": Mode.TRADE, "paused": Mode.PAUSED, "guard": Mode.GUARD, "flatten": Mode.FLATTEN}


@dataclass
class Said:
    """What one bot decided, by tau: what the live loop sends and stores."""

    intents: dict[int, list[Intent]] = field(default_factory=dict)
    decisions: dict[int, list[Decision]] = field(default_factory=dict)
    stops: dict[int, dict[tuple[str, int], float]] = field(default_factory=dict)


def backtest_said(run: KernelRun) -> Said:
    """The decisions of a backtest of one bot, in the live loop's words."""
    said, symbols = Said(), run.scene.bots[0].symbols
    for row in run.out.intents[: run.out.counts[0]]:
        tau = int(row.tau)
        said.intents.setdefault(tau, []).append(intent(row, symbols, datetime.fromtimestamp(tau, UTC)))
    said.intents = {tau: in_sending_order(sent) for tau, sent in said.intents.items()}
    for row in run.out.decisions[: run.out.counts[2]]:
        said.decisions.setdefault(int(row.tau), []).append(decision(row, symbols))
    for row in run.out.reprices[: run.out.counts[1]]:
        said.stops.setdefault(int(row.tau), {})[symbols[row.slot], int(row.lot)] = float(row.stop)
    return said


def live_said(scene: Scene, model: Model, restart: int) -> tuple[Said, KernelBot]:
    """The same minutes one by one; after minute `restart` a new process goes on from its checkpoint."""
    bot, said = new_bot(scene, scene.bots[0]), Said()
    fills: dict[int, list[Fill]] = defaultdict(list)
    for fill in model.fills:
        fills[fill.time + 60].append(fill)
    expired = {(tau, symbol) for tau, _, symbol in model.expired}
    for number, minute in enumerate(minutes(scene, 0, len(scene.taus))):
        for symbol in bot.symbols:
            if (minute.tau, symbol) in expired:
                bot.order_done(symbol)
        for fill in fills[minute.tau]:
            book(bot, fill, scene.bots[0])
        step(bot, scene, minute, said)
        if number == restart:
            kept = json.dumps(bot.checkpoint())
            bot = new_bot(scene, scene.bots[0])
            bot.restore(json.loads(kept))
    return said, bot


def new_bot(scene: Scene, bot: SceneBot) -> KernelBot:
    spec = KernelSpec(bot.symbols, bot.risk, bot.window, bot.account_equity, bot.guarded, bot.daily)
    return KernelBot(spec, bot.capital, {symbol: scene.instruments[symbol] for symbol in bot.symbols})


def book(bot: KernelBot, fill: Fill, scene_bot: SceneBot) -> None:
    bot.apply_fill(
        symbol=fill.symbol,
        side=Side.BUY if fill.sign > 0.0 else Side.SELL,
        quantity=fill.quantity,
        price=fill.price,
        fee=fill.fee_paid,
        coin_fee=fill.coin_fee,
        lot=-1 if fill.lot is None else fill.lot,
    )
    if fill.lot is None:
        bot.order_done(fill.symbol)


def step(bot: KernelBot, scene: Scene, minute: Minute, said: Said) -> None:
    tau = datetime.fromtimestamp(minute.tau, UTC)
    session = next((s for s in scene.sessions if s.open < tau <= s.close), ALWAYS)
    views = {
        symbol: view(minute.signals[0][symbol], minute.bars.get(symbol), minute.closes[symbol])
        for symbol in bot.symbols
        if symbol in minute.closes
    }
    result = bot.step(views, tau=tau, session=session, mode=MODES[minute.modes[0]])
    if result.intents:
        said.intents[minute.tau] = result.intents
    if result.decisions:
        said.decisions[minute.tau] = result.decisions
    if result.stops:
        said.stops[minute.tau] = result.stops


def assert_decided(live: Said, backtest: Said) -> None:
    """The live loop says the same, and then what came of rules that were asked and said nothing."""
    for tau, decisions in live.decisions.items():
        told = backtest.decisions.pop(tau, [])
        assert decisions[: len(told)] == told
        for silent in decisions[len(told) :]:
            cold = silent.refusal is RefusalCode.WARMING_UP and not silent.numbers
            assert cold or silent == Decision(silent.symbol, Outcome.NONE)
    assert not backtest.decisions


def view(signals: Signals, bar: Bar | None, close: float) -> SymbolView:
    asked = signals.evaluated
    numbers: dict[str, Any] = {
        name: getattr(signals, name)
        for name in ("atr", "volatility", "liquidity")
        if getattr(signals, name) is not None
    }
    return SymbolView(
        close,
        signals.fresh,
        signals.warmed_up,
        entry=signals.enter_long if asked else None,
        exit=signals.exit_long,
        short_entry=signals.enter_short if asked else None,
        short_exit=signals.exit_short,
        high=None if bar is None else bar.high,
        low=None if bar is None else bar.low,
        must_go=signals.must_go,
        **numbers,
    )
