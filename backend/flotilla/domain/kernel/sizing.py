"""From money to a quantity: how much an entry wants, before the caps."""

import math
from typing import Any

from flotilla.domain.codes import (
    BY_AMOUNT,
    BY_KELLY,
    BY_PERCENT,
    BY_QUANTITY,
    BY_RISK,
)
from flotilla.domain.kernel.compiled import compiled


@compiled
def kelly_fraction(bot: Any) -> float:
    """The part of its money that a bot with these closed trades should bet: W - (1 - W) / R.

    W is the share of winners, R the average win over the average loss (J. L. Kelly, "A New
    Interpretation of Information Rate", 1956). Without a loss so far it is W, without a win 0.
    """
    trades = bot.wins + bot.losses
    if bot.wins == 0:
        return 0.0
    share = bot.wins / trades
    if bot.losses == 0 or bot.lost <= 0.0:
        return share
    ratio = (bot.won / bot.wins) / (bot.lost / bot.losses)
    return share - (1.0 - share) / ratio


@compiled
def wanted_quantity(
    rule: Any, bot: Any, equity: float, close: float, stop: float, volatility: float
) -> float:
    """The quantity (not rounded) that the bot's sizing asks for; NaN when it has no edge to bet on.

    `equity` in USD; `volatility` is the standard deviation of the symbol's returns in percent a year.
    """
    if rule.sizing == BY_QUANTITY:
        return rule.size_value
    if rule.sizing == BY_AMOUNT:
        return rule.size_value / close
    if rule.sizing == BY_PERCENT:
        return equity * rule.size_value / 100.0 / close
    if rule.sizing == BY_RISK:
        return equity * rule.size_value / 100.0 / abs(close - stop)
    if rule.sizing == BY_KELLY:
        if bot.wins + bot.losses < rule.kelly_after:
            return equity * rule.kelly_before / 100.0 / close
        part = min(rule.size_value * kelly_fraction(bot), 1.0)
        return equity * part / close if part > 0.0 else math.nan
    # BY_VOLATILITY: a calm symbol gets more, at most everything.
    if not volatility > 0.0:
        return equity / close
    return equity * min(rule.size_value / volatility, 1.0) / close
