"""What is fixed when a bot starts, and holds while it runs: its instruments' steps, and the placement of
its protection (semantics 3). The checkpoint records the placement; it is an input of a backtest.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any

from flotilla.domain.bots import BotSpec
from flotilla.domain.market import Instrument
from flotilla.domain.placement import Placement, guarded, in_fractions, traded_as
from flotilla.ports.store import BotMemory


class _Overlaid(Mapping[str, Instrument]):
    """A few of a bot's own over the many that all bots share."""

    def __init__(self, own: Mapping[str, Instrument], shared: Mapping[str, Instrument]) -> None:
        self._own, self._shared = own, shared

    def __getitem__(self, symbol: str) -> Instrument:
        return self._own[symbol] if symbol in self._own else self._shared[symbol]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._own, *self._shared)))

    def __len__(self) -> int:
        return len(self._own.keys() | self._shared.keys())


def instruments_as_traded(
    listed: Mapping[str, Instrument], spec: BotSpec, memory: BotMemory
) -> Mapping[str, Instrument]:
    """The account's instruments, those of the bot in the steps in which it trades them.

    What is held in fractions is sold in fractions, whatever the bot's settings have become.
    """
    own = {s: traded_as(listed.get(s) or Instrument(s, s), spec.risk) for s in spec.symbols}
    for symbol, quantity in _held(memory).items():
        known = own.get(symbol) or listed.get(symbol) or Instrument(symbol, symbol)
        own[symbol] = in_fractions(known) if quantity % 1 else known
    return _Overlaid(own, listed)


def guarded_symbols(
    instruments: Mapping[str, Instrument],
    spec: BotSpec,
    memory: BotMemory,
    checkpoint: Mapping[str, Any],
    *,
    interrupted: bool,
    opposed: Collection[str] = (),
) -> frozenset[str]:
    """The symbols whose protection the engine holds in this run.

    A run that was interrupted goes on with its placement; in a new one only what is held keeps its own.
    """
    held = _held(memory)
    symbols = dict.fromkeys((*spec.symbols, *held))
    recorded = checkpoint.get("guarded")
    kept = symbols if interrupted and recorded is not None else held
    before = {s: Placement.ENGINE if s in (recorded or ()) else Placement.BROKER for s in kept}
    return guarded([instruments[s] for s in symbols if s in instruments], opposed=opposed, before=before)


def _held(memory: BotMemory) -> dict[str, Decimal]:
    """What the bot holds, or has an order for: shares, below zero when short."""
    quantities: dict[str, Decimal] = defaultdict(Decimal)
    for fill in memory.fills:
        quantities[fill.symbol] += fill.moved
    under_way = {order.symbol: Decimal(0) for order in memory.open_orders}
    return under_way | {symbol: quantity for symbol, quantity in quantities.items() if quantity}
