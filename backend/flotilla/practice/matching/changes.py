"""What a request or a minute did: the rows to store and the events to send, in order."""

import copy
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from flotilla.practice.matching.account import Account
from flotilla.practice.matching.activities import EquityPoint, NonTradeActivity
from flotilla.practice.matching.orders import Execution, Order, TradeUpdate

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID_LENGTH = 26


@dataclass(slots=True)
class Sequence:
    """The market's counters; every id is made from them, so a run can be repeated exactly.

    `market_id` is drawn once per database: two markets never give the same order id.
    """

    market_id: uuid.UUID
    value: int = 0
    last_event_id: str = ""
    last_event_ms: int = 0

    def next(self) -> int:
        self.value += 1
        return self.value

    def next_id(self) -> str:
        """Return a new UUID."""
        return str(uuid.uuid5(self.market_id, str(self.next())))

    def next_event_id(self, at: datetime) -> str:
        """Return a ULID greater than every one before, also when market time went back."""
        self.last_event_ms = max(self.last_event_ms, int(at.timestamp() * 1000))
        self.last_event_id = _ulid(self.last_event_ms << 80 | self.next())
        return self.last_event_id


def _ulid(value: int) -> str:
    digits = []
    for _ in range(_ULID_LENGTH):
        digits.append(_CROCKFORD[value & 31])
        value >>= 5
    return "".join(reversed(digits))


@dataclass(slots=True)
class Changes:
    """Orders and accounts that changed (the live objects); new executions, events, other activities
    and points of the accounts' equity."""

    orders: dict[str, Order] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    executions: list[Execution] = field(default_factory=list)
    updates: list[TradeUpdate] = field(default_factory=list)
    activities: list[NonTradeActivity] = field(default_factory=list)
    equity: list[EquityPoint] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any((self.orders, self.accounts, self.executions, self.updates, self.activities, self.equity))


class Recorder:
    """Collects changes until the caller takes them."""

    def __init__(self, sequence: Sequence, on_order: Callable[[Order], None] = lambda _: None) -> None:
        """`on_order` hears of every order that changes."""
        self.sequence = sequence
        self._on_order = on_order
        self._changes = Changes()

    def take(self) -> Changes:
        changes, self._changes = self._changes, Changes()
        return changes

    def account(self, account: Account) -> None:
        self._changes.accounts[account.id] = account

    def event(
        self,
        name: str,
        order: Order,
        at: datetime,
        execution: Execution | None = None,
        reason: str | None = None,
    ) -> None:
        """Record that `order` changed and what the stream says of it."""
        self.order(order)
        execution_id = execution.id if execution else self.sequence.next_id()
        if execution:
            self._changes.executions.append(execution)
        self._changes.updates.append(
            TradeUpdate(
                event_id=self.sequence.next_event_id(at),
                event=name,
                at=at,
                account_id=order.account_id,
                order=copy.copy(order),
                execution_id=execution_id,
                execution=execution,
                reason=reason,
            )
        )

    def order(self, order: Order) -> None:
        """Record that `order` changed with nothing said of it on the stream."""
        self._changes.orders[order.id] = order
        self._on_order(order)

    def activity(self, activity: NonTradeActivity) -> None:
        self._changes.activities.append(activity)

    def equity(self, point: EquityPoint) -> None:
        self._changes.equity.append(point)
