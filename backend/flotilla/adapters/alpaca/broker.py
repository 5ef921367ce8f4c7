"""Orders, account and calendar of one Alpaca account."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import requests

from flotilla.adapters.alpaca import mapping
from flotilla.adapters.alpaca.client import AlpacaClient
from flotilla.domain.errors import Unavailable
from flotilla.domain.fills import Execution
from flotilla.domain.market import Instrument, Session
from flotilla.domain.orders import Order
from flotilla.ports.broker import (
    AccountFigures,
    Activity,
    BrokerOrder,
    BrokerPosition,
    MarketState,
    OrderRejected,
)

_ALREADY_DONE = 42210000
_PAGE = 100
_ORDERS_PAGE = 500


class AlpacaBroker:
    """`ports.broker.Broker` over alpaca-py."""

    def __init__(self, client: AlpacaClient) -> None:
        self._client = client

    async def submit(self, order: Order) -> BrokerOrder:
        body = mapping.order_request(order)
        return await self._client.change(
            lambda: mapping.broker_order(self._client.trading.post("/orders", body))
        )

    async def replace(self, broker_order_id: str, order: Order) -> BrokerOrder:
        body = mapping.replace_request(order)
        return await self._client.change(
            lambda: mapping.broker_order(
                self._client.trading.patch(f"/orders/{broker_order_id}", body), legs_told=False
            )
        )

    async def cancel(self, broker_order_id: str) -> None:
        try:
            await self._client.change(lambda: self._client.trading.cancel_order_by_id(broker_order_id))
        except OrderRejected as refusal:
            if refusal.code != _ALREADY_DONE:  # its own update says how; all else is a cancel that failed
                raise

    async def find(self, client_order_id: str) -> BrokerOrder | None:
        found = await self._client.find(
            lambda: str(self._client.trading.get_order_by_client_id(client_order_id)["id"])
        )
        return None if found is None else await self.get(found)

    async def get(self, broker_order_id: str) -> BrokerOrder | None:
        # The look-up by client id has no `nested`; only this one shows the legs.
        path, query = f"/orders/{broker_order_id}", {"nested": "true"}
        return await self._client.find(lambda: mapping.broker_order(self._client.trading.get(path, query)))

    async def open_orders(self) -> Sequence[BrokerOrder]:
        found: dict[str, BrokerOrder] = {}
        query: dict[str, Any] = {"status": "open", "limit": _ORDERS_PAGE, "direction": "asc"}
        while True:
            page = await self._client.read(partial(self._orders, dict(query)))
            found.update({order.broker_order_id: order for order in page})
            if len(page) < _ORDERS_PAGE:
                return list(found.values())
            query["after_order_id"] = page[-1].broker_order_id

    def _orders(self, query: dict[str, Any]) -> list[BrokerOrder]:
        rows = self._client.trading.get("/orders", query)
        return [mapping.broker_order(row, legs_told=False) for row in rows]

    async def executions(self, broker_order_id: str) -> Sequence[Execution]:
        executions: list[Execution] = []
        query: dict[str, Any] = {"order_id": broker_order_id, "direction": "asc", "page_size": _PAGE}
        while True:
            page = await self._client.read(partial(self._fills, dict(query)))
            executions.extend(one for _, one in page if one.broker_order_id == broker_order_id)
            if len(page) < _PAGE:
                return executions
            query["page_token"] = page[-1][0]

    def _fills(self, query: dict[str, Any]) -> list[tuple[str, Execution]]:
        """A page of FILL activities, each with its own id, which is the next page's token."""
        rows = self._client.trading.get("/account/activities/FILL", query)
        return [(row["id"], mapping.execution(row)) for row in rows]

    async def positions(self) -> Sequence[BrokerPosition]:
        return await self._client.read(
            lambda: [mapping.position(row) for row in self._client.trading.get("/positions")]
        )

    async def activities(self, after: datetime, *, trades: bool) -> Sequence[Activity]:
        found: list[Activity] = []
        query: dict[str, Any] = {"after": after.isoformat(), "direction": "asc", "page_size": _PAGE}
        query["category"] = "trade_activity" if trades else "non_trade_activity"
        while True:
            page = await self._client.read(partial(self._activities, dict(query)))
            found.extend(page)
            if len(page) < _PAGE:
                return found
            query["page_token"] = page[-1].id

    def _activities(self, query: dict[str, Any]) -> list[Activity]:
        return [mapping.activity(row) for row in self._client.trading.get("/account/activities", query)]

    async def account(self) -> AccountFigures:
        return await self._client.read(lambda: mapping.account(self._client.trading.get_account()))

    async def instruments(self) -> Sequence[Instrument]:
        return [
            instrument
            for asset_class in ("us_equity", "crypto")
            for instrument in await self._client.read(partial(self._assets, asset_class))
        ]

    def _assets(self, asset_class: str) -> list[Instrument]:
        """The dollar's pairs only: a bot's money is in dollars."""
        rows = self._client.trading.get("/assets", {"status": "active", "asset_class": asset_class})
        found = [mapping.instrument(row) for row in rows]
        return [one for one in found if not one.is_coin or one.symbol.endswith("/USD")]

    async def sessions(self, start: date, end: date) -> Sequence[Session]:
        query = {"start": start.isoformat(), "end": end.isoformat()}
        return await self._client.read(
            lambda: [mapping.session(row) for row in self._client.trading.get("/calendar", query)]
        )

    async def market_state(self) -> MarketState:
        practice = self._client.config.practice
        return await self._client.read(self._practice_state if practice else self._clock)

    def _clock(self) -> MarketState:
        clock = self._client.trading.get("/clock")
        return MarketState(now=mapping.moment(clock["timestamp"]).astimezone(UTC), rate=1.0)

    def _practice_state(self) -> MarketState:
        answer = requests.get(f"{self._client.config.trading_url}/practice/state", timeout=(3.05, 10))
        if answer.status_code != 200:
            raise Unavailable(f"The practice market answered {answer.status_code}.")
        return mapping.practice_state(answer.json())
