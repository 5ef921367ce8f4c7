"""A person makes a bot, sees it trade, stops it, changes it, and deletes it."""

from playwright.sync_api import Page, expect

from e2e.harness.definitions import quiet
from e2e.harness.product import Product
from e2e.pages.bot_form import BotForm
from e2e.pages.reloads import no_reload


def test_a_bot_made_in_the_form_trades_without_reload(product: Product, page: Page) -> None:
    page.goto(product.url)
    with no_reload(page):
        page.get_by_role("link", name="New bot").click()
        _fill_in_a_bot_that_soon_trades(BotForm(page), "Quick RSI")
        expect(page.get_by_role("heading", name="Quick RSI", level=1)).to_be_visible()
        expect(page.get_by_text("Stopped", exact=True)).to_be_visible()

        page.get_by_role("button", name="Start", exact=True).click()
        expect(page.get_by_text("Running", exact=True)).to_be_visible()

        page.get_by_role("link", name="Dashboard").click()
        feed = page.get_by_role("table", name="Live trades")
        bought = feed.get_by_role("row", name="Quick RSI").filter(has_text="Buy").last
        expect(bought).to_be_visible(timeout=45_000)
        symbol = bought.get_by_role("rowheader").inner_text()

        bought.get_by_role("link", name="Quick RSI").click()
        expect(page.get_by_role("heading", name="Quick RSI", level=1)).to_be_visible()
        held = page.get_by_role("table", name="Open positions").get_by_role("rowheader", name=symbol)
        expect(held).to_be_visible()

        page.get_by_role("button", name="Stop", exact=True).click()
        page.get_by_role("radio", name="Sell everything").check()
        page.get_by_role("button", name="Stop and sell").click()
        expect(page.get_by_text("Stopped", exact=True)).to_be_visible(timeout=30_000)
        expect(page.get_by_text("This bot holds nothing")).to_be_visible()
        sold = page.get_by_role("table", name="Trades").get_by_role("row", name="Flatten")
        expect(sold.filter(has_text=symbol)).to_be_visible()


def test_a_stopped_bot_is_changed(product: Product, page: Page) -> None:
    bot = product.post("bots", quiet("Before the change"))
    page.goto(f"{product.url}/bots/{bot['id']}")
    page.get_by_role("link", name="Edit").click()
    form = BotForm(page)
    expect(form.field("Name")).to_have_value("Before the change")
    expect(form.field("Capital")).to_have_value("10000")
    form.field("Name").fill("After the change")
    form.field("Capital").fill("2500.50")
    form.add_symbol("MSFT")
    form.submit("Save bot")

    expect(page.get_by_role("heading", name="After the change", level=1)).to_be_visible()
    expect(page.get_by_role("region", name="What it does")).to_contain_text("AAPL, MSFT")
    stored = product.get(f"bots/{bot['id']}")
    assert (stored["name"], stored["capital"], stored["symbols"]) == (
        "After the change",
        "2500.5",
        ["AAPL", "MSFT"],
    )
    assert stored["rules"] == bot["rules"]
    assert stored["version"] == bot["version"] + 1


def test_a_running_bot_is_changed_and_goes_on(product: Product, page: Page) -> None:
    bot = product.post("bots", quiet("Changed while it runs"))
    product.post(f"bots/{bot['id']}/start")
    product.await_status(bot["id"], "running")
    page.goto(f"{product.url}/bots/{bot['id']}/edit")
    expect(page.get_by_text("The bot goes on while you edit")).to_be_visible()
    form = BotForm(page)
    form.add_symbol("MSFT")
    form.submit("Save bot")

    expect(page.get_by_role("region", name="What it does")).to_contain_text("AAPL, MSFT")
    expect(page.get_by_text("Running", exact=True)).to_be_visible()
    stored = product.get(f"bots/{bot['id']}")
    assert (stored["status"], stored["symbols"]) == ("running", ["AAPL", "MSFT"])
    product.post(f"bots/{bot['id']}/stop", {"on_stop": "keep"})


def test_a_stopped_bot_is_deleted(product: Product, page: Page) -> None:
    bot = product.post("bots", quiet("Soon gone"))
    page.goto(f"{product.url}/bots")
    row = page.get_by_role("table", name="Bots").get_by_role("row", name="Soon gone")
    row.get_by_role("button", name="Delete Soon gone").click()
    dialog = page.get_by_role("dialog", name="Delete Soon gone?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    assert product.get(f"bots/{bot['id']}")["name"] == "Soon gone"

    row.get_by_role("button", name="Delete Soon gone").click()
    dialog.get_by_role("button", name="Delete bot").click()
    expect(dialog).to_be_hidden()  # while it is open, the page behind it is hidden from roles
    expect(page.get_by_role("row", name="Example").first).to_be_visible()
    expect(row).to_have_count(0)
    assert product.api.get(f"bots/{bot['id']}").status_code == 404


def _fill_in_a_bot_that_soon_trades(form: BotForm, name: str) -> None:
    form.start_from("RSI mean reversion")
    form.field("Name").fill(name)
    form.add_symbol("TSLA")
    form.add_symbol("MSFT")
    form.set_condition("Entry", 1, "RSI(14)", "is below", "60")
    form.set_condition("Exit", 1, "RSI(14)", "is above", "95")
    form.submit()
