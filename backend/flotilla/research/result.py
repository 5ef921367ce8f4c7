"""What a backtest found: orders and refusals with their reasons, fills, trades, curves and figures."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import numpy as np

from flotilla.domain import codes
from flotilla.domain.bots import BotSpec
from flotilla.domain.kernel.decisions import Decision, decision, purpose
from flotilla.domain.kernel.records import DECISIONS, INTENTS, Book, FloatArray, IntArray, Output
from flotilla.domain.orders import Purpose, Side
from flotilla.domain.risk import ExitReason, RefusalCode
from flotilla.research.metrics import ClosedTrades, EquityCurve, Metrics, buy_and_hold, measure
from flotilla.research.model.records import FILLS, TRADES, Tape
from flotilla.research.preparation import Prepared

_STOCK_YEAR, _COIN_YEAR = 252, 365


@dataclass(frozen=True, slots=True)
class BacktestFill:
    """One filled order. `tau`: when it was decided (a leg: the end of its bar); `time`: its bar's open.

    USD, shares or coins; `slippage` is what the price was worse than decided, a unit.
    """

    bot: int
    tau: datetime
    time: datetime
    symbol: str
    side: Side
    purpose: Purpose
    quantity: float
    price: float
    fee: float
    profit: float
    slippage: float
    reason: ExitReason


@dataclass(frozen=True, slots=True)
class BacktestTrade:
    """A position from flat to flat; `side` is the one that opened it. USD; None: there was no stop."""

    bot: int
    symbol: str
    side: Side
    entry_time: datetime
    exit_time: datetime
    quantity: float
    entry_price: float
    exit_price: float
    profit: float
    fees: float
    mae: float
    mfe: float
    risk: float | None
    bars: int
    reason: ExitReason


@dataclass(frozen=True, slots=True)
class Order:
    """What was decided, filled or not."""

    bot: int
    tau: datetime
    symbol: str
    side: Side
    purpose: Purpose
    quantity: float
    price: float
    stop: float | None
    target: float | None
    reason: ExitReason


class BacktestResult:
    """Reads the model's tape; nothing is converted before it is asked for."""

    def __init__(self, bots: Sequence[BotSpec], made: Prepared, book: Book, tape: Tape, out: Output) -> None:
        self.bots = bots
        self._made = made
        self._book = book
        self._tape = tape
        self._out = out
        self._owner = [(b, symbol) for b, bot in enumerate(bots) for symbol in bot.symbols]

    # --- curves ---------------------------------------------------------------------------------

    @property
    def times(self) -> IntArray:
        """The end of every minute, in seconds since 1970 UTC."""
        return self._made.market.tau

    def equity(self, bot: int | None = None) -> FloatArray:
        """Equity (USD) at each of `times`: of one bot, or of all."""
        found: FloatArray = self._tape.equity.sum(axis=0) if bot is None else self._tape.equity[bot]
        return found

    def exposure(self, bot: int | None = None) -> FloatArray:
        """What was in the market (USD), long and short."""
        found: FloatArray = self._tape.exposure.sum(axis=0) if bot is None else self._tape.exposure[bot]
        return found

    # --- what happened --------------------------------------------------------------------------

    @cached_property
    def fills(self) -> list[BacktestFill]:
        """Every fill, in order."""
        return [self._fill(row) for row in self._tape.fills[: self._tape.counts[FILLS]]]

    @cached_property
    def trades(self) -> list[BacktestTrade]:
        """Every closed position, in the order in which they closed."""
        return [self._trade(row) for row in self._trade_rows]

    @cached_property
    def orders(self) -> list[Order]:
        """Every order that was decided, in order."""
        return [self._order(row) for row in self._out.intents[: self._out.counts[INTENTS]]]

    @property
    def refusals(self) -> Mapping[RefusalCode, int]:
        """How often each gate refused an entry."""
        rows = self._decision_rows
        counts = Counter(rows.code[rows.outcome == codes.REFUSED].tolist())
        return {RefusalCode.of(code): count for code, count in counts.most_common()}

    def decisions(self) -> Iterator[tuple[int, datetime, Decision]]:
        """Every signal that was acted on or refused: bot, tau, decision."""
        for row in self._decision_rows:
            bot, _ = self._owner[row.slot]
            yield bot, _moment(row.tau), decision(row, [symbol for _, symbol in self._owner])

    @property
    def traded_value(self) -> float:
        """What all fills together were worth (USD)."""
        fills: Any = self._tape.fills[: self._tape.counts[FILLS]]
        return float(np.dot(fills.quantity, fills.price))

    def symbol_pnl(self) -> dict[str, float]:
        """Realised P&L by symbol (USD)."""
        totals: Counter[str] = Counter()
        for trade in self.trades:
            totals[trade.symbol] += trade.profit  # type: ignore[assignment]
        return dict(totals)

    # --- figures --------------------------------------------------------------------------------

    @property
    def capital(self) -> float:
        """What all bots began with (USD)."""
        return float(sum(bot.capital for bot in self.bots))

    @cached_property
    def curve(self) -> EquityCurve:
        """All bots together, with buy-and-hold of their symbols beside it."""
        coins = all(bot.trades_coins for bot in self.bots)
        return EquityCurve(
            times=self.times,
            equity=self.equity(),
            exposure=self.exposure(),
            initial=self.capital,
            day_ends=self._day_ends,
            days_per_year=_COIN_YEAR if coins else _STOCK_YEAR,
            benchmark=buy_and_hold(self._made.market.close, self.capital),
        )

    @cached_property
    def closed(self) -> ClosedTrades:
        """The closed trades as columns."""
        rows, starts = self._trade_rows, self._made.starts
        return ClosedTrades(
            entry_time=starts[rows.entry_column],
            exit_time=starts[rows.exit_column],
            side=rows.sign.astype(np.int64),
            quantity=rows.quantity.copy(),
            entry_price=rows.entry_price.copy(),
            exit_price=rows.exit_price.copy(),
            profit=rows.profit.copy(),
            fees=rows.fees.copy(),
            mae=rows.mae.copy(),
            mfe=rows.mfe.copy(),
            risk=rows.risk.copy(),
            bars_held=rows.bars.copy(),
        )

    @cached_property
    def metrics(self) -> Metrics:
        """The figures of all bots together."""
        return measure(self.curve, self.closed, traded_value=self.traded_value)

    # --- rows -----------------------------------------------------------------------------------

    @property
    def _trade_rows(self) -> Any:
        return self._tape.trades[: self._tape.counts[TRADES]]

    @property
    def _decision_rows(self) -> Any:
        return self._out.decisions[: self._out.counts[DECISIONS]]

    @property
    def _day_ends(self) -> IntArray:
        """The last column of each day of the first bot."""
        day = self._made.market.day[0]
        ends: IntArray = np.append(np.flatnonzero(np.diff(day)), len(day) - 1)
        return ends

    def _fill(self, row: Any) -> BacktestFill:
        bot, symbol = self._owner[row.slot]
        return BacktestFill(
            bot=bot,
            tau=_moment(row.tau),
            time=_moment(self._made.starts[row.column]),
            symbol=symbol,
            side=_side(row.sign),
            purpose=purpose(int(row.purpose)),
            quantity=float(row.quantity),
            price=float(row.price),
            fee=float(row.fee),
            profit=float(row.profit),
            slippage=float(row.shift),
            reason=ExitReason.of(int(row.reason)),
        )

    def _trade(self, row: Any) -> BacktestTrade:
        bot, symbol = self._owner[row.slot]
        return BacktestTrade(
            bot=bot,
            symbol=symbol,
            side=_side(row.sign),
            entry_time=_moment(self._made.starts[row.entry_column]),
            exit_time=_moment(self._made.starts[row.exit_column]),
            quantity=float(row.quantity),
            entry_price=float(row.entry_price),
            exit_price=float(row.exit_price),
            profit=float(row.profit),
            fees=float(row.fees),
            mae=float(row.mae),
            mfe=float(row.mfe),
            risk=None if math.isnan(row.risk) else float(row.risk),
            bars=int(row.bars),
            reason=ExitReason.of(int(row.reason)),
        )

    def _order(self, row: Any) -> Order:
        bot, symbol = self._owner[row.slot]
        return Order(
            bot=bot,
            tau=_moment(row.tau),
            symbol=symbol,
            side=_side(row.sign),
            purpose=purpose(int(row.purpose)),
            quantity=float(row.quantity),
            price=float(row.price),
            stop=None if math.isnan(row.stop) else float(row.stop),
            target=None if math.isnan(row.target) else float(row.target),
            reason=ExitReason.of(int(row.reason)),
        )


def _side(sign: float) -> Side:
    return Side.BUY if sign > 0.0 else Side.SELL


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
