"""`flotilla backtest BOT.json ... --from --to`: what bots would have done, all on one account."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flotilla.entrypoints.bars import Feed
from flotilla.entrypoints.command import carry_out, read_settings
from flotilla.settings import Settings

if TYPE_CHECKING:
    from flotilla.research.plan import BacktestPlan
    from flotilla.wire.bots import BotDefinition

# What runs a backtest (numba, TA-Lib, pyarrow) takes seconds to load; the other commands do without.
# ruff: noqa: PLC0415

_DAY = ["%Y-%m-%d"]


def backtest(
    bots: Annotated[
        list[Path], typer.Argument(metavar="BOT.json ...", help="As GET /api/bots/{id} gives them.")
    ],
    first: Annotated[datetime | None, typer.Option("--from", formats=_DAY, help="The first day.")] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=_DAY, help="The last day, included.")
    ] = None,
    source: Annotated[
        str, typer.Option(help="practice, alpaca, or stored bars by the name in `flotilla bars list`.")
    ] = "practice",
    feed: Annotated[Feed, typer.Option(help="Alpaca's feed of stocks.")] = Feed.IEX,
    costs: Annotated[
        str, typer.Option(help="practice or alpaca, and what is different: alpaca,slippage_bps=2.")
    ] = "practice",
    limits: Annotated[
        str, typer.Option(help="Over all bots: daily_loss_percent=3,max_open_positions=5.")
    ] = "",
    trades: Annotated[bool, typer.Option("--trades", help="List the trades.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output, no progress.")] = False,
) -> None:
    """Run bots over history, with the code that trades them."""
    settings = read_settings()

    def program() -> None:
        named = [(path, definition) for path in bots for definition in _definitions(path)]
        plan = _plan(named, (first, last), source, costs, limits)
        _run(plan, settings, feed, trades=trades, as_json=as_json)

    market = settings.market_url if source == "practice" else None
    carry_out(program, market=market, interrupted="Stopped; bars that were fetched stay.")


def _plan(
    named: "Sequence[tuple[Path, BotDefinition]]",
    days: tuple[datetime | None, datetime | None],
    source: str,
    costs: str,
    limits: str,
) -> "BacktestPlan":
    """What the words of the command ask for, checked. Raises ValueError, Invalid."""
    from flotilla.features.backtests.requests import Costs, Limits, Scope, to_plan
    from flotilla.research.plan import check

    first, last = (day.date() if day else None for day in days)
    preset, _, different = costs.partition(",")
    table = _checked(Costs, "--costs", {"preset": preset, **_numbers("--costs", different)})
    plan = to_plan(
        [definition for _, definition in named],
        Scope(first=first, last=last, source=source, costs=table),
        limits=_checked(Limits, "--limits", _numbers("--limits", limits)) if limits else None,
        field=lambda index: f"{named[index][0]}: ",
    )
    check(plan)
    return plan


def _run(plan: "BacktestPlan", settings: Settings, feed: Feed, *, trades: bool, as_json: bool) -> None:
    """Bring the bars, run, and show what was found."""
    from flotilla.bootstrap.backtests import materials
    from flotilla.entrypoints import backtest_report as report
    from flotilla.entrypoints.bars_report import fetching
    from flotilla.research.driver import backtest as run

    with materials(settings, feed=feed) as library:
        with fetching(as_json) as tell:
            material = asyncio.run(library.gather(plan, progress=tell))
        with report.running(as_json) as share:
            found = run(plan, material, progress=share)
    report.show(found, trades=trades, as_json=as_json)


def _definitions(path: Path) -> "Sequence[BotDefinition]":
    """The bots of a file: one, or a list of them. Raises ValueError that names the file and the field."""
    import orjson

    from flotilla.wire.bots import BotDefinition, BotOut

    try:
        content = orjson.loads(path.read_bytes())
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ValueError(f"{path} is no JSON: {error}.") from error
    found = content if isinstance(content, list) else [content]
    if not found or not all(isinstance(one, dict) for one in found):
        raise ValueError(f"{path} holds no bot: save what GET /api/bots/{{id}} answers.")
    stored_only = BotOut.model_fields.keys() - BotDefinition.model_fields.keys()
    return [
        _checked(BotDefinition, str(path), {name: v for name, v in one.items() if name not in stored_only})
        for one in found
    ]


def _checked(model: Any, where: str, values: dict[str, Any]) -> Any:
    """The model of these values. Raises ValueError with a line for each field that is wrong."""
    from pydantic import ValidationError

    try:
        return model.model_validate(values)
    except ValidationError as error:
        from flotilla.http.errors import problems_of

        lines = (f"{where}: {one.field}: {one.message}" for one in problems_of(error.errors()))
        raise ValueError("\n".join(lines)) from error


def _numbers(option: str, text: str) -> dict[str, str]:
    """`a=1,b=2` as a mapping; the model says whether they are numbers."""
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if any(not equals for _, equals, _ in pairs):
        raise ValueError(f"{option}: write NAME=NUMBER, several by comma.")
    return {name.strip(): value.strip() for name, _, value in pairs}
