"""Sizing and risk as the page defines them: each field with its help and a safe default."""

from typing import Any

from pydantic import Field, model_validator

from flotilla.domain.risk import EntryOrder, RiskRules, Sizing
from flotilla.wire.base import Model


class RiskManagement(Model):
    """Percents as people write them: 5.0 is 5 %. What is null is off."""

    sizing: Sizing = Field(Sizing.PERCENT_OF_EQUITY, description="How large an entry is.")
    position_percent: float = Field(
        5.0, description="Percent of the bot's equity in one position, when it is sized by that."
    )
    position_amount: float = Field(1_000.0, description="USD in one position, with a fixed amount.")
    position_quantity: float = Field(1.0, description="Shares or coins, with a fixed quantity.")
    risk_percent: float = Field(
        1.0, description="Percent of equity lost when the stop is hit; 2 is the well-known 2 % rule."
    )
    kelly_fraction: float = Field(
        0.5,
        description="Part of the Kelly bet that the bot's own closed trades suggest; half is usual. "
        "Where they show no edge it opens nothing more.",
    )
    kelly_after_trades: int = Field(
        20, description="Closed trades before Kelly is trusted; until then the percent of equity counts."
    )
    volatility_percent: float = Field(
        15.0, description="Yearly swing that a position should have: a calm symbol gets more money."
    )
    fixed_capital: bool = Field(
        False, description="Size by the capital the bot was given, not by what it has become."
    )

    fractional: bool = Field(
        False,
        description="Buy fractions of a share: small capital is used whole. The stops and targets are then "
        "held by the engine, not by the broker, and met at the end of the minute that touches them.",
    )

    stop_loss_percent: float | None = Field(2.0, description="Percent beyond the decision's close.")
    stop_loss_atr: float | None = Field(
        None, description="Times the average true range of 14 bars: wide in wild markets, near in calm ones."
    )
    stop_loss_price: float | None = Field(None, description="A fixed price, USD.")
    take_profit_percent: float | None = Field(4.0, description="Percent beyond the decision's close.")
    take_profit_risk: float | None = Field(
        None, description="Times the distance to the stop: 2 wins twice what a stop loses."
    )
    trailing_stop_percent: float | None = Field(
        None, description="The stop follows the best price since the entry at this distance, in percent."
    )
    trailing_activation_percent: float = Field(
        0.0, description="Profit in percent from which the stop begins to follow; 0: at once."
    )
    trailing_step_percent: float = Field(
        0.1, description="The stop is moved only by at least this much, in percent of the price."
    )
    break_even_percent: float | None = Field(
        None, description="Profit in percent at which the stop moves to the entry price."
    )
    break_even_offset_percent: float = Field(
        0.0, description="How far beyond the entry price it then lies, in percent."
    )
    time_stop_minutes: int | None = Field(None, description="Minutes after which a position is sold.")
    flatten_at_window_end: bool = Field(
        False, description="Sell everything a minute before the trading window or the session ends."
    )

    max_position_account_percent: float | None = Field(
        5.0, description="The most that one position may be, in percent of the whole account's equity."
    )
    max_position_amount: float | None = Field(None, description="The most that one position may be, USD.")
    max_symbol_percent: float | None = Field(
        None, description="The most of one symbol, in percent of the bot's equity."
    )
    max_exposure_percent: float | None = Field(
        100.0, description="The most in all positions together, in percent of the bot's equity."
    )
    max_volume_percent: float | None = Field(
        None, description="The most of what is usually traded in a minute that an order may be, in percent."
    )
    max_open_positions: int = Field(10, description="How many symbols may be held at once.")

    daily_loss_limit_percent: float | None = Field(
        3.0, description="No entries for the rest of the day at this loss, in percent of equity."
    )
    daily_loss_flatten: bool = Field(False, description="And sell everything.")
    max_drawdown_percent: float | None = Field(
        None, description="No entries any more at this loss from the highest equity, in percent."
    )
    max_drawdown_flatten: bool = Field(False, description="And sell everything.")
    max_trades_per_day: int | None = Field(None, description="The most entries a day.")
    max_consecutive_losses: int | None = Field(
        None, description="No entries for the rest of the day after so many losses in a row."
    )
    cooldown_minutes: int = Field(0, description="Minutes before a symbol that was left is entered again.")
    loss_cooldown_minutes: int = Field(0, description="The same after a loss, if it is longer.")

    scale_in_steps: int = Field(0, description="How many times a position may be added to.")
    scale_in_distance_percent: float = Field(
        1.0,
        description="How far the price must move for each: above 0 with the position, below 0 against it.",
    )

    entry_order: EntryOrder = Field(
        EntryOrder.MARKET,
        description="How a position is opened: at the market, with a limit that waits for a better price, or "
        "with a stop that waits for the price to move on. What is added to it is bought at the market.",
    )
    entry_offset_percent: float = Field(
        0.1,
        description="How far from the decision's close it waits, in percent: a limit on the better side "
        "(below 0: on the worse), a stop on the worse.",
    )
    entry_expire_minutes: int = Field(
        5, description="Minutes after which a limit or a stop that was not filled is cancelled."
    )
    entry_chase_steps: int = Field(
        0, description="How many times, once a minute, a limit follows a price that runs away; 0: it stays."
    )
    entry_chase_limit_percent: float = Field(
        0.5, description="The worst price that it follows to, in percent from the decision's close."
    )

    @model_validator(mode="before")
    @classmethod
    def _one_of_a_kind(cls, given: Any) -> Any:
        """A stop or target of another kind takes the place of the percent that is not mentioned."""
        if not isinstance(given, dict):
            return given
        found = dict(given)
        if any(found.get(field) is not None for field in ("stop_loss_atr", "stop_loss_price")):
            found.setdefault("stop_loss_percent", None)
        if found.get("take_profit_risk") is not None:
            found.setdefault("take_profit_percent", None)
        return found


def to_risk(risk: RiskManagement) -> RiskRules:
    """The domain's form of the settings, not checked yet."""
    return RiskRules(**risk.model_dump())
