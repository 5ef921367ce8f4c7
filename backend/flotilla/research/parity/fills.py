"""What fill parity compares: the list of (tau, symbol, side, purpose, quantity, price, reason)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from flotilla.domain.market import usual_instrument
from flotilla.domain.orders import Purpose, to_quantity
from flotilla.domain.placement import traded_as
from flotilla.research.result import BacktestResult

_MINUTE = timedelta(minutes=1)


class ParityFill(NamedTuple):
    """One filled order. `tau`: when it was decided; of a leg: the end of the minute that met it."""

    tau: datetime
    symbol: str
    side: str
    purpose: str
    quantity: Decimal
    price: Decimal
    reason: str


class Timed(NamedTuple):
    """A fill, and the open of the bar that it happened in."""

    bar: datetime
    fill: ParityFill


def backtest_fills(result: BacktestResult, bot: int = 0) -> list[Timed]:
    """A bot's fills in a backtest, quantities in whole steps."""
    risk = result.bots[bot].risk
    return [
        Timed(
            fill.time,
            ParityFill(
                fill.tau,
                fill.symbol,
                fill.side.value,
                fill.purpose.value,
                to_quantity(fill.quantity, traded_as(usual_instrument(fill.symbol), risk).quantity_step),
                Decimal(repr(fill.price)),
                fill.reason.value,
            ),
        )
        for fill in result.fills
        if fill.bot == bot
    ]


def live_fill(
    *,
    at: datetime,
    tau: datetime,
    symbol: str,
    side: str,
    purpose: str,
    quantity: Decimal,
    price: Decimal,
    reason: str,
) -> Timed:
    """One filled order of live trading: `at` is when it filled last, `tau` when it was decided."""
    leg = Purpose(purpose).is_leg
    if leg:  # it fills within its minute; the minute's last instant is its end
        at -= timedelta(microseconds=1)
    bar = at.replace(second=0, microsecond=0)
    return Timed(
        bar, ParityFill(bar + _MINUTE if leg else tau, symbol, side, purpose, quantity, price, reason)
    )


_OPENING_ORDER = {Purpose.ENTRY: 1, Purpose.STOP_LOSS: 2, Purpose.TAKE_PROFIT: 2}


def in_order(fills: Iterable[Timed], symbols: Sequence[str]) -> list[ParityFill]:
    """In the order of semantics 4: bar by bar exits, entries, legs; among those the bot's symbols.

    Two legs of a symbol in one bar (of different entries) stand by their quantity and price.
    """

    def place(timed: Timed) -> tuple[object, ...]:
        fill = timed.fill
        rank = _OPENING_ORDER.get(Purpose(fill.purpose), 0)
        return timed.bar, rank, symbols.index(fill.symbol), fill.quantity, fill.price

    return [timed.fill for timed in sorted(fills, key=place)]
