"""A commit that fails: the client is told, and the market goes on from what is committed."""

from collections.abc import Callable
from typing import Any

import pytest
from practice_server import ThreadServer

from flotilla.practice.store import Store

MARKET = {"symbol": "SPY", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}


@pytest.mark.parametrize("written", [False, True])
def test_memory_follows_the_database(
    new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch, written: bool
) -> None:
    """The connection breaks before the commit, or after it with the answer lost."""
    server = ThreadServer(new_database())
    server.step()
    commit = Store.commit

    async def broken(self: Store, *arguments: Any) -> None:
        if written:
            await commit(self, *arguments)
        raise ConnectionError("the database is gone")

    with monkeypatch.context() as patched:
        patched.setattr(Store, "commit", broken)
        reply = server.request("POST", "/v2/orders", json={**MARKET, "client_order_id": "lost"})
    assert (reply.status_code, reply.json()["code"]) == (500, 50010000)
    found = server.request("GET", "/v2/orders:by_client_order_id?client_order_id=lost")
    assert found.status_code == (200 if written else 404)
    positions = server.request("GET", "/v2/positions").json()
    assert [row["qty"] for row in positions] == (["1"] if written else [])
    assert server.request("POST", "/v2/orders", json=MARKET).status_code == 200
    server.step()
    activities = server.request("GET", "/v2/account/activities/FILL").json()
    assert len(activities) == (2 if written else 1)
    server.stop()
