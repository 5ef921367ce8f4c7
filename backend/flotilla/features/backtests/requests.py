"""What a person asks of a backtest, and the way to the domain's plan."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from flotilla.domain.risk import AccountLimits
from flotilla.research.costs import ALPACA, PRACTICE, CostTable
from flotilla.research.plan import BacktestPlan, bot_field
from flotilla.wire.base import Model, Money, Text
from flotilla.wire.bots import BotDefinition, to_spec

Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Rate = Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)]
Limit = Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)]

FIRST = "The first day; New York's of stocks, UTC's of coins. Default: a year before the last."
LAST = "The last day, included. Default: the newest that is over."
SOURCE = "`practice` or `alpaca` (fetched where bars are missing), or the name of stored bars: `import`."
COSTS = {"practice": PRACTICE, "alpaca": ALPACA}


class Costs(Model):
    """A table of costs, and what of it is to be different (null: as in the table)."""

    preset: Literal["practice", "alpaca"] = "practice"
    slippage_bps: Rate | None = Field(None, description="Of market and stop orders, basis points.")
    slippage_fixed: Rate | None = Field(None, description="The same, USD a share.")
    spread_bps: Rate | None = Field(None, description="The whole spread; a market order pays half.")
    impact: Rate | None = Field(None, description="Times (quantity / the minute's volume) squared.")
    commission_per_order: Rate | None = Field(None, description="USD.")
    commission_per_share: Rate | None = Field(None, description="USD.")
    commission_percent: Percent | None = Field(None, description="Of the value.")
    commission_minimum: Rate | None = Field(None, description="USD an order.")
    regulatory_percent: Percent | None = Field(None, description="Of sales of stocks.")
    regulatory_per_share: Rate | None = Field(None, description="USD, of sales of stocks.")
    regulatory_per_share_cap: Rate | None = Field(None, description="USD an order.")
    coin_fee_percent: Percent | None = Field(None, description="Of coins.")
    borrow_percent: Percent | None = Field(None, description="A year, of a short position's value.")


class Limits(Model):
    """What all bots together may do, in percent of the account's equity; null is no limit."""

    daily_loss_percent: Limit | None = None
    max_exposure_percent: Limit | None = None
    max_symbol_percent: Limit | None = None
    max_open_positions: int | None = Field(None, ge=1, le=10_000)


class Scope(Model):
    """Days, bars and costs of a run."""

    first: date | None = Field(None, description=FIRST)
    last: date | None = Field(None, description=LAST)
    source: str = Field("practice", max_length=100, description=SOURCE)
    costs: Costs = Field(default_factory=Costs)
    account_equity: Money | None = Field(
        None,
        gt=0,
        le=1_000_000_000_000,
        description="USD that positions are a share of; default: what the account is worth.",
    )


class PreviewRequest(Scope):
    """A bot that need not be saved. A newer preview of the same `client` ends the one before."""

    bot: BotDefinition
    confidence: bool = Field(False, description="Intervals of 1,000 resamples instead of 200.")
    points: int = Field(2_000, ge=100, le=2_000, description="Of the curve, at most.")
    rows: int = Field(1_000, ge=0, le=20_000, description="Trades and markers, the newest.")
    client: Text | None = Field(None, max_length=64, description="Any word that names the page that asks.")


class BacktestRequest(Scope):
    """Stored bots (`bot_ids`) and unsaved ones (`bots`), in this order, on one account."""

    name: Text = Field("", max_length=80, description="Default: the bots' names.")
    bot_ids: list[Text] = Field(default_factory=list, max_length=20)
    bots: list[BotDefinition] = Field(default_factory=list, max_length=20)
    limits: Limits | None = None


def to_costs(costs: Costs) -> CostTable:
    """The preset with what is said to be different."""
    named = {one.name: getattr(costs, one.name) for one in fields(CostTable)}
    return replace(COSTS[costs.preset], **{name: value for name, value in named.items() if value is not None})


def to_plan(
    definitions: Sequence[BotDefinition],
    scope: Scope,
    *,
    limits: Limits | None = None,
    field: Callable[[int], str] = bot_field,
) -> BacktestPlan:
    """The domain's plan, not checked yet."""
    return BacktestPlan(
        bots=[to_spec(one) for one in definitions],
        first=scope.first,
        last=scope.last,
        source=scope.source.strip().lower(),
        costs=to_costs(scope.costs),
        limits=None if limits is None else AccountLimits(**limits.model_dump()),
        account_equity=None if scope.account_equity is None else float(scope.account_equity),
        field=field,
    )
