"""What makes no sense is said beside its field; nothing is saved, and nothing typed is lost."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from e2e.harness.product import Product
from e2e.pages.bot_form import BotForm


@pytest.fixture
def form(product: Product, page: Page) -> Iterator[BotForm]:
    """The form for a new bot, valid as it stands; the bots must be the same afterwards."""
    page.goto(f"{product.url}/bots/new")
    form = BotForm(page)
    expect(form.field("Name")).to_have_value("RSI mean reversion")
    form.field("Name").fill("Makes no sense")
    before = product.bots()
    yield form
    expect(page).to_have_url(f"{product.url}/bots/new")
    expect(form.field("Name")).to_have_value("Makes no sense")
    assert [bot["id"] for bot in product.bots()] == [bot["id"] for bot in before]


def test_an_unknown_symbol(form: BotForm) -> None:
    form.add_symbol("NOPE")
    _refused(form)
    _says(form.symbols, "NOPE is not a symbol the account can trade.")
    for symbol in ("AAPL", "NOPE"):
        expect(form.symbol(symbol)).to_be_visible()


def test_a_negative_capital(form: BotForm) -> None:
    form.field("Capital").fill("-5")
    _refused(form)
    _says(form.field("Capital"), "Capital must be more than zero.")
    expect(form.field("Capital")).to_have_value("-5")
    expect(form.field("Capital")).to_be_focused()


def test_a_window_that_ends_before_it_starts(form: BotForm) -> None:
    form.trade_between("15:00", "10:00")
    _refused(form)
    _says(form.hour("Until"), "The window must end after it starts.")
    expect(form.hour("From")).to_have_value("15:00")
    expect(form.hour("Until")).to_have_value("10:00")


def test_an_empty_rule(form: BotForm) -> None:
    form.remove_condition("Entry", 1)
    _refused(form)
    expect(form.rule("Entry").get_by_role("alert")).to_have_text(
        "The rule is empty: add at least one condition."
    )
    expect(form.rule("Exit").get_by_role("alert")).to_have_count(0)


def test_a_rule_that_contradicts_itself(form: BotForm) -> None:
    form.set_condition("Entry", 1, "RSI(14)", "is below", "20")
    form.add_condition("Entry")
    form.set_condition("Entry", 2, "RSI(14)", "is above", "80")
    _refused(form)
    expect(form.condition("Entry", 2).get_by_role("alert")).to_contain_text("This can never be true")
    expect(form.condition("Entry", 1).get_by_role("textbox")).to_have_value("20")
    expect(form.condition("Entry", 2).get_by_role("textbox")).to_have_value("80")


def test_everything_at_once_and_mended(form: BotForm, page: Page) -> None:
    form.field("Capital").fill("-5")
    form.add_symbol("NOPE")
    form.remove_condition("Entry", 1)
    _refused(form)
    expect(page.get_by_text("3 fields need attention")).to_be_visible()

    # A field that was mended is no longer complained of; the others still are.
    form.field("Capital").fill("5000")
    expect(form.field("Capital")).not_to_have_accessible_description("Capital must be more than zero.")
    _says(form.symbols, "NOPE is not a symbol the account can trade.")


def test_text_where_a_number_belongs(form: BotForm) -> None:
    form.field("Capital").fill("a lot")
    form.submit()  # not sent: the page sees by itself that this is no number
    _says(form.field("Capital"), "Enter a number.")
    expect(form.field("Capital")).to_have_value("a lot")


def _refused(form: BotForm) -> None:
    """Send the form; the server must refuse it as invalid."""
    with form.page.expect_response("**/api/bots") as response:
        form.submit()
    assert response.value.status == 422
    assert response.value.json()["code"] == "INVALID"


def _says(field: Locator, sentence: str) -> None:
    """The field is marked, and its own description (what a screen reader says with it) is the sentence."""
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(sentence)
