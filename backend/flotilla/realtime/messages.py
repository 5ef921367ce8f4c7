"""Every message that the server sends over socket.io, as one union on `type`.

The page's types are generated from it, through OpenAPI's webhooks. Facts carry their outbox number:
a client that was away asks for what followed the last one it saw.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from flotilla.wire.alerts import AlertOut
from flotilla.wire.backtests import BacktestOut
from flotilla.wire.base import Model
from flotilla.wire.bots import BotOut
from flotilla.wire.summary import SummaryOut
from flotilla.wire.trading import PositionOut, TradeOut


class Fact(Model):
    number: int = Field(description="Its place in the order of all facts; rises by commit order.")


class BotStatusChanged(Fact):
    """A bot was created or edited, or its desired or actual status changed."""

    type: Literal["bot_status_changed"] = "bot_status_changed"
    bot: BotOut


class BotDeleted(Fact):
    type: Literal["bot_deleted"] = "bot_deleted"
    bot_id: str


class TradeExecuted(Fact):
    """An order was (further) filled; the same trade is sent until it is final."""

    type: Literal["trade_executed"] = "trade_executed"
    trade: TradeOut


class PositionUpdated(Fact):
    """A position opened, changed, was marked at a minute's close, or closed."""

    type: Literal["position_updated"] = "position_updated"
    position: PositionOut


class Alert(Fact):
    """Something that a person should know of."""

    type: Literal["alert"] = "alert"
    alert: AlertOut


class Hello(Model):
    """The first message of a connection. Send the newest number you know as `auth.number` when you
    connect: `resumed` says that every later fact follows; otherwise fetch everything anew.
    """

    type: Literal["hello"] = "hello"
    number: int = Field(description="The newest fact's number when the connection was made.")
    resumed: bool


class SummaryUpdated(Model):
    """The dashboard's numbers; the newest replaces the ones before (not a fact, not numbered)."""

    type: Literal["summary_updated"] = "summary_updated"
    summary: SummaryOut


class PriceBar(Model):
    """A closed one-minute bar."""

    symbol: str
    start: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float


class PriceUpdate(Model):
    """The newest closed minutes; lossy, the newest value wins."""

    type: Literal["price_update"] = "price_update"
    bars: list[PriceBar]


class BacktestProgress(Model):
    """How far a stored backtest is, a few times a second; the newest replaces the ones before."""

    type: Literal["backtest_progress"] = "backtest_progress"
    backtest: BacktestOut


FactMessage = Annotated[
    BotStatusChanged | BotDeleted | TradeExecuted | PositionUpdated | Alert, Field(discriminator="type")
]
Message = Annotated[
    Hello
    | BotStatusChanged
    | BotDeleted
    | TradeExecuted
    | PositionUpdated
    | Alert
    | SummaryUpdated
    | PriceUpdate
    | BacktestProgress,
    Field(discriminator="type"),
]

FACT: TypeAdapter[BotStatusChanged | BotDeleted | TradeExecuted | PositionUpdated | Alert] = TypeAdapter(
    FactMessage
)
