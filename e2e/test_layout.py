"""The pages on a phone, in the light and in the dark."""

import pytest
from playwright.sync_api import Page, expect

from e2e.harness.product import Product
from e2e.harness.waiting import eventually
from e2e.pages import measures

EXAMPLE = "Example: buy the dip (RSI)"
# Each page's address, and a text that it shows when it has loaded.
PAGES = {
    "dashboard": ("/", "To target"),
    "bots": ("/bots", EXAMPLE),
    "form": ("/bots/new", "In words"),
    "bot": ("/bots/{id}", "Decisions on AAPL"),
    "edit": ("/bots/{id}/edit", "In words"),
    "nowhere": ("/no/such/page", "There is nothing at this address."),
}


@pytest.fixture
def traded(product: Product) -> Product:
    """The product when there are trades and positions to show."""
    eventually(lambda: product.get("positions", is_open=True)["items"], "a bot holds something", seconds=60)
    return product


@pytest.mark.parametrize("name", PAGES)
def test_nothing_scrolls_sideways_on_a_phone(traded: Product, page: Page, name: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    _open(page, traded, name)
    assert not measures.overflowing(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_text_stands_out_in_light_and_dark(traded: Product, page: Page, name: str, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    _open(page, traded, name)
    assert measures.is_dark(page) == (scheme == "dark")
    assert not measures.faint_texts(page)


def test_the_chosen_colours_are_kept(product: Product, page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(product.url)
    page.get_by_role("button", name="Switch to light").click()
    page.get_by_role("button", name="Switch to dark").click()
    page.reload()
    expect(page.get_by_role("button", name="Colours: dark")).to_be_visible()
    assert measures.is_dark(page)


def _open(page: Page, product: Product, name: str) -> None:
    address, shown = PAGES[name]
    example = next(bot["id"] for bot in product.bots() if bot["name"] == EXAMPLE)
    page.goto(product.url + address.format(id=example))
    expect(page.get_by_text(shown).first).to_be_attached()
    expect(page.get_by_role("status", name="Loading")).to_have_count(0)
