"""Where the stops and targets of a bot's positions live: fixed when it starts (semantics 3, placement).

At the broker they survive our death; the engine's are met at the end of the minute that touches them.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum

from flotilla.domain.market import Instrument
from flotilla.domain.risk import RiskRules

_FRACTION = Decimal("0.000000001")  # of a share: the smallest that Alpaca trades


class Placement(StrEnum):
    """Who holds a symbol's protection."""

    BROKER = "broker"
    ENGINE = "engine"


def placement(instrument: Instrument, *, opposed: bool = False) -> Placement:
    """Where the protection of what is traded so lives.

    The broker takes legs with whole shares only; `opposed`: another bot of the account is on the other
    side of the symbol, and legs of both would be crossed.
    """
    whole = not instrument.is_coin and instrument.quantity_step % 1 == 0
    return Placement.BROKER if whole and not opposed else Placement.ENGINE


def guarded(
    instruments: Iterable[Instrument],
    *,
    opposed: Collection[str] = (),
    before: Mapping[str, Placement] | None = None,
) -> frozenset[str]:
    """The symbols whose protection the engine holds.

    `before`: where that of positions lives which are open already; it stays there until they are flat.
    """
    known = before or {}
    places = {one.symbol: placement(one, opposed=one.symbol in opposed) for one in instruments}
    return frozenset(symbol for symbol, place in {**places, **known}.items() if place is Placement.ENGINE)


def traded_as(instrument: Instrument, risk: RiskRules) -> Instrument:
    """The instrument in the steps in which a bot with these settings trades it."""
    return in_fractions(instrument) if risk.fractional and not instrument.is_coin else instrument


def in_fractions(instrument: Instrument) -> Instrument:
    """The instrument in fractions of a share."""
    return replace(instrument, quantity_step=_FRACTION, min_quantity=_FRACTION)
