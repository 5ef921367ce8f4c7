"""Alpaca's payloads to our values, and our orders to its requests. Pure."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import structlog

from flotilla.domain.fills import Execution
from flotilla.domain.market import NEW_YORK, Bar, Instrument, Session, is_pair, usual_instrument
from flotilla.domain.orders import Order, OrderStatus, OrderType
from flotilla.ports.broker import AccountFigures, Activity, BrokerOrder, BrokerPosition, MarketState
from flotilla.ports.market_data import TradeUpdate

log = structlog.get_logger(__name__)

Payload = Mapping[str, Any]


def moment(text: str) -> datetime:
    """RFC 3339 with up to nine fractional digits; what is finer than a microsecond is dropped."""
    head, _, rest = text.replace("Z", "+00:00").partition(".")
    if not rest:
        return datetime.fromisoformat(head).astimezone(UTC)
    digits = rest[: next(i for i, c in enumerate(rest) if not c.isdigit())]
    return datetime.fromisoformat(f"{head}.{digits[:6]:0<6}{rest[len(digits) :]}").astimezone(UTC)


def order_request(order: Order) -> dict[str, Any]:
    """The body of POST /v2/orders; decimals as plain strings, so that no float comes near them.

    With both a stop and a target the entry is a bracket, with one of them an OTO; both live at the
    broker, good till cancelled (semantics 3).
    """
    legs: dict[str, Any] = {}
    if order.take_profit_price is not None:
        legs["take_profit"] = {"limit_price": f"{order.take_profit_price:f}"}
    if order.stop_loss_price is not None:
        legs["stop_loss"] = {"stop_price": f"{order.stop_loss_price:f}"}
    body: dict[str, Any] = {
        "symbol": order.symbol,
        "qty": f"{order.quantity:f}",
        "side": order.side.value,
        "type": order.type.value,
        "time_in_force": "gtc" if legs or is_pair(order.symbol) else "day",
        "client_order_id": order.client_order_id,
    }
    if order.type is OrderType.LIMIT:
        body["limit_price"] = f"{order.limit_price:f}"
    if legs:
        body |= {"order_class": "bracket" if len(legs) == 2 else "oto", **legs}
    return body


def replace_request(order: Order) -> dict[str, Any]:
    """The body of PATCH /v2/orders/{id}: the prices of the order that takes the other's place."""
    body = {"client_order_id": order.client_order_id}
    if order.limit_price is not None:
        body["limit_price"] = f"{order.limit_price:f}"
    if order.stop_price is not None:
        body["stop_price"] = f"{order.stop_price:f}"
    return body


def broker_order(payload: Payload, *, reason: str | None = None, legs_told: bool = True) -> BrokerOrder:
    """An order of a nested view or of an answer to a POST; others do not tell of legs."""
    return BrokerOrder(
        broker_order_id=payload["id"],
        client_order_id=payload["client_order_id"],
        status=_status(payload["status"]),
        symbol=payload["symbol"],
        type=payload["type"],
        quantity=_decimal(payload["qty"]) or Decimal(0),
        limit_price=_decimal(payload.get("limit_price")),
        stop_price=_decimal(payload.get("stop_price")),
        filled_quantity=_decimal(payload.get("filled_qty")) or Decimal(0),
        filled_average_price=_decimal(payload.get("filled_avg_price")),
        legs=tuple(broker_order(leg) for leg in payload.get("legs") or ()),
        legs_told=legs_told or bool(payload.get("legs")),
        reason=reason,
        replaces=payload.get("replaces"),
        replaced_by=payload.get("replaced_by"),
    )


def trade_update(payload: Payload) -> TradeUpdate:
    """A frame of `trade_updates`; its order's `filled_qty` is cumulative, this execution included."""
    order = broker_order(payload["order"], reason=payload.get("reason"), legs_told=False)
    execution = None
    if payload["event"] in ("fill", "partial_fill"):
        execution = Execution(
            broker_order_id=order.broker_order_id,
            cumulative_quantity=order.filled_quantity,
            quantity=Decimal(payload["qty"]),
            price=Decimal(payload["price"]),
            executed_at=moment(payload["timestamp"]),
        )
    return TradeUpdate(payload["event"], payload.get("event_id"), order, execution)


def execution(activity: Payload) -> Execution:
    """A FILL row of the account's activities."""
    return Execution(
        broker_order_id=activity["order_id"],
        cumulative_quantity=Decimal(activity["cum_qty"]),
        quantity=Decimal(activity["qty"]),
        price=Decimal(activity["price"]),
        executed_at=moment(activity["transaction_time"]),
    )


def position(payload: Payload) -> BrokerPosition:
    """A row of the account's positions; coins come without their slash."""
    return BrokerPosition(
        symbol=_pair(payload["symbol"]),
        quantity=Decimal(payload["qty"]),
        price=Decimal(payload["current_price"]),
    )


def activity(payload: Payload) -> Activity:
    """A row of the account's activities: a fill, or anything else that moved shares or dollars."""
    if payload["activity_type"] == "FILL":
        signed = Decimal(payload["qty"]) * (1 if payload["side"] == "buy" else -1)
        return Activity(
            id=payload["id"],
            type="FILL",
            at=moment(payload["transaction_time"]),
            symbol=_pair(payload["symbol"]),
            quantity=signed,
            cash=-signed * Decimal(payload["price"]),
            execution=execution(payload),
        )
    kind, symbol = payload["activity_type"], payload.get("symbol")
    at = payload.get("created_at") or f"{payload['date']}T00:00:00Z"
    # A dividend's quantity is what it was paid on; only these move shares or coins.
    moves = kind in ("SPLIT", "CFEE", "SPIN", "ACATS", "JNLS", "MA", "REORG", "REO", "SC", "SSO", "SSP")
    return Activity(
        id=payload["id"],
        type=kind,
        at=moment(at),
        symbol=None if symbol is None else _pair(symbol),
        quantity=(_decimal(payload.get("qty")) or Decimal(0)) if moves else Decimal(0),
        cash=_decimal(payload.get("net_amount")) or Decimal(0),
    )


def _pair(symbol: str) -> str:
    """`BTCUSD` is `BTC/USD` in orders, fills and bars; stocks have at most five letters."""
    if "/" in symbol or "." in symbol or len(symbol) <= 5:
        return symbol
    for quote in ("USDT", "USDC", "USD", "BTC"):
        if symbol.endswith(quote) and len(symbol) > len(quote):
            return f"{symbol.removesuffix(quote)}/{quote}"
    return symbol


def bar(symbol: str, payload: Payload) -> Bar:
    """A bar from REST (`t` is text) or from the stream (`t` is MessagePack's timestamp)."""
    start = payload["t"]
    return Bar(
        symbol=symbol,
        start=moment(start) if isinstance(start, str) else start.to_datetime().astimezone(UTC),
        open=float(payload["o"]),
        high=float(payload["h"]),
        low=float(payload["l"]),
        close=float(payload["c"]),
        volume=float(payload["v"]),
    )


def instrument(payload: Payload) -> Instrument:
    """An asset, as the account's list has it; of stocks nothing says the steps, they are Alpaca's rules."""
    tradable = bool(payload["tradable"]) and payload.get("status") == "active"
    name = payload.get("name") or payload["symbol"]
    if payload.get("class") == "crypto":
        smallest = usual_instrument(payload["symbol"])
        step = _decimal(payload.get("min_trade_increment")) or smallest.quantity_step
        return Instrument(
            symbol=payload["symbol"],
            name=name,
            tradable=tradable,
            price_step=_decimal(payload.get("price_increment")) or smallest.price_step,
            quantity_step=step,
            min_quantity=_decimal(payload.get("min_order_size")) or step,
            is_coin=True,
            shortable=False,
        )
    return Instrument(
        symbol=payload["symbol"],
        name=name,
        tradable=tradable,
        fractionable=bool(payload.get("fractionable")),
        shortable=bool(payload.get("shortable")) and bool(payload.get("easy_to_borrow")),
    )


def session(payload: Payload) -> Session:
    """A row of the calendar; its times are New York's, without a zone."""
    day = date.fromisoformat(payload["date"])
    return Session(open=_new_york(day, payload["open"]), close=_new_york(day, payload["close"]))


def account(payload: Payload) -> AccountFigures:
    return AccountFigures(
        equity=Decimal(payload["equity"]),
        cash=Decimal(payload["cash"]),
        last_equity=Decimal(payload["last_equity"]),
    )


def practice_state(payload: Payload) -> MarketState:
    """The practice market's `/practice/state`."""
    rate = payload["rate"]
    return MarketState(
        now=moment(payload["now"]),
        rate=float(rate) if rate != "max" else float("inf"),
        source=payload.get("source"),
        last_event_id=payload.get("last_event_id"),
    )


def _status(word: str) -> OrderStatus:
    """A word that we do not know is not an end: the order stays open, and is asked for again."""
    try:
        return OrderStatus(word)
    except ValueError:
        log.warning("unknown_order_status", status=word)
        return OrderStatus.PENDING_REVIEW


def _new_york(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), NEW_YORK).astimezone(UTC)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
