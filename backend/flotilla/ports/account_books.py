"""What the engine keeps of an account as a whole: what is no bot's, and what differs from the broker."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from flotilla.domain.orders import Order
from flotilla.domain.reconciliation import Books, Difference, Finding, Remedy
from flotilla.ports.broker import BrokerOrder
from flotilla.ports.store import Booked


class CannotAssign(Exception):
    """A difference cannot be booked for that bot, and why."""


@dataclass(frozen=True, slots=True)
class Known:
    """Of the broker's orders: the bots', the account's own, those that were there before Flotilla was;
    and which executions are booked, as (broker order id, cumulative quantity).
    """

    ours: Mapping[str, Order]
    accounts_own: frozenset[str]
    unmanaged: frozenset[str]
    booked: frozenset[tuple[str, Decimal]]


@dataclass(frozen=True, slots=True)
class Look:
    """What the broker said when it was last looked at: shares and coins by symbol, dollars as `CASH`.

    `as_of` is the broker's time up to which no fill is left to be explained; `explained` are the ids
    of activities that are, with their times.
    """

    held: Mapping[str, Decimal]
    as_of: datetime | None = None
    explained: Mapping[str, datetime] = field(default_factory=dict)


class AccountBooks(Protocol):
    """Each method is one transaction, its events included."""

    async def read(self, account_id: str) -> Books: ...

    async def meet(
        self, account_id: str, unmanaged: Mapping[str, Decimal], orders: Collection[BrokerOrder]
    ) -> None:
        """Record what the account had before Flotilla: holdings, dollars (`CASH`), open orders."""
        ...

    async def looked(self, account_id: str, look: Look) -> None:
        """Keep what the broker said. A later `as_of` replaces the one before, None leaves it; of what
        is explained, only what is younger than two days is kept.
        """
        ...

    async def last_look(self, account_id: str) -> Look | None: ...

    async def known(self, account_id: str, broker_order_ids: Collection[str]) -> Known: ...

    async def adopt(
        self, account_id: str, moved: Mapping[str, Decimal], explained: Mapping[str, datetime]
    ) -> None:
        """Add to what is no bot's; the activities that moved it need no other explanation."""
        ...

    async def record(self, account_id: str, difference: Difference, remedy: Remedy | None = None) -> None:
        """Open a finding, or add to the one that the symbol has; with a remedy it is resolved at once
        (and what it found is no bot's, unless it was repaired).
        """
        ...

    async def resolve(self, finding: Finding, remedy: Remedy) -> None:
        """Close a finding; adopted and flattened ones are no bot's from then on."""
        ...

    async def refuse(self, finding: Finding, problem: str) -> None:
        """Say why the remedy that was asked for cannot be carried out; another may be chosen."""
        ...

    async def assign(self, account_id: str, finding: Finding) -> Booked:
        """Book a finding as a trade of the bot that it names, and close it. Raises CannotAssign."""
        ...

    async def flatten(self, account_id: str, finding: Finding) -> None:
        """Take a finding for the account's own, and write the order that closes it."""
        ...

    async def close_unmanaged(self, account_id: str, symbols: Collection[str]) -> bool:
        """Write orders that close what is no bot's of these symbols; whether any was written.

        None for a symbol that one is under way for, or was written for within the last minute: one
        that was refused is not repeated at every look.
        """
        ...

    async def account_orders(self, account_id: str) -> Sequence[Order]:
        """The account's own orders that are not known to be done (`bot_id` is empty)."""
        ...

    async def account_order_is(
        self, order: Order, report: BrokerOrder | None, *, reason: str | None = None
    ) -> None:
        """Book what the broker says of an order of the account's own; None: it never had it."""
        ...
