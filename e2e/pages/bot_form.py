"""The form that creates and edits a bot."""

from playwright.sync_api import Locator, Page


class BotForm:
    def __init__(self, page: Page) -> None:
        self.page = page
        self._form = page.get_by_role("form", name="Bot")

    def field(self, label: str) -> Locator:
        """A text field."""
        return self._form.get_by_role("textbox", name=label, exact=True)

    @property
    def symbols(self) -> Locator:
        return self._form.get_by_role("combobox", name="Symbols")

    def start_from(self, template: str) -> None:
        self.page.get_by_role("group", name="Start from").get_by_role("button", name=template).click()

    def add_symbol(self, symbol: str) -> None:
        self.symbols.fill(symbol)
        self.symbols.press("Enter")

    def symbol(self, symbol: str) -> Locator:
        """A chosen symbol."""
        return self._form.get_by_role("region", name="Symbols").get_by_role("button", name=symbol)

    def hour(self, end: str) -> Locator:
        """One end of the trading window: `From` or `Until`."""
        return self._form.get_by_label(f"{end} (New York)")

    def rule(self, side: str) -> Locator:
        """The part of the form that holds the `Entry` or the `Exit` rule."""
        return self._form.get_by_role("region", name=f"{side} rule", exact=True)

    def condition(self, side: str, number: int) -> Locator:
        return self.rule(side).get_by_role("group", name=f"Condition {number}")

    def add_condition(self, side: str) -> None:
        self.rule(side).get_by_role("button", name="Add condition").last.click()

    def remove_condition(self, side: str, number: int) -> None:
        self.rule(side).get_by_role("button", name=f"Remove condition {number}").click()

    def set_condition(self, side: str, number: int, left: str, comparison: str, value: str) -> None:
        """Make a condition compare an indicator or a price with a number."""
        condition = self.condition(side, number)
        self._choose(condition.get_by_role("combobox", name="Left value"), left)
        self._choose(condition.get_by_role("combobox", name="Comparison"), comparison)
        self._choose(condition.get_by_role("combobox", name="Right value"), "a number")
        condition.get_by_role("textbox", name="Right value: number").fill(value)

    def trade_between(self, start: str, end: str) -> None:
        self._form.get_by_role("switch", name="Trade all day").uncheck()
        self.hour("From").fill(start)
        self.hour("Until").fill(end)

    def submit(self, label: str = "Create bot") -> None:
        self._form.get_by_role("button", name=label).click()

    def _choose(self, select: Locator, option: str) -> None:
        select.click()
        self.page.get_by_role("option", name=option, exact=True).click()
