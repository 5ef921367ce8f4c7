"""The broker's account against our books: what differs, and why. Pure; see semantics 6 and 7.

For each symbol, and in dollars: all bots' ledgers + what is no bot's = what the broker has.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

CASH = "$"  # stands where a symbol does; no instrument is called so
ZERO = Decimal(0)
_CENT = Decimal("0.01")
# A coin's fee is at most 0.25 % of what was bought, and is posted hours after it was kept back.
_COIN_FEE = Decimal("0.0026")


class Cause(StrEnum):
    """Why broker and books differ."""

    MANUAL_TRADE = "manual_trade"  # an order at the broker that is not ours
    EXTERNAL_FILL = "external_fill"  # an order of a Flotilla whose books these are not
    SPLIT = "split"
    MISSED_FILL = "missed_fill"  # ours, and booked when it was asked for
    CRYPTO_FEE = "crypto_fee"  # taken in the coin
    TRANSFER = "transfer"  # dollars paid in or out
    INCOME = "income"  # dividends, interest
    FEE = "fee"
    UNKNOWN = "unknown"


class Remedy(StrEnum):
    """What was done about a difference. The first three are a person's choice."""

    ASSIGN = "assign"
    ADOPT = "adopt"
    FLATTEN = "flatten"
    GONE = "gone"  # broker and books agree again
    REPAIRED = "repaired"


@dataclass(frozen=True, slots=True)
class Event:
    """What moved shares (or coins) and dollars at the broker. `type` is Alpaca's.

    `ours` is None for what is no order's; else whether it is an order of ours, of another Flotilla's
    (`external`), or anybody's.
    """

    type: str
    symbol: str | None
    quantity: Decimal
    cash: Decimal
    ours: bool | None = None
    external: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """What the broker has more than our books: of a symbol `quantity`, with it `cash` (USD)."""

    symbol: str
    cause: Cause
    quantity: Decimal
    cash: Decimal
    detail: str

    @property
    def is_settled(self) -> bool:
        """Whether it is nobody's but the account's, beyond doubt: what it moved is no bot's."""
        return self.cause in (Cause.TRANSFER, Cause.INCOME, Cause.FEE)


@dataclass(slots=True)
class _Moved:
    """What the events of one symbol have moved."""

    by_hand: Decimal = ZERO
    cash: Decimal = ZERO
    split: Decimal = ZERO
    fee: Decimal = ZERO
    bought: Decimal = ZERO
    external: bool = False


def differences(broker: Mapping[str, Decimal], books: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """What the broker has more than our books, by symbol; `CASH` is one of them."""
    found = {s: broker.get(s, ZERO) - books.get(s, ZERO) for s in broker.keys() | books.keys()}
    return {s: d for s, d in found.items() if (abs(d) >= _CENT if s == CASH else d)}


def explain(found: Mapping[str, Decimal], events: Sequence[Event]) -> list[Difference]:
    """The cause of each difference, from what has happened at the broker since both last agreed."""
    moved = _moved(events)
    named = [_of_symbol(s, found[s], moved[s]) for s in sorted(found) if s != CASH]
    rest = found.get(CASH, ZERO) - sum((one.cash for one in named), ZERO)
    if abs(rest) < _CENT:
        return named
    return [*named, *_of_cash(rest, events, explained={one.symbol for one in named})]


def _moved(events: Sequence[Event]) -> defaultdict[str, _Moved]:
    moved: defaultdict[str, _Moved] = defaultdict(_Moved)
    for event in events:
        if event.symbol is None:
            continue
        sums = moved[event.symbol]
        if event.ours is not None:
            sums.bought += max(event.quantity, ZERO)
        if event.ours is False:
            sums.by_hand += event.quantity
            sums.cash += event.cash
            sums.external |= event.external
        elif event.type == "CFEE":
            sums.fee += event.quantity
        elif event.ours is None:
            sums.split += event.quantity
    return moved


def _of_symbol(symbol: str, quantity: Decimal, moved: _Moved) -> Difference:
    coin_fee = "/" in symbol and quantity < 0
    if moved.by_hand == quantity:
        cause = Cause.EXTERNAL_FILL if moved.external else Cause.MANUAL_TRADE
        what = "an order that another Flotilla sent" if moved.external else "an order that is not ours"
        detail = f"{abs(quantity):f} {symbol} {_traded(quantity)} at the broker by {what}."
        return Difference(symbol, cause, quantity, moved.cash, detail)
    if moved.split == quantity:
        detail = f"A split (or another corporate action) changed the holding by {quantity:f} {symbol}."
        return Difference(symbol, Cause.SPLIT, quantity, ZERO, detail)
    if coin_fee and (moved.fee == quantity or -quantity <= moved.bought * _COIN_FEE):
        detail = f"The broker kept {-quantity:f} of {symbol} as its fee."
        return Difference(symbol, Cause.CRYPTO_FEE, quantity, ZERO, detail)
    detail = f"The broker has {quantity:+f} {symbol} beside our books; nothing it tells explains that."
    return Difference(symbol, Cause.UNKNOWN, quantity, moved.cash, detail)


def _traded(quantity: Decimal) -> str:
    return "bought" if quantity > 0 else "sold"


_CASH_CAUSES = {
    Cause.TRANSFER: ("CSD", "CSW", "TRANS", "JNL", "JNLC", "ACATC"),
    Cause.FEE: ("FEE", "DIVFEE", "PTC", "PTR"),
}


def _of_cash(rest: Decimal, events: Sequence[Event], *, explained: Collection[str]) -> list[Difference]:
    """The causes of a difference in dollars that no symbol's difference explains."""
    by_cause: dict[Cause, Decimal] = defaultdict(Decimal)
    for event in events:
        if event.ours is None and event.cash:
            causes = (cause for cause, types in _CASH_CAUSES.items() if event.type in types)
            by_cause[next(causes, Cause.INCOME)] += event.cash
    there_and_back = sum((e.cash for e in events if e.ours is False and e.symbol not in explained), ZERO)
    told = sum(by_cause.values(), ZERO)
    found: list[Difference] = []
    if abs(rest - told) < _CENT or abs(rest - told - there_and_back) < _CENT:
        found = [Difference(CASH, cause, ZERO, cash, _paid(cause, cash)) for cause, cash in by_cause.items()]
        rest -= told
    if abs(rest) < _CENT:
        return found
    if abs(rest - there_and_back) < _CENT:
        detail = f"Orders that are not ours have moved {rest:+,.2f} USD."
        return [*found, Difference(CASH, Cause.MANUAL_TRADE, ZERO, rest, detail)]
    detail = f"The broker has {rest:+,.2f} USD beside our books; nothing it tells explains that."
    return [*found, Difference(CASH, Cause.UNKNOWN, ZERO, rest, detail)]


def _paid(cause: Cause, cash: Decimal) -> str:
    words = {Cause.TRANSFER: "A transfer", Cause.FEE: "A fee"}
    return f"{words.get(cause, 'Dividends or interest')} of {cash:+,.2f} USD; it belongs to no bot."


@dataclass(frozen=True, slots=True)
class Finding:
    """A difference on record. `remedy` and `bot_id`: what a person wants done about it."""

    id: str
    symbol: str
    cause: Cause
    quantity: Decimal
    cash: Decimal
    detail: str
    remedy: Remedy | None = None
    bot_id: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Books:
    """One account as we have it: all bots' open holdings together, what their trades have paid and
    brought (USD), what is no bot's (`CASH` among it; empty before the account was first looked at),
    and the differences on record.
    """

    held: Mapping[str, Decimal]
    traded_cash: Decimal
    unmanaged: Mapping[str, Decimal]
    findings: Sequence[Finding] = field(default_factory=tuple)

    @property
    def is_met(self) -> bool:
        return CASH in self.unmanaged

    @property
    def expected(self) -> dict[str, Decimal]:
        """What the broker must have, the differences on record included."""
        total: dict[str, Decimal] = defaultdict(Decimal)
        total[CASH] += self.traded_cash
        for part in (self.held, self.unmanaged):
            for symbol, quantity in part.items():
                total[symbol] += quantity
        for finding in self.findings:
            total[CASH] += finding.cash
            if finding.symbol != CASH:
                total[finding.symbol] += finding.quantity
        return dict(total)
