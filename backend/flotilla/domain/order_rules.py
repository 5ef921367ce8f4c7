"""Which orders Alpaca takes: by asset class, type, time in force, class, fraction and session.

A bot is held against it when it is saved and when it is started, so that nothing is refused by the broker
only at 9:31. The practice market's own rules are a second implementation; a test sends it every combination.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from flotilla.domain.bots import BotSpec
from flotilla.domain.errors import Problem
from flotilla.domain.market import Instrument, is_pair
from flotilla.domain.risk import Sizing

_LEAST_COIN_ORDER = Decimal(10)  # USD, as observed: the asset's own `min_order_size` lies far below
_LARGEST_COIN_ORDER = Decimal(200_000)  # USD


class Type(StrEnum):
    """Alpaca's order types."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"


class TimeInForce(StrEnum):
    """How long an order lives: a session, until cancelled (90 days), an auction, or a moment."""

    DAY = "day"
    GTC = "gtc"
    OPG = "opg"
    CLS = "cls"
    IOC = "ioc"
    FOK = "fok"


class OrderClass(StrEnum):
    """Whether an entry brings its target and stop along: neither, one, or both."""

    SIMPLE = "simple"
    OTO = "oto"
    BRACKET = "bracket"


@dataclass(frozen=True, slots=True)
class OrderKind:
    """What decides whether an order is taken, besides its prices. `whole`: of whole shares."""

    type: Type
    time_in_force: TimeInForce
    order_class: OrderClass = OrderClass.SIMPLE
    whole: bool = True
    opens_short: bool = False
    extended_hours: bool = False


_RESTING = (TimeInForce.DAY, TimeInForce.GTC)
_COIN_TYPES = (Type.MARKET, Type.LIMIT, Type.STOP_LIMIT)
_COIN_TIMES = (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)
_AUCTIONED = (Type.MARKET, Type.LIMIT)


def refusal(kind: OrderKind, instrument: Instrument) -> str | None:
    """Why the broker takes no such order for the instrument, as a sentence; None when it does."""
    if not instrument.tradable:
        return f"{instrument.symbol} cannot be traded at the broker."
    return _coin_refusal(kind) if instrument.is_coin else _stock_refusal(kind, instrument)


def _coin_refusal(kind: OrderKind) -> str | None:
    if kind.opens_short:
        return "Coins cannot be sold short."
    if kind.order_class is not OrderClass.SIMPLE:
        return "The broker takes no stop or target together with an order for coins."
    if kind.type not in _COIN_TYPES:
        return "Coins are traded by market, limit and stop-limit orders only."
    if kind.time_in_force not in _COIN_TIMES:
        return "Orders for coins are good till cancelled, or for the moment."
    if kind.extended_hours:
        return "Coins trade around the clock: they have no extended hours."
    return None


def _stock_refusal(kind: OrderKind, instrument: Instrument) -> str | None:
    grouped = kind.order_class is not OrderClass.SIMPLE
    if kind.opens_short and not instrument.shortable:
        return f"{instrument.symbol} cannot be borrowed easily, so it is not sold short."
    if not kind.whole:
        found = _fraction_refusal(kind, instrument)
        if found is not None:
            return found
    if kind.extended_hours and (grouped or kind.type is not Type.LIMIT or kind.time_in_force not in _RESTING):
        return "Outside regular hours only simple limit orders are taken, for the day or till cancelled."
    if grouped and kind.type is Type.TRAILING_STOP:
        return "A trailing stop order stands alone: it brings no stop or target along."
    if grouped and kind.time_in_force not in _RESTING:
        return "An entry with a stop or target is for the day or till cancelled."
    if kind.time_in_force not in _RESTING and kind.type not in _AUCTIONED:
        return "Stop orders are for the day or till cancelled."
    return None


def _fraction_refusal(kind: OrderKind, instrument: Instrument) -> str | None:
    if not instrument.fractionable:
        return f"{instrument.symbol} is traded in whole shares only."
    if kind.opens_short:
        return "Parts of a share cannot be sold short."
    if kind.order_class is not OrderClass.SIMPLE:
        return "The broker takes no stop or target together with parts of a share."
    if kind.time_in_force is not TimeInForce.DAY:
        return "Orders for parts of a share are for the day."
    if kind.type is Type.TRAILING_STOP:
        return "Trailing stop orders are for whole shares."
    return None


# --- a bot ----------------------------------------------------------------------------------------


def orders_of(spec: BotSpec, instrument: Instrument) -> Iterator[tuple[str, OrderKind]]:
    """The kinds of orders that the bot would send for an instrument, each with the field that asks for it.

    Stop and target live at the broker, those of coins and of fractions in the engine (semantics 3).
    """
    whole = instrument.is_coin or not spec.risk.fractional
    if instrument.is_coin:
        legs, lasts = OrderClass.SIMPLE, TimeInForce.GTC
    elif not whole:
        legs, lasts = OrderClass.SIMPLE, TimeInForce.DAY
    else:
        protected = spec.risk.has_stop, spec.risk.has_target
        legs = (OrderClass.SIMPLE, OrderClass.OTO, OrderClass.BRACKET)[sum(protected)]
        lasts = TimeInForce.GTC if any(protected) else TimeInForce.DAY
    if spec.entry is not None:
        yield "symbols", OrderKind(Type(spec.risk.entry_order.value), lasts, legs, whole=whole)
    if spec.short_entry is not None:
        # Sold short is whole shares, whatever is bought.
        yield "rules.short_entry", OrderKind(Type(spec.risk.entry_order.value), lasts, legs, opens_short=True)


def problems(spec: BotSpec, instruments: Mapping[str, Instrument]) -> list[Problem]:
    """What of a bot the broker would refuse, by the field's path; unknown symbols are passed over."""
    found: dict[Problem, None] = {}  # each once, in order
    for index, symbol in enumerate(spec.symbols):
        instrument = instruments.get(symbol)
        if instrument is None:
            continue
        for field, kind in orders_of(spec, instrument):
            reason = refusal(kind, instrument)
            if reason is not None:
                own = field == "symbols" or not instrument.is_coin
                found[Problem(f"symbols.{index}" if own else field, reason)] = None
    coins = [instruments[symbol] for symbol in spec.symbols if symbol in instruments and is_pair(symbol)]
    if coins:
        found.update(dict.fromkeys(_coin_sizes(spec, coins)))
    return list(found)


def _coin_sizes(spec: BotSpec, coins: Sequence[Instrument]) -> Iterator[Problem]:
    """Sizes that no price can bring to what the broker takes for coins (USD)."""
    risk, prefix = spec.risk, "risk_management"
    if risk.sizing is Sizing.FIXED_QUANTITY:
        least = max(one.min_quantity for one in coins)
        if Decimal(repr(risk.position_quantity)) < least:
            yield Problem(f"{prefix}.position_quantity", f"The broker takes orders from {least:f} on.")
    field, amount = _amount(spec)
    if amount is not None and amount < _LEAST_COIN_ORDER:
        yield Problem(field, f"The broker takes orders for coins from {_LEAST_COIN_ORDER} USD on.")
    if amount is not None and amount > _LARGEST_COIN_ORDER and risk.max_position_amount is None:
        yield Problem(field, f"The broker takes orders for coins up to {_LARGEST_COIN_ORDER:,} USD.")


def _amount(spec: BotSpec) -> tuple[str, Decimal | None]:
    """What an entry is worth when the bot starts, and the field that says so; None: the market says."""
    risk = spec.risk
    if risk.sizing is Sizing.FIXED_AMOUNT:
        return "risk_management.position_amount", Decimal(repr(risk.position_amount))
    if risk.sizing is Sizing.PERCENT_OF_EQUITY:
        part = spec.capital * Decimal(repr(risk.position_percent)) / 100
        return "risk_management.position_percent", part
    return "risk_management.sizing", None
