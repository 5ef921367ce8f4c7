"""What the engine keeps. Each method is one transaction, its events and nudges included."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

from flotilla.domain.bots import BotSpec, BotStatus, DesiredStatus, OnStop
from flotilla.domain.fills import Execution, Fill
from flotilla.domain.kernel.decisions import Decision
from flotilla.domain.orders import Order, OrderStatus, OrderType, Purpose
from flotilla.domain.risk import AccountLimits, ExitReason
from flotilla.domain.rules import Explained
from flotilla.ports.broker import AccountFigures, BrokerOrder
from flotilla.ports.decision_log import DecisionRun, SeenMinute, StepJournal


class StoreUnavailable(Exception):
    """The database is away: no bot's fault, and nothing can be kept. Every method may raise it."""


class FillOutOfOrder(Exception):
    """A sale was reported before the purchase it closes, or a purchase before its short sale: book the
    bot's other orders first."""


@dataclass(frozen=True, slots=True)
class Account:
    id: str
    name: str
    kind: str
    epoch: int
    requests_per_minute: int = 200


@dataclass(frozen=True, slots=True)
class StoredBot:
    """A bot as the engine sees it: what is wanted of it, what it was last known to do, and how.

    `holds`: it has an open position. `spec` is None when the definition cannot be read any more.
    `failures` in a row, and when it is tried again (wall time). Positions from before
    `protection_version` take that version's settings. A list of bots comes without their checkpoints: they
    are in their memories.
    """

    id: str
    name: str
    status: BotStatus
    desired_status: DesiredStatus
    on_stop: OnStop
    version: int
    spec: BotSpec | None
    spec_error: str | None
    checkpoint: Mapping[str, Any]
    holds: bool
    failures: int = 0
    next_attempt_at: datetime | None = None
    protection_version: int = 0


@dataclass(frozen=True, slots=True)
class KillSwitchState:
    """An account's kill switch: `flatten` closes what the bots hold, `unmanaged` also what they do not.

    `engaged_at` (wall time) is None while it is off.
    """

    engaged_at: datetime | None = None
    flatten: bool = False
    unmanaged: bool = False


@dataclass(frozen=True, slots=True)
class BotMemory:
    """What a bot's state is folded from: every fill in the order it was booked, and its open orders.

    `protected` are the symbols whose open position was promised a stop or a target, `leaving` those
    whose exit was decided and did not happen, `checkpoint` what the newest step left; `decision_runs` the
    newest run of each symbol's decisions.
    """

    capital: Decimal
    fills: Sequence[Fill]
    open_orders: Sequence[Order]
    protected: frozenset[str]
    leaving: frozenset[str]
    checkpoint: Mapping[str, Any] = field(default_factory=dict)
    decision_runs: Sequence[DecisionRun] = ()


@dataclass(frozen=True, slots=True)
class Booked:
    """What one report from the broker changed: new fills, and where the order stands now.

    `missing` says that the broker counts more filled than is booked: executions have to be asked for.
    `legs` are the protective orders that the report told of, `legs_ahead` those among them that have
    come further than is booked; `legs_missing` says that the order was sent with some, and that none
    was told of yet. `successor` is the broker's id of an order that took its place, and is not known.
    """

    order: Order
    fills: Sequence[Fill]
    missing: bool
    legs: Sequence[Order] = ()
    legs_ahead: Sequence[Order] = ()
    legs_missing: bool = False
    successor: str | None = None


@dataclass(frozen=True, slots=True)
class DecisionEntry:
    """One decision to record. `continues` is the row whose run of equal decisions it prolongs.

    `bar`: the open of the bar that the rules were asked about, None where they were not; `exiting`: the
    conditions are those of the exit; `client_order_id`: the order that it became. `count`: for how many
    equal decisions it stands, of which the newest was at `tau` (None: at the step's). `conditions` are None
    where nobody looked at them again: those of the row stay.
    """

    decision: Decision
    conditions: Sequence[Explained] | None
    continues: str | None
    bar: datetime | None = None
    exiting: bool = False
    client_order_id: str | None = None
    count: int = 1
    tau: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """An order to be written before its request is sent.

    `stop_price`, `parent_id`, `lot` and `replaces_id` are those of a stop that is moved: it takes the
    place of an order that rests at the broker.
    """

    client_order_id: str
    symbol: str
    side: str
    purpose: Purpose
    quantity: Decimal
    take_profit_price: Decimal | None
    stop_loss_price: Decimal | None
    expected_price: Decimal
    indicators_snapshot: Mapping[str, float]
    tau: datetime
    decided_reason: ExitReason | None = None
    type: OrderType = OrderType.MARKET
    stop_price: Decimal | None = None
    parent_id: str | None = None
    lot: int | None = None
    replaces_id: str | None = None


@dataclass(frozen=True, slots=True)
class Guarded:
    """The nearest stop and target (USD) of a position whose protection the engine holds."""

    stop_price: Decimal | None
    target_price: Decimal | None


@dataclass(frozen=True, slots=True)
class StepRecord:
    """Everything that one step of a bot leaves behind; `guarded` by symbol."""

    bot_id: str
    account_id: str
    bot_version: int
    tau: datetime
    decisions: Sequence[DecisionEntry]
    orders: Sequence[OrderDraft]
    checkpoint: Mapping[str, Any]
    day_pnl: Decimal
    day: date | None = None  # the trading day that `day_pnl` is of
    equity: Decimal | None = None
    guarded: Mapping[str, Guarded] = field(default_factory=dict)
    journal: StepJournal | None = None


@dataclass(frozen=True, slots=True)
class StepStored:
    """The ids of the decision rows (in the order given) and the orders, ready to be sent."""

    decision_ids: Sequence[str]
    orders: Sequence[Order]


@dataclass(frozen=True, slots=True)
class BotLedger:
    """What the books say of a bot (USD); `held` has (quantity, price) by symbol."""

    bot_id: str
    capital: float
    cash: float
    held: Mapping[str, tuple[float, float]]


@dataclass(slots=True)
class MarketSnapshot:
    """What the engine knows of the account's market; written with its heartbeat."""

    connected: bool = False
    problem: str | None = None
    now: datetime | None = None
    rate: float = 1.0
    source: str | None = None
    session_open: datetime | None = None
    session_close: datetime | None = None
    next_open: datetime | None = None
    in_flight: int = field(default=0)
    feeds: Mapping[str, Any] = field(default_factory=dict)  # engine.freshness.Freshness.report, by feed
    clock_offset: float | None = None  # seconds, the broker's clock less ours


class EngineStore(Protocol):
    async def account(self, account_id: str) -> Account: ...

    async def bots(self, account_id: str) -> Sequence[StoredBot]:
        """Every bot of the account that is not archived."""
        ...

    async def set_status(self, bot_id: str, status: BotStatus, reason: str | None = None) -> None:
        """Record what a bot does now, and tell the browsers. It waits for no further attempt."""
        ...

    async def record_failure(
        self, bot_id: str, reason: str, *, failures: int, next_attempt_at: datetime
    ) -> None:
        """A bot failed and is tried again: it is `starting`, and why and when is told."""
        ...

    async def kill_switch(self, account_id: str) -> KillSwitchState: ...

    async def memory(self, bot_id: str) -> BotMemory: ...

    async def record_step(self, step: StepRecord) -> StepStored:
        """Write decisions, orders (`pending_submit`) and the checkpoint in one transaction.

        An order whose client order id exists already is left as it is and not returned: it was
        written by the step that a crash interrupted, and is reconciled, not sent again.
        """
        ...

    async def record_seen(self, account_id: str, minute: SeenMinute) -> None:
        """Keep the bars that decisions are about to be made on; before any step of that minute is."""
        ...

    async def book(
        self,
        report: BrokerOrder,
        executions: Sequence[Execution],
        *,
        account_id: str,
        source: str,
        event_id: str | None = None,
    ) -> Booked | None:
        """Apply what the broker says of an order: idempotent, in any order, from any source.

        Changes order, fill, position, trade, cash and outbox together. None when the order is not
        ours. Legs in the report become orders of their own, and so does an order that took the place
        of one of ours. An order stays open in our books until its fills are booked, and its legs and
        its successor are known. Raises FillOutOfOrder (and changes nothing) when a fill closes what
        was not opened, or opens what was not closed.
        """
        ...

    async def close_order(self, order_id: str, status: OrderStatus, reason: str) -> Order | None:
        """End an order that never was at the broker: `not_sent` or `rejected`.

        None when it has meanwhile got a broker's id or ended.
        """
        ...

    async def resize_order(self, order_id: str, quantity: Decimal) -> Order | None:
        """Change the quantity of an order whose request was not sent yet; None when it was."""
        ...

    async def split_order(self, order_id: str, quantity: Decimal) -> tuple[Order, Order] | None:
        """Make two of an order whose request was not sent yet: one of `quantity`, and the rest as a row
        of its own; None when it was sent.
        """
        ...

    async def note_order(self, order_id: str, detail: str) -> None:
        """Append a remark to an order's audit; its status stays."""
        ...

    async def net_quantity(self, account_id: str, symbol: str) -> Decimal:
        """What the account holds of a symbol by our books: all ledgers, and what is no bot's."""
        ...

    async def open_orders(self, account_id: str) -> Sequence[Order]:
        """Every order of the account that is not known to be done, oldest first."""
        ...

    async def held_symbols(self, account_id: str) -> Sequence[str]:
        """The symbols of all open positions."""
        ...

    async def mark(self, account_id: str, closes: Mapping[str, float]) -> None:
        """Value the open positions at the minute's closes, and tell the browsers."""
        ...

    async def mark_idle(self, account_id: str, day: date) -> None:
        """Value the bots that do nothing at their positions' marks: their P&L of `day` goes on without them.

        The first call of a day begins it from the equity of the mark before, so that the gap counts.
        """
        ...

    async def save_account(self, account_id: str, figures: AccountFigures, at: datetime) -> None:
        """Keep the broker's figures, and the equity as a point of the curve at market time `at`."""
        ...

    async def heartbeat(self, account_id: str, market: MarketSnapshot, at: datetime) -> None: ...

    async def watermark(self, account_id: str, tau: datetime) -> None:
        """Every bot has decided at `tau`, and no request is unanswered."""
        ...

    async def account_limits(self, account_id: str) -> tuple[AccountLimits, Mapping[str, Any]]:
        """The limits over all bots of the account, and what `save_limits_state` kept last."""
        ...

    async def save_limits_state(self, account_id: str, state: Mapping[str, Any]) -> None: ...

    async def ledgers(self, account_id: str, *, besides: Collection[str]) -> Sequence[BotLedger]:
        """Of the account's other bots that are not stopped or hold something; positions at their marks."""
        ...


class PriceFeed(Protocol):
    async def publish(self, bars: Sequence[Mapping[str, Any]]) -> None:
        """Send the minute's bars to the browsers; lossy."""
        ...
