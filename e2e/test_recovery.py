"""A program is killed while somebody watches: it comes back, and the page misses nothing."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from e2e.harness.definitions import busy
from e2e.harness.product import Product
from e2e.harness.waiting import eventually
from e2e.pages.reloads import no_reload

# What a row shows of a trade: enough to tell trades apart, as its time names the minute and the symbol.
Row = tuple[str, str, str]

# pytest runs tests of one browser together; in its group, all of these share one product.
pytestmark = pytest.mark.usefixtures("browser_name")


@pytest.fixture(scope="module")
def own_product(new_folder: Callable[[], Path]) -> Iterator[Product]:
    data = new_folder() / "var"
    with closing(Product(data, FLOTILLA_EXAMPLES="false").start()) as running:
        yield running


def test_the_page_survives_a_killed_api(own_product: Product, page: Page) -> None:
    product = own_product
    bot = product.post("bots", busy("Busy", "AAPL", "MSFT"))
    product.post(f"bots/{bot['id']}/start")
    page.goto(f"{product.url}/bots/{bot['id']}")
    connection = page.get_by_label("Connection")
    trades = page.get_by_role("table", name="Trades")
    expect(connection).to_contain_text("Live")
    expect(trades.get_by_role("rowheader").first).to_be_visible(timeout=30_000)

    with no_reload(page):
        api, killed_at = product.program("api"), _market_time(product)
        api.kill()
        expect(connection).to_contain_text("Disconnected")
        expect(page.get_by_role("alert")).to_contain_text("The connection to Flotilla is lost")

        product.await_output(r"The api ended unexpectedly .* starting it again")
        expect(connection).to_contain_text("Live", timeout=30_000)
        expect(page.get_by_role("alert")).to_have_count(0)
        assert product.program("api").pid != api.pid
        back_at = _market_time(product)

        # It is live again; and once the bot rests, it shows each trade once, the outage's included.
        newest = _shown(page)[0]
        eventually(lambda: _shown(page)[0] != newest, "a new trade is shown")
        product.post(f"bots/{bot['id']}/stop", {"on_stop": "flatten"})
        expect(page.get_by_text("Stopped", exact=True)).to_be_visible(timeout=30_000)
        eventually(lambda: _shown(page) == _stored(product, bot["id"]), "the page shows what is stored")
        times = [datetime.fromisoformat(trade["timestamp"]) for trade in product.get("trades")["items"]]
        assert any(killed_at < time < back_at for time in times)


def test_killed_programs_are_started_again(own_product: Product) -> None:
    for name in ("practice", "engine"):
        own_product.program(name).kill()
        own_product.await_output(rf"The {name} ended unexpectedly .* starting it again")
        eventually(lambda: _hears_the_market(own_product), f"the engine trades after the {name} died")


def _shown(page: Page) -> list[Row]:
    rows = page.get_by_role("table", name="Trades").locator("tbody tr")
    cells: list[list[str]] = rows.evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.innerText))"
    )
    return [(time, symbol, side) for time, symbol, side, *_ in cells]


def _stored(product: Product, bot_id: str) -> list[Row]:
    return [
        (_stamp(trade["timestamp"]), trade["symbol"], trade["type"].capitalize())
        for trade in product.get("trades", bot_id=bot_id, limit=100)["items"]
    ]


def _stamp(moment: str) -> str:
    """A moment as the page writes it: day, month and minute in New York."""
    there = datetime.fromisoformat(moment).astimezone(ZoneInfo("America/New_York"))
    return f"{there.day} {there:%b %H:%M}"


def _market_time(product: Product) -> datetime:
    return datetime.fromisoformat(product.get("summary")["market"]["now"])


def _hears_the_market(product: Product) -> bool:
    summary = product.get("summary")
    return bool(summary["engine_alive"] and summary["market"]["connected"])
