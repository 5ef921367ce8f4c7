"""What a backtest found: orders and refusals with their reasons, fills, trades, curves and figures."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import numpy as np

from flotilla.domain import codes
from flotilla.domain.bots import BotSpec
from flotilla.domain.kernel.decisions import ORDER_TYPES, Decision, decision, purpose
from flotilla.domain.kernel.records import DECISIONS, INTENTS, Book, ByteArray, FloatArray, IntArray, Output
from flotilla.domain.orders import Side
from flotilla.domain.risk import ExitReason, RefusalCode
from flotilla.research.executions import BacktestFill, BacktestTrade, Order
from flotilla.research.metrics import ClosedTrades, EquityCurve, Metrics, buy_and_hold, measure
from flotilla.research.model.records import FILLS, TRADES, Tape
from flotilla.research.preparation import Prepared

_STOCK_YEAR, _COIN_YEAR = 252, 365


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
        return [self._fill(*row) for row in self._tape.fills[: self._tape.counts[FILLS]].tolist()]

    @cached_property
    def trades(self) -> list[BacktestTrade]:
        """Every closed position, in the order in which they closed."""
        return [self._trade(*row) for row in self._trade_rows.tolist()]

    @cached_property
    def orders(self) -> list[Order]:
        """Every order that was decided, in order."""
        placed = self._out.intents[: self._out.counts[INTENTS]]
        return [self._order(row) for row in placed if row.action == codes.PLACE]

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

    def entry_signals(self, bot: int) -> int:
        """At how many bars an entry rule of the bot held, over all its symbols."""
        return int(np.count_nonzero(self._signals(bot) & np.uint8(codes.ENTRY_SIGNALS)))

    def ready_from(self, bot: int) -> int | None:
        """The first of `times` at which the bot's rules could be asked of every symbol; None: never."""
        ready = (self._signals(bot) & np.uint8(codes.WARMED_UP)) != 0
        if not ready.any(axis=1).all():
            return None
        return int(self.times[ready.argmax(axis=1).max()])

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

    def _signals(self, bot: int) -> ByteArray:
        first = sum(len(one.symbols) for one in self.bots[:bot])
        return self._made.market.signals[first : first + len(self.bots[bot].symbols)]

    @property
    def _day_ends(self) -> IntArray:
        """The last column of each day of the first bot."""
        day = self._made.market.day[0]
        ends: IntArray = np.append(np.flatnonzero(np.diff(day)), len(day) - 1)
        return ends

    # The fields of the model's records, in their order: a row as a tuple is ten times as quick to read.

    def _fill(
        self,
        tau: int,
        column: int,
        slot: int,
        purpose_code: int,
        reason: int,
        sign: float,
        quantity: float,
        price: float,
        fee: float,
        profit: float,
        shift: float,
    ) -> BacktestFill:
        bot, symbol = self._owner[slot]
        return BacktestFill(
            bot,
            _moment(tau),
            _moment(self._made.starts[column]),
            symbol,
            _side(sign),
            purpose(purpose_code),
            quantity,
            price,
            fee,
            profit,
            shift,
            ExitReason.of(reason),
        )

    def _trade(
        self, slot: int, sign: float, entry_column: int, exit_column: int, *numbers: float
    ) -> BacktestTrade:
        bot, symbol = self._owner[slot]
        quantity, entry_price, exit_price, profit, fees, mae, mfe, risk, bars, reason, left_by = numbers
        return BacktestTrade(
            bot,
            symbol,
            _side(sign),
            _moment(self._made.starts[entry_column]),
            _moment(self._made.starts[exit_column]),
            quantity,
            entry_price,
            exit_price,
            profit,
            fees,
            mae,
            mfe,
            None if math.isnan(risk) else risk,
            int(bars),
            ExitReason.of(int(reason)),
            purpose(int(left_by)),
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
            type=ORDER_TYPES[row.type],
            order_price=None if math.isnan(row.order_price) else float(row.order_price),
        )


def _side(sign: float) -> Side:
    return Side.BUY if sign > 0.0 else Side.SELL


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
