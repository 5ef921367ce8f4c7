"""The two streams of an account: closed one-minute bars, and what becomes of its orders."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from flotilla.domain.fills import Execution
from flotilla.domain.market import Bar
from flotilla.ports.broker import BrokerOrder


@dataclass(frozen=True, slots=True)
class Connected:
    """The stream is up (again): what happened before it must be asked for."""


@dataclass(frozen=True, slots=True)
class Bars:
    """One-minute bars that arrived together, in one frame.

    `corrected` are earlier bars as late trades have changed them.
    """

    bars: tuple[Bar, ...]
    corrected: tuple[Bar, ...] = ()


@dataclass(frozen=True, slots=True)
class TradeUpdate:
    """What happened to one order; `execution` when it was (partly) filled."""

    event: str
    event_id: str | None
    order: BrokerOrder
    execution: Execution | None


class BarStream(Protocol):
    """One connection for everyone. Subscriptions may change while it is open."""

    def open(self) -> AbstractAsyncContextManager[AsyncIterator[Connected | Bars]]: ...

    async def subscribe(self, symbols: Sequence[str]) -> None: ...

    async def unsubscribe(self, symbols: Sequence[str]) -> None: ...

    async def renew(self) -> None:
        """Give the connection up and make a new one; `Connected` tells when it is there."""
        ...


class TradeUpdateStream(Protocol):
    """The order updates of one account, in the broker's order."""

    def open(self) -> AbstractAsyncContextManager[AsyncIterator[Connected | TradeUpdate]]: ...
