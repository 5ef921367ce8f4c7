"""Fill parity: live fills against the model's, and each difference with one cause (semantics 8)."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from flotilla.domain.market import MINUTE
from flotilla.domain.orders import OrderStatus, Purpose
from flotilla.domain.risk import ExitReason
from flotilla.ports.decision_log import Learnt
from flotilla.research.parity.evidence import Evidence, LiveOrder
from flotilla.research.parity.fills import Timed


class Cause(StrEnum):
    """Why live trading filled otherwise than the model."""

    DATA_LATE = "DATA_LATE"
    ORDER_LATE = "ORDER_LATE"
    REPRICE_LATE = "REPRICE_LATE"
    FILL_PRICE = "FILL_PRICE"
    PARTIAL = "PARTIAL"
    REJECTED = "REJECTED"
    ACCOUNT_LIMIT = "ACCOUNT_LIMIT"
    CORRECTED_BAR = "CORRECTED_BAR"
    DOWNTIME = "DOWNTIME"
    EDITED = "EDITED"
    MANUAL = "MANUAL"
    UNEXPLAINED = "UNEXPLAINED"


CAUSE_SENTENCES: dict[Cause, str] = {
    Cause.DATA_LATE: "A bar came after its minute had been decided on.",
    Cause.ORDER_LATE: "The order was filled in a later bar than the model's, or not at all.",
    Cause.REPRICE_LATE: "The moved stop was not at the broker when the price touched it.",
    Cause.FILL_PRICE: "The broker filled at another price than the model.",
    Cause.PARTIAL: "The broker filled only a part of the order.",
    Cause.REJECTED: "The order was refused by the broker, or never reached it.",
    Cause.ACCOUNT_LIMIT: "A limit over all bots of the account refused the entry.",
    Cause.CORRECTED_BAR: "A bar was corrected after it had been decided on.",
    Cause.DOWNTIME: "The engine was not there for a part of the session.",
    Cause.EDITED: "The bot was edited during the session.",
    Cause.MANUAL: "A person paused, stopped or flattened the bot.",
    Cause.UNEXPLAINED: "Nothing on record explains it: please report it.",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """A fill that only one side has (the other is None), or that the two have otherwise.

    `follows`: it has no cause of its own, but follows from an earlier difference with this cause.
    """

    live: Timed | None
    model: Timed | None
    cause: Cause
    follows: bool = False

    @property
    def first(self) -> Timed:
        return min(one for one in (self.live, self.model) if one is not None)


@dataclass(slots=True)
class FillParity:
    """The fills of both, how many are equal, and the differences in their order."""

    live: int = 0
    model: int = 0
    equal: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def percent(self) -> float:
        compared = self.equal + len(self.differences)
        return 100.0 * self.equal / compared if compared else 100.0


Pair = tuple[Timed | None, Timed | None]


def fill_parity(live: Sequence[Timed], model: Sequence[Timed], evidence: Evidence) -> FillParity:
    """Compare the two lists; both of the same bot and session."""
    found = FillParity(len(live), len(model))
    inherited: dict[str, Cause] = {}
    latest: Cause | None = None
    for one, two in sorted(_pairs(live, model), key=_when):
        if one is not None and two is not None and one == two:
            found.equal += 1
            continue
        symbol = (one or two).fill.symbol  # type: ignore[union-attr]
        cause = _own_cause(one, two, evidence)
        follows = cause is None
        if cause is None:
            cause = inherited.get(symbol) or latest or _of_session(one, two, evidence)
            follows = cause is inherited.get(symbol) or cause is latest
        inherited[symbol] = latest = cause
        found.differences.append(Difference(one, two, cause, follows and cause is not Cause.UNEXPLAINED))
    return found


# --- which fills belong together ------------------------------------------------------------------


def _pairs(live: Sequence[Timed], model: Sequence[Timed]) -> Iterator[Pair]:
    """Fills decided at the same moment for the same purpose belong together; the rest stand alone."""
    ours, theirs = _by_decision(live), _by_decision(model)
    for key in ours.keys() | theirs.keys():
        one, two = ours.get(key, []), theirs.get(key, [])
        for timed in [timed for timed in one if timed in two]:
            if timed in two:
                one.remove(timed)
                two.remove(timed)
                yield timed, timed
        for n in range(max(len(one), len(two))):
            yield (one[n] if n < len(one) else None), (two[n] if n < len(two) else None)


def _by_decision(fills: Sequence[Timed]) -> dict[tuple[object, ...], list[Timed]]:
    found: dict[tuple[object, ...], list[Timed]] = defaultdict(list)
    for timed in sorted(fills):
        fill = timed.fill
        found[fill.tau, fill.symbol, fill.purpose].append(timed)
    return found


def _when(pair: Pair) -> tuple[object, ...]:
    first = min(one for one in pair if one is not None)
    return first.bar, first.fill


# --- causes ---------------------------------------------------------------------------------------


def _own_cause(live: Timed | None, model: Timed | None, evidence: Evidence) -> Cause | None:
    """The cause that lies in this very difference; None: look at what came before it."""
    some = live or model
    assert some is not None
    if some.fill.reason == ExitReason.STOPPING or _commanded(some, evidence):
        return Cause.MANUAL
    if live is not None and model is not None:
        return _of_pair(live, model, evidence)
    if live is None:
        return _of_missing(some, evidence)
    return _by_data(some, evidence)


def _of_pair(live: Timed, model: Timed, evidence: Evidence) -> Cause | None:
    """Both filled it, otherwise."""
    order = _order(live, evidence)
    if live.fill.quantity != model.fill.quantity:
        partial = order is not None and order.filled < order.quantity
        return Cause.PARTIAL if partial else None  # another size was decided: something came before
    if live.bar > model.bar:
        return Cause.ORDER_LATE
    if live.fill.price != model.fill.price:
        moved = order is not None and order.moved and live.fill.purpose == Purpose.STOP_LOSS
        return Cause.REPRICE_LATE if moved else Cause.FILL_PRICE
    return None


def _of_missing(model: Timed, evidence: Evidence) -> Cause | None:
    """The model filled it, live trading did not."""
    if (model.fill.tau, model.fill.symbol) in evidence.limited:
        return Cause.ACCOUNT_LIMIT
    order = _order(model, evidence)
    if order is not None:
        cause = _of_unfilled(order)
        if cause is not None:
            return cause
    if any(begin <= model.fill.tau <= end for begin, end in evidence.gaps):
        return Cause.DOWNTIME
    return _by_data(model, evidence)


def _of_unfilled(order: LiveOrder) -> Cause | None:
    """Why an order that the model filled did not. A leg that ended unfilled went with its position."""
    if order.status in (OrderStatus.REJECTED, OrderStatus.NOT_SENT):
        return Cause.REJECTED
    if order.filled:
        return Cause.PARTIAL if order.filled < order.quantity else None
    ended_as_leg = order.status.is_terminal and Purpose(order.purpose).is_leg
    return None if ended_as_leg else Cause.ORDER_LATE


_HEARD_WITHIN = timedelta(minutes=5)


def _by_data(timed: Timed, evidence: Evidence) -> Cause | None:
    """A bar of the symbol that was late or corrected about when this was decided."""
    tau = timed.fill.tau.timestamp()
    near = [
        one
        for one in evidence.late
        if one.symbol == timed.fill.symbol
        and one.start < tau <= max(one.known_from, one.start + 60) + _HEARD_WITHIN.total_seconds()
    ]
    if not near:
        return None
    kinds = {one.kind for one in near}
    return Cause.DATA_LATE if Learnt.LATE in kinds else Cause.CORRECTED_BAR


def _of_session(live: Timed | None, model: Timed | None, evidence: Evidence) -> Cause:
    """What in the session before it may have made all else other."""
    some = live or model
    assert some is not None
    tau = some.fill.tau
    if any(begin <= tau for begin, _ in evidence.gaps):
        return Cause.DOWNTIME
    before = [one for one in evidence.late if one.start < tau.timestamp()]
    if before:
        late = any(one.kind is Learnt.LATE for one in before)
        return Cause.DATA_LATE if late else Cause.CORRECTED_BAR
    if any(edit <= tau for edit in evidence.edits):
        return Cause.EDITED
    if any(command <= tau for command in evidence.commands):
        return Cause.MANUAL
    return Cause.UNEXPLAINED


def _commanded(timed: Timed, evidence: Evidence) -> bool:
    """Whether the bot did not trade freely when this was decided."""
    return any(command <= timed.fill.tau < command + MINUTE for command in evidence.commands)


def _order(timed: Timed, evidence: Evidence) -> LiveOrder | None:
    """The order of a fill; of a leg the one of its symbol and purpose that filled, or was there."""
    fill = timed.fill
    same = [one for one in evidence.orders if (one.symbol, one.purpose) == (fill.symbol, fill.purpose)]
    if not Purpose(fill.purpose).is_leg:
        return next((one for one in same if one.tau == fill.tau), None)
    before = [one for one in same if one.tau < fill.tau]
    return before[-1] if before else None


def slippage(orders: Sequence[LiveOrder]) -> tuple[float | None, float | None]:
    """The mean over all filled orders, by value, and the worst; basis points of the decision's price."""
    measured = [(one, bps) for one in orders if (bps := one.slippage_bps) is not None and one.filled]
    if not measured:
        return None, None
    values = [float(one.filled * (one.price or Decimal(0))) for one, _ in measured]
    total = sum(values)
    mean = sum(bps * value for (_, bps), value in zip(measured, values, strict=True)) / total
    return mean, max(bps for _, bps in measured)


def when(difference: Difference) -> datetime:
    """The moment that a difference is listed at."""
    return difference.first.fill.tau
