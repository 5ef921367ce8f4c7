"""A scene as the kernel's arrays, and what the kernel made of it in the twin's words."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from flotilla.domain import codes
from flotilla.domain.kernel.account import account_days
from flotilla.domain.kernel.decisions import ORDER_TYPES, purpose
from flotilla.domain.kernel.records import DECISIONS, INTENTS, REPRICES, Book, Market, Output, output, records
from flotilla.domain.kernel.settings import fund, lots_needed, new_book, rules_row, write_instrument
from flotilla.domain.market import NEW_YORK
from flotilla.domain.orders import Action
from flotilla.domain.risk import ExitReason, RefusalCode
from flotilla.research.model.records import COSTS, FILL, FILLS, TRADE, TRADES, Tape, tracks
from flotilla.research.model.simulation import simulate
from flotilla.research.timeline import clock_minutes, session_minutes
from tests.kernel.scene import Scene, SceneBot
from tests.kernel.twin.costs import Costs
from tests.kernel.twin.state import Bar, Decision, Intent, Reprice, Signals
from tests.kernel.twin.trades import Fill, Trade

MODES = {
    "trade": 0,
    "paused": codes.NO_ENTRIES,
    "guard": codes.NO_RULES,
    "flatten": codes.FLATTEN_ALL,
}
ACTIONS = {codes.PLACE: Action.PLACE, codes.REPLACE: Action.REPLACE, codes.CANCEL: Action.CANCEL}
OUTCOMES = {codes.ENTERED: "enter", codes.EXITED: "exit", codes.REFUSED: "refused"}


@dataclass
class KernelRun:
    """The kernel on its way through a scene; `run_to` takes it further."""

    scene: Scene
    book: Book
    market: Market
    costs: Any
    tape: Tape
    out: Output
    slots: list[tuple[int, str]]  # bot and symbol of each slot
    done: int = 0

    def run_to(self, minute: int) -> None:
        simulate(self.book, self.market, self.costs, self.done, minute, self.tape, self.out)
        assert self.out.counts[3] == 0
        assert self.tape.counts[2] == 0
        self.done = minute

    @property
    def fills(self) -> list[Fill]:
        return [self._fill(row) for row in self.tape.fills[: self.tape.counts[FILLS]]]

    @property
    def trades(self) -> list[Trade]:
        return [self._trade(row) for row in self.tape.trades[: self.tape.counts[TRADES]]]

    @property
    def intents(self) -> list[Intent]:
        return [self._intent(row) for row in self.out.intents[: self.out.counts[INTENTS]]]

    @property
    def decisions(self) -> list[Decision]:
        return [self._decision(row) for row in self.out.decisions[: self.out.counts[DECISIONS]]]

    @property
    def reprices(self) -> list[Reprice]:
        rows = self.out.reprices[: self.out.counts[REPRICES]]
        return [Reprice(int(row.tau), *self.slots[row.slot], float(row.stop)) for row in rows]

    def _start(self, column: int) -> int:
        return self.scene.taus[column] - 60

    def _fill(self, row: Any) -> Fill:
        bot, symbol = self.slots[row.slot]
        why = purpose(int(row.purpose)), ExitReason.of(int(row.reason))
        numbers = (float(row[n]) for n in ("sign", "quantity", "price", "fee", "profit", "shift"))
        return Fill(int(row.tau), self._start(row.column), bot, symbol, *why, *numbers)

    def _trade(self, row: Any) -> Trade:
        bot, symbol = self.slots[row.slot]
        names = ("quantity", "entry_price", "exit_price", "profit", "fees", "mae", "mfe")
        return Trade(
            bot,
            symbol,
            float(row.sign),
            self._start(row.entry_column),
            self._start(row.exit_column),
            *(float(row[name]) for name in names),
            known(row.risk),
            int(row.bars),
            purpose(int(row.purpose)),
            ExitReason.of(int(row.reason)),
        )

    def _intent(self, row: Any) -> Intent:
        bot, symbol = self.slots[row.slot]
        why = purpose(int(row.purpose)), ExitReason.of(int(row.reason))
        numbers = float(row.sign), float(row.quantity), float(row.price)
        more = ACTIONS[row.action], ORDER_TYPES[row.type], known(row.order_price)
        return Intent(int(row.tau), bot, symbol, *why, *numbers, known(row.stop), known(row.target), *more)

    def _decision(self, row: Any) -> Decision:
        bot, symbol = self.slots[row.slot]
        outcome = OUTCOMES[row.outcome]
        refused = outcome == "refused"
        code = int(row.code if refused else row.shrunk)
        return Decision(
            int(row.tau),
            bot,
            symbol,
            outcome,
            None if refused else ExitReason.of(int(row.code)),
            None if code == codes.NONE else RefusalCode.of(code),
            tuple(known(row[name]) for name in "abcdef"),
        )


def known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def kernel_run(scene: Scene) -> KernelRun:
    """The kernel at a scene's start."""
    slots = [(n, symbol) for n, bot in enumerate(scene.bots) for symbol in bot.symbols]
    times, count = len(scene.taus), len(slots)
    tape = Tape(
        records(FILL, 20 * times * count),
        records(TRADE, 20 * times * count),
        tracks(count),
        np.zeros((len(scene.bots), times)),
        np.zeros((len(scene.bots), times)),
        np.zeros(3, np.int64),
        np.zeros(len(scene.bots), np.uint64),
    )
    out = output(intents=2 * times * count, reprices=11 * times * count, decisions=3 * times * count)
    return KernelRun(scene, _book(scene, slots), market(scene), _costs(scene, slots), tape, out, slots)


def _book(scene: Scene, slots: list[tuple[int, str]]) -> Book:
    series = list(scene.instruments)
    book = new_book(len(scene.bots), len(slots), lots_needed([b.risk for b in scene.bots]), len(series))
    first = 0
    for n, bot in enumerate(scene.bots):
        last = first + len(bot.symbols)
        book.rules[n] = rules_row(
            bot.risk,
            first=first,
            last=last,
            account_equity=bot.account_equity,
            overnight=bot.daily or any("/" in symbol for symbol in bot.symbols),
        )
        fund(book.bots[n], bot.capital)
        first = last
    for k, (n, symbol) in enumerate(slots):
        write_instrument(
            book.instruments[k],
            scene.instruments[symbol],
            price_row=series.index(symbol),
            guarded=symbol in scene.bots[n].guarded,
        )
    _limit(book.account[0], scene)
    return book


def _limit(account: Any, scene: Scene) -> None:
    limits = scene.limits
    if limits is None:
        return
    off = math.inf
    account.limited = 1
    account.daily_loss = off if limits.daily_loss is None else limits.daily_loss / 100.0
    account.exposure_cap = off if limits.exposure is None else limits.exposure
    account.symbol_cap = off if limits.symbol is None else limits.symbol
    account.max_positions = 1 << 60 if limits.positions is None else limits.positions


def _costs(scene: Scene, slots: list[tuple[int, str]]) -> Any:
    table = records(COSTS, len(slots))
    for k, (n, symbol) in enumerate(slots):
        costs = scene.bots[n].costs.get(symbol, Costs())
        for name in COSTS.names or ():
            table[k][name] = getattr(costs, name)
    return table


# --- the market -------------------------------------------------------------------------------------


def market(scene: Scene) -> Market:
    times, bots = len(scene.taus), scene.bots
    tau = np.array(scene.taus, np.int64)
    day, flags = np.empty((len(bots), times), np.int64), np.empty((len(bots), times), np.uint8)
    for n, bot in enumerate(bots):
        _minutes(scene, bot, tau, day[n], flags[n])
        flags[n] |= np.array([MODES[bot.mode(t)] for t in range(times)], np.uint8)
    if scene.limits is not None:
        day = np.vstack([day, account_days(tau)])
    bars = {name: _column(scene, name) for name in ("open", "high", "low", "volume")}
    slots = [(bot, symbol) for bot in bots for symbol in bot.symbols]
    said = [[bot.signal(t, symbol) for t in range(times)] for bot, symbol in slots]
    return Market(
        tau,
        day,
        flags,
        bars["open"],
        bars["high"],
        bars["low"],
        _closes(scene),
        bars["volume"],
        np.array([[bits(one) for one in row] for row in said], np.uint8),
        _atr(slots, said),
        np.array([[_number(one.volatility) for one in row] for row in said]),
        np.array([[_number(one.liquidity) for one in row] for row in said]),
    )


def _minutes(scene: Scene, bot: SceneBot, tau: Any, day: Any, flags: Any) -> None:
    since = np.empty(len(tau), np.int64)
    start, end = (moment.hour * 3600 + moment.minute * 60 for moment in (bot.window.start, bot.window.end))
    settings = start, end, bot.risk.flatten_at_window_end, bot.daily
    if scene.around_the_clock:
        clock_minutes(tau, *settings, day, flags, since)
        return
    opens = np.array([int(s.open.timestamp()) for s in scene.sessions], np.int64)
    closes = np.array([int(s.close.timestamp()) for s in scene.sessions], np.int64)
    offsets = np.array([_ahead(s.open) for s in scene.sessions], np.int64)
    session_minutes(tau, opens, closes, offsets, *settings, day, flags, since)


def _ahead(moment: datetime) -> int:
    offset = moment.astimezone(NEW_YORK).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def _column(scene: Scene, name: str) -> np.ndarray:
    def value(bar: Bar | None) -> float:
        return math.nan if bar is None else getattr(bar, name)

    return np.array([[value(bars.get(symbol)) for bars in scene.bars] for symbol in scene.instruments])


def _closes(scene: Scene) -> np.ndarray:
    closes = np.full((len(scene.instruments), len(scene.taus)), math.nan)
    for row, symbol in enumerate(scene.instruments):
        newest = math.nan
        for t, bars in enumerate(scene.bars):
            newest = bars[symbol].close if symbol in bars else newest
            closes[row, t] = newest
    return closes


def _atr(slots: list[tuple[SceneBot, str]], said: list[list[Signals]]) -> np.ndarray:
    """Zero where a bot does not need it; no columns where none does."""
    needs = [bot.risk.stop_loss_atr is not None for bot, _ in slots]
    if not any(needs):
        return np.empty((len(slots), 0))
    rows = zip(needs, said, strict=True)
    return np.array([[_number(one.atr) if need else 0.0 for one in row] for need, row in rows])


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def bits(said: Signals) -> int:
    """`Market.signals` of a symbol at a tau."""
    named = (
        (codes.EVALUATED, said.evaluated),
        (codes.ENTER_LONG, said.enter_long),
        (codes.ENTER_SHORT, said.enter_short),
        (codes.EXIT_LONG, said.exit_long),
        (codes.EXIT_SHORT, said.exit_short),
        (codes.WARMED_UP, said.warmed_up),
        (codes.FRESH, said.fresh),
        (codes.MUST_GO, said.must_go),
    )
    return sum(bit for bit, holds in named if holds)
