"""The older Python client, 3.2.0, against a practice market: every outcome as one JSON object on stdout.

Run in an environment of its own: its pins are not this project's.
"""

import asyncio
import json
import os
import sys
import threading
import urllib.request
from pathlib import Path
from typing import Any

from alpaca_trade_api.common import URL
from alpaca_trade_api.rest import REST, APIError
from alpaca_trade_api.stream import Stream

ADDRESS = os.environ["PRACTICE_URL"]
EVERY_ORDER: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("orders.json").read_text())
os.environ["APCA_API_DATA_URL"] = ADDRESS


def orders(api: REST) -> dict[str, Any]:
    """Place each order of the list: as it is answered and, unless it was filled, after its cancel."""
    outcome: dict[str, Any] = {}
    for name, asked in EVERY_ORDER.items():
        placed = api.submit_order(**asked, client_order_id=f"legacy-{name}")
        if api.list_orders(status="open"):
            api.cancel_order(placed.id)
        final = api.get_order(placed.id)
        outcome[name] = [placed.type, placed.order_class, len(placed.legs or []), final.status]
    return outcome


def trading(api: REST) -> dict[str, Any]:
    account, clock = api.get_account(), api.get_clock()
    market = api.submit_order("SPY", qty=1, side="buy", type="market", time_in_force="day")
    limit = api.submit_order(
        "SPY",
        qty=1,
        side="buy",
        type="limit",
        time_in_force="gtc",
        limit_price=50,
        client_order_id="legacy",
    )
    by_client_id = api.get_order_by_client_order_id("legacy")
    replaced = api.replace_order(limit.id, limit_price=51)
    listed = api.list_orders(status="open", nested=True)
    api.cancel_order(replaced.id)
    bracket = api.submit_order(
        "AAPL",
        qty=1,
        side="buy",
        type="limit",
        time_in_force="day",
        limit_price=20,
        order_class="bracket",
        take_profit={"limit_price": 30},
        stop_loss={"stop_price": 10},
    )
    api.cancel_all_orders()
    position = api.get_position("SPY")
    closed = api.close_position("SPY")
    try:
        api.submit_order("SPY", qty=1000000, side="buy", type="market", time_in_force="day")
        refusal = None
    except APIError as error:
        refusal = [error.status_code, error.code]
    watchlist = api.create_watchlist("legacy", ["AAPL"])
    api.add_to_watchlist(watchlist.id, "SPY")
    api.delete_watchlist(watchlist.id)
    return {
        "account": account.status,
        "clock": clock.is_open,
        "calendar": len(api.get_calendar("2016-01-04", "2016-01-08")),
        "assets": api.get_asset("AAPL").symbol,
        "market": market.status,
        "by_client_id": by_client_id.id == limit.id,
        "replaces": replaced.replaces == limit.id,
        "listed": len(listed),
        "legs": len(bracket.legs),
        "position": position.qty,
        "closed": closed.side,
        "activities": len(api.get_activities(activity_types="FILL")),
        "history": len(api.get_portfolio_history(period="1D", timeframe="5Min").equity) > 0,
        "configurations": api.get_account_configurations().trade_confirm_email,
        "refusal": refusal,
        "listed_assets": any(asset.symbol == "SPY" for asset in api.list_assets(status="active")),
        "paged": len(api.get_activities(activity_types="FILL", page_size=1)),
        "positions": [position.symbol for position in api.list_positions()],
        "closed_all": len(api.close_all_positions()),
    }


def data(api: REST) -> dict[str, Any]:
    start, end = "2015-06-01T13:30:00Z", "2015-06-01T14:00:00Z"
    return {
        "bars": len(list(api.get_bars_iter("SPY", "1Min", start, end, adjustment="raw"))),
        "limited": len(list(api.get_bars_iter(["SPY", "AAPL"], "1Min", start, end, limit=40))),
        "trades": len(list(api.get_trades_iter("SPY", start, end, limit=10))),
        "latest": api.get_latest_quote("SPY").ap > 0,
        "snapshots": list(api.get_snapshots(["SPY"])),
        "crypto": list(api.get_latest_crypto_quotes(["BTC/USD"])),
        "news": len(api.get_news("SPY")),
    }


class Listener:
    """Both streams, and the orders and minutes that make them speak."""

    def __init__(self, api: REST) -> None:
        self._api = api
        self.heard: dict[str, str] = {}
        self.complete = threading.Event()
        ws = URL(ADDRESS.replace("http", "ws"))
        self._stream = Stream("K0", "secret", base_url=URL(ADDRESS), data_stream_url=ws, data_feed="iex")
        self._stream.subscribe_trade_updates(self._on_update)
        self._stream.subscribe_bars(self._on_bar, "SPY")
        self._stream.subscribe_crypto_quotes(self._on_quote, "BTC/USD")

    async def _on_update(self, update: Any) -> None:
        self._hear("update", update.event)

    async def _on_bar(self, bar: Any) -> None:
        self._hear("bar", bar.symbol)

    async def _on_quote(self, quote: Any) -> None:
        self._hear("quote", quote.symbol)

    def _hear(self, what: str, value: str) -> None:
        self.heard.setdefault(what, value)
        if len(self.heard) == 3:
            self.complete.set()

    def listen(self) -> dict[str, str]:
        threading.Thread(target=self._run, daemon=True).start()
        for _ in range(60):
            if self.complete.wait(0.5):
                break
            self._api.submit_order("SPY", qty=1, side="buy", type="market", time_in_force="day")
            urllib.request.urlopen(urllib.request.Request(f"{ADDRESS}/practice/step", method="POST"))
        return self.heard

    def _run(self) -> None:
        asyncio.set_event_loop(asyncio.new_event_loop())
        self._stream.run()


def main() -> None:
    """Drive it, and leave at once: the streams' threads never end by themselves."""
    api = REST("K0", "secret", base_url=URL(ADDRESS))
    outcome = {"orders": orders(api), "trading": trading(api), "data": data(api)}
    outcome["streams"] = Listener(api).listen()
    sys.stdout.write(json.dumps(outcome) + "\n")
    sys.stdout.flush()
    os._exit(0)


main()
