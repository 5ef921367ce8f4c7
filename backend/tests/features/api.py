"""The API as its tests talk to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import func, select

from flotilla.adapters.vault import FernetVault
from flotilla.db.session import Database
from flotilla.db.tables import BotRow, BotVersionRow, EventRow
from flotilla.entrypoints.api import create_app
from flotilla.features.accounts.desk import AccountDesk
from flotilla.http.dependencies import ApiState, InstrumentDirectory
from tests.builders import ACCOUNT, add_account, definition
from tests.fakes import FakeBarHistory, FakeBroker, FakeKeyChecker, FakeMarkets, FixedClock
from tests.features.backtests import Backtests


@dataclass
class Api:
    client: httpx.AsyncClient
    app: FastAPI
    database: Database
    broker: FakeBroker
    history: FakeBarHistory
    clock: FixedClock
    account_id: str
    backtests: Backtests
    checker: FakeKeyChecker
    markets: FakeMarkets

    async def get(self, path: str, **query: Any) -> Any:
        """Return the JSON of an answer that is no error."""
        response = await self.client.get(path, params=query)
        assert response.status_code == 200, response.text
        return response.json()

    async def create(self, **changes: Any) -> dict[str, Any]:
        response = await self.client.post("/bots", json=definition(**changes))
        assert response.status_code == 201, response.text
        created: dict[str, Any] = response.json()
        return created

    async def walk(self, path: str, *, limit: int, **query: Any) -> AsyncIterator[list[dict[str, Any]]]:
        """Give page after page of a list, to the last."""
        cursor = None
        while True:
            page = await self.get(path, limit=limit, **query, **({"cursor": cursor} if cursor else {}))
            yield page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def stored(self) -> tuple[int, ...]:
        """Return how many bots, versions and events there are."""
        async with self.database.transaction() as session:
            return tuple(
                [
                    await session.scalar(select(func.count()).select_from(table)) or 0
                    for table in (BotRow, BotVersionRow, EventRow)
                ]
            )


@cache
def routes() -> FastAPI:
    """Return the routes, built once; all that they hold is in `app.state`."""
    return create_app()


@asynccontextmanager
async def serving(database: Database) -> AsyncIterator[Api]:
    """Serve the API of one account without bots."""
    await add_account(database)
    broker, history, clock = FakeBroker(), FakeBarHistory(), FixedClock()
    checker, markets = FakeKeyChecker(), FakeMarkets()
    app = routes()
    app.state.flotilla = ApiState(
        database=database,
        account_id=ACCOUNT,
        instruments=InstrumentDirectory(broker),
        history=history,
        clock=clock,
        markets=markets,
    )
    transport = httpx.ASGITransport(app)
    with TemporaryDirectory() as bars:
        backtests = Backtests(Path(bars), database, app.state.flotilla.instruments)
        app.state.backtests = backtests.desk
        vault = FernetVault(Path(bars) / "secret.key")
        app.state.accounts = AccountDesk(vault, checker, clock, ACCOUNT)
        app.state.materials = backtests.materials
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/api") as client:
            yield Api(client, app, database, broker, history, clock, ACCOUNT, backtests, checker, markets)


def fields(response: httpx.Response) -> list[str]:
    """Return the fields that a refusal names."""
    assert response.status_code == 422, response.text
    body = response.json()
    assert set(body) == {"code", "detail", "errors"}
    assert body["code"] == "INVALID"
    assert all(error["message"] for error in body["errors"])
    return [error["field"] for error in body["errors"]]
