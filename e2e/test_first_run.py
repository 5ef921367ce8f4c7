"""Somebody starts Flotilla for the first time and opens the page."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from playwright.sync_api import Page, expect

from e2e.harness.product import Product
from e2e.harness.waiting import eventually
from e2e.pages.reloads import no_reload


def test_three_example_bots_trade_within_a_minute(start_product: Callable[..., Product], page: Page) -> None:
    product = start_product()
    deadline = product.ready_at + 60
    began = product.get("summary")["market"]["now"]

    page.goto(product.url)
    with no_reload(page):
        expect(page.get_by_label("Key figures")).to_contain_text("3 of 3")
        trade, *_ = eventually(
            lambda: _since(began, product.get("trades")["items"]),
            "a trade was made after the ready line",
            seconds=deadline - time.monotonic(),
        )
        row = (
            page.get_by_role("table", name="Live trades")
            .get_by_role("row")
            .filter(has=page.locator(f'time[datetime="{trade["timestamp"]}"]'))
            .filter(has_text=trade["symbol"])
            .filter(has_text=trade["bot_name"])
        )
        # Two bots may trade one symbol at one moment: each has a row of its own.
        expect(row.first).to_be_visible(timeout=(deadline - time.monotonic()) * 1000)

    bots = product.bots()
    assert len(bots) == 3
    assert all(bot["name"].startswith("Example: ") and bot["status"] == "running" for bot in bots)


def _since(moment: str, trades: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The trades whose market time is after `moment`, oldest first."""
    after = datetime.fromisoformat(moment)
    return [trade for trade in reversed(trades) if datetime.fromisoformat(trade["timestamp"]) > after]
