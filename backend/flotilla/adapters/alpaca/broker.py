"""Orders, account and calendar of one Alpaca account."""

from collections.abc import Sequence
from datetime import UTC, date
from functools import partial
from typing import Any

import requests

from flotilla.adapters.alpaca import mapping
from flotilla.adapters.alpaca.client import AlpacaClient
from flotilla.domain.errors import Unavailable
from flotilla.domain.fills import Execution
from flotilla.domain.market import Instrument, Session
from flotilla.domain.orders import Order
from flotilla.ports.broker import AccountFigures, BrokerOrder, MarketState, OrderRejected

_PAGE = 100
_ORDERS_PAGE = 500


class AlpacaBroker:
    """`ports.broker.Broker` over alpaca-py."""

    def __init__(self, client: AlpacaClient) -> None:
        self._client = client

    async def submit(self, order: Order) -> BrokerOrder:
        body = mapping.order_request(order)
        return mapping.broker_order(
            await self._client.change(lambda: self._client.trading.post("/orders", body))
        )

    async def cancel(self, broker_order_id: str) -> None:
        try:
            await self._client.change(lambda: self._client.trading.cancel_order_by_id(broker_order_id))
        except OrderRejected as refusal:
            # 422: it is already done, and its own update says how. 404 would be a lost order.
            if refusal.code == 40410000:
                raise

    async def find(self, client_order_id: str) -> BrokerOrder | None:
        found = await self._client.find(lambda: self._client.trading.get_order_by_client_id(client_order_id))
        return None if found is None else await self.get(found["id"])

    async def get(self, broker_order_id: str) -> BrokerOrder | None:
        # The look-up by client id has no `nested`; only this one shows the legs.
        found = await self._client.find(
            lambda: self._client.trading.get(f"/orders/{broker_order_id}", {"nested": "true"})
        )
        return None if found is None else mapping.broker_order(found)

    async def open_orders(self) -> Sequence[BrokerOrder]:
        found: dict[str, BrokerOrder] = {}
        query: dict[str, Any] = {"status": "open", "limit": _ORDERS_PAGE, "direction": "asc"}
        while True:
            page = await self._client.read(partial(self._client.trading.get, "/orders", dict(query)))
            found.update({row["id"]: mapping.broker_order(row) for row in page})
            if len(page) < _ORDERS_PAGE:
                return list(found.values())
            query["after_order_id"] = page[-1]["id"]

    async def executions(self, broker_order_id: str) -> Sequence[Execution]:
        rows: list[Execution] = []
        token: str | None = None
        while True:
            query: dict[str, Any] = {"order_id": broker_order_id, "direction": "asc", "page_size": _PAGE}
            if token is not None:
                query["page_token"] = token
            page = await self._client.read(
                partial(self._client.trading.get, "/account/activities/FILL", query)
            )
            rows.extend(mapping.execution(row) for row in page if row["order_id"] == broker_order_id)
            if len(page) < _PAGE:
                return rows
            token = page[-1]["id"]

    async def account(self) -> AccountFigures:
        return mapping.account(await self._client.read(self._client.trading.get_account))

    async def instruments(self) -> Sequence[Instrument]:
        query = {"status": "active", "asset_class": "us_equity"}
        rows = await self._client.read(lambda: self._client.trading.get("/assets", query))
        return [mapping.instrument(row) for row in rows]

    async def sessions(self, start: date, end: date) -> Sequence[Session]:
        query = {"start": start.isoformat(), "end": end.isoformat()}
        rows = await self._client.read(lambda: self._client.trading.get("/calendar", query))
        return [mapping.session(row) for row in rows]

    async def market_state(self) -> MarketState:
        if self._client.config.practice:
            return mapping.practice_state(await self._client.read(self._practice_state))
        clock = await self._client.read(lambda: self._client.trading.get("/clock"))
        return MarketState(now=mapping.moment(clock["timestamp"]).astimezone(UTC), rate=1.0)

    def _practice_state(self) -> mapping.Payload:
        answer = requests.get(f"{self._client.config.trading_url}/practice/state", timeout=(3.05, 10))
        if answer.status_code != 200:
            raise Unavailable(f"The practice market answered {answer.status_code}.")
        state: mapping.Payload = answer.json()
        return state
