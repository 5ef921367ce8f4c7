"""`flotilla parity BOT`: whether live trading of a session was what its replay and a backtest say."""

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flotilla.domain.errors import Invalid, NotFound, Problem, Unavailable
from flotilla.entrypoints.command import carry_out, read_settings

if TYPE_CHECKING:
    from flotilla.features.decisions.schemas import DifferenceOut, ParityFillOut, ParityReportOut

# What reads a report takes a second to load; the other commands do without.
# ruff: noqa: PLC0415

_PLAIN_WIDTH = 160  # where standard output is no terminal
_MOST_ROWS = 200


def parity(
    bot: Annotated[str, typer.Argument(help="A bot's name, or its id.")],
    session: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The session's day; default: the newest.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output.")] = False,
) -> None:
    """Replay and backtest a session of a bot, and show what differs. Asks the running API (HOST, PORT)."""
    settings = read_settings()

    def program() -> None:
        report = _report(f"http://{settings.host}:{settings.port}/api", bot, session)
        if as_json:
            sys.stdout.write(report.model_dump_json(indent=2) + "\n")
        else:
            _show(report)

    carry_out(program, interrupted="Stopped.")


def _report(address: str, bot: str, session: datetime | None) -> "ParityReportOut":
    """Have the API make the report. Raises NotFound, Unavailable."""
    import httpx

    from flotilla.features.decisions.schemas import ParityReportOut

    try:
        with httpx.Client(base_url=address, timeout=120, trust_env=False) as client:
            bot_id = _bot_id(client, bot)
            query = {} if session is None else {"session": session.date().isoformat()}
            return ParityReportOut.model_validate(
                _answer(client.post(f"/bots/{bot_id}/parity", params=query))
            )
    except httpx.TransportError as error:
        raise Unavailable(f"There is no Flotilla at {address}: `flotilla run` starts it.") from error


def _bot_id(client: Any, bot: str) -> str:
    """The id of the one bot of that name (or id)."""
    found, cursor = [], None
    while True:
        query = {"limit": 500} | ({} if cursor is None else {"cursor": cursor})
        page = _answer(client.get("/bots", params=query))
        found += [one["id"] for one in page["items"] if bot.lower() in (one["name"].lower(), one["id"])]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    if not found:
        raise NotFound(f"There is no bot {bot!r}.")
    if len(found) > 1:
        raise Invalid([Problem("bot", "ambiguous")], f"{len(found)} bots are called {bot!r}: name its id.")
    return str(found[0])


def _answer(response: Any) -> Any:
    if response.status_code != 200:
        raise NotFound(response.json()["detail"])
    return response.json()


# --- tables ---------------------------------------------------------------------------------------


def _show(report: "ParityReportOut") -> None:
    from rich.console import Console

    console = Console()
    console = Console(width=None if console.is_terminal else _PLAIN_WIDTH, highlight=False)
    first, last = (f"{moment:%H:%M}" for moment in (report.first_tau, report.last_tau))
    console.print(f"{report.bot_name}: session of {report.session}, {first} to {last} UTC", markup=False)
    decisions, fills = report.decisions, report.fills
    console.print(
        f"Decisions: {decisions.percent:.4g} % of {decisions.evaluations} evaluations and "
        f"{decisions.intents} orders are decided alike by the replay.",
        style="bold" if not decisions.mismatches else "bold red",
    )
    console.print(
        f"Fills: {fills.percent:.4g} % alike; live has {fills.live}, the backtest {fills.model}.",
        style="bold",
    )
    if report.slippage_mean_bps is not None and report.slippage_worst_bps is not None:
        mean, worst = report.slippage_mean_bps, report.slippage_worst_bps
        console.print(f"Slippage: {mean:.2f} basis points on average, {worst:.2f} at worst.")
    if decisions.mismatches:
        console.print(_mismatches(report))
    if fills.differences:
        console.print(_differences(report))


def _mismatches(report: "ParityReportOut") -> Any:
    table = _table(
        "Decided otherwise: a bug, please report it", "minute", "symbol", "what", "kept", "replayed"
    )
    for one in report.decisions.mismatches[:_MOST_ROWS]:
        table.add_row(f"{one.tau:%H:%M}", one.symbol or "", one.what, one.recorded, one.replayed)
    return table


def _differences(report: "ParityReportOut") -> Any:
    table = _table("Fills that differ", "minute", "symbol", "purpose", "live", "backtest", "cause")
    for one in report.fills.differences[:_MOST_ROWS]:
        cause = f"follows from {one.cause}" if one.follows else f"{one.cause}: {one.sentence}"
        table.add_row(f"{one.tau:%H:%M}", one.symbol, one.purpose, *_sides(one), cause)
    return table


def _sides(one: "DifferenceOut") -> tuple[str, str]:
    return _fill(one.live), _fill(one.model)


def _fill(fill: "ParityFillOut | None") -> str:
    return "-" if fill is None else f"{fill.side} {fill.quantity:f} at {fill.price:f}"


def _table(title: str, *columns: str) -> Any:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column)
    return table
