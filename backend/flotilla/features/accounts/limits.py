"""What all bots of an account together may do, as the page reads and writes it."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import Field

from flotilla.domain.risk import AccountLimits
from flotilla.wire.base import Model, Money


class LimitsBody(Model):
    """Percents are of what the account's bots are worth together; null is no limit, and the default.

    Backtests have no limits but the ones that are given to them.
    """

    daily_loss_percent: float | None = Field(
        None,
        description="No bot enters for the rest of the account's day, which ends at 16:00 New York, at this "
        "loss of all bots together. 3 to 5 is usual.",
    )
    max_exposure_percent: float | None = Field(
        None, description="The most in all positions of all bots together, long and short added up."
    )
    max_symbol_percent: float | None = Field(
        None, description="The most in one symbol, whichever bots hold it. 20 to 25 is usual."
    )
    max_open_positions: int | None = Field(
        None, description="How many positions all bots may hold at once; a symbol in two bots counts twice."
    )


class LimitsStanding(Model):
    """Where the account stood at market time `at`, when its bots had last been counted (USD)."""

    at: datetime
    equity: Money
    day_pnl: Money
    exposure: Money
    open_positions: int
    halted: bool


class LimitsOut(LimitsBody):
    """`standing` is null while nothing is limited, or no minute has passed since."""

    standing: LimitsStanding | None


def to_limits(body: LimitsBody) -> AccountLimits:
    """The domain's form, not checked yet."""
    return AccountLimits(**body.model_dump())


def limits_out(limits: Mapping[str, Any], state: Mapping[str, Any]) -> LimitsOut:
    """What is stored, as it is shown."""
    return LimitsOut(**limits, standing=_standing(state) if state else None)


def _standing(state: Mapping[str, Any]) -> LimitsStanding:
    equity, baseline = (_dollars(state[name]) for name in ("closing_equity", "day_baseline"))
    return LimitsStanding(
        at=datetime.fromisoformat(state["tau"]),
        equity=equity,
        day_pnl=equity - baseline,
        exposure=_dollars(state["exposure"]),
        open_positions=state["positions"],
        halted=bool(state["daily_loss_halted"]),
    )


def _dollars(value: float) -> Decimal:
    return Decimal(repr(round(value, 6)))
