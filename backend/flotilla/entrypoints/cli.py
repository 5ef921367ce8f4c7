"""The command line: `flotilla run | api | engine | practice | backtest | parity | bars | openapi`."""

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer

from flotilla import __version__
from flotilla.entrypoints import bars
from flotilla.entrypoints.backtest import backtest
from flotilla.entrypoints.command import give_up, read_settings
from flotilla.entrypoints.parity import parity
from flotilla.entrypoints.process import StartError, end_with_supervisor
from flotilla.practice.errors import PracticeStartError
from flotilla.practice.settings import (
    AccountSettings,
    FillModelName,
    PracticeSettings,
    parse_account,
    parse_speed,
    parse_symbols,
    parse_token,
)
from flotilla.settings import Settings

# Each command imports its program itself: loading what another one needs (pandas, alpaca-py, the web
# stack) would cost every start seconds and every process a hundred megabytes.
# ruff: noqa: PLC0415

app = typer.Typer(
    name="flotilla",
    help="Define trading bots in a browser, and have them traded.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(bars.app, name="bars")
app.command()(backtest)
app.command()(parity)


@app.command()
def run() -> None:
    """Start everything on this machine: PostgreSQL, practice market, API, engine, page."""
    from flotilla.entrypoints import run as program

    _run(lambda: program.main(read_settings()))


@app.command()
def api() -> None:
    """Start the API alone (DATABASE_URL and FLOTILLA_PRACTICE_URL say where the rest is)."""
    from flotilla.entrypoints import api as program

    _run(lambda: program.main(read_settings()))


@app.command()
def engine() -> None:
    """Start the engine alone (DATABASE_URL and FLOTILLA_PRACTICE_URL say where the rest is)."""
    from flotilla.entrypoints import engine as program

    _run(lambda: program.main(read_settings()))


@app.command()
def migrate() -> None:
    """Bring the database at DATABASE_URL to this version."""
    address = read_settings().database_url
    if address is None:
        give_up("Name the database with DATABASE_URL.")
    from flotilla.entrypoints import run as program

    _run(lambda: program.migrate(address.get_secret_value()))


@app.command()
def openapi() -> None:
    """Print the API's contract as OpenAPI JSON: what the page's client is generated from."""
    from flotilla.entrypoints.api import create_app

    document = create_app().openapi()
    sys.stdout.write(json.dumps(document, indent=2, sort_keys=True) + "\n")


@app.command(hidden=True)
def warm() -> None:
    """Compile the decision kernel, and keep it on disk: part of installing."""
    from flotilla.research.kernel_cache import compile_kernel

    compile_kernel()


@app.command()
def version() -> None:
    """Print the version."""
    sys.stdout.write(f"{__version__}\n")


@app.command()
def practice(
    host: str = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="0 takes a free one.")] = None,
    bars: Annotated[Path | None, typer.Option(help="Folder of Parquet bars to replay.")] = None,
    symbols: Annotated[str, typer.Option(help="A,B: only these.")] = "",
    speed: Annotated[
        str | None, typer.Option(help="Market seconds a second; 0 is paused, max does not wait.")
    ] = None,
    start: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The first session.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed, another synthetic market.")] = 0,
    fill_model: Annotated[
        FillModelName,
        typer.Option(envvar="FLOTILLA_PRACTICE_FILL_MODEL", help="quotes, or bar_open: as a backtest fills."),
    ] = FillModelName.QUOTES,
    slippage_bps: Annotated[str, typer.Option(help="Against market and stop orders.")] = "0",
    extended_hours: Annotated[
        bool, typer.Option("--extended-hours", help="Stocks trade from 04:00 to 20:00 New York, always.")
    ] = False,
    database_url: Annotated[str | None, typer.Option(help="Default: DATABASE_URL.")] = None,
    account: Annotated[list[str] | None, typer.Option(metavar="KEY:SECRET:CASH", help="Repeatable.")] = None,
    token: Annotated[list[str] | None, typer.Option(metavar="TOKEN:KEY", help="OAuth; repeatable.")] = None,
    rate_limit: Annotated[int, typer.Option(help="Requests a key and market minute, 0 is any.")] = 200,
    scenario: Annotated[Path | None, typer.Option(help="YAML: what happens on purpose.")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="PEM: serve https and wss.")] = None,
    tls_key: Annotated[Path | None, typer.Option()] = None,
) -> None:
    """Start the practice market alone: Alpaca's protocol over synthetic or replayed prices."""
    from flotilla.entrypoints import practice as program

    settings = read_settings()
    address = database_url or (settings.database_url.get_secret_value() if settings.database_url else "")

    def market() -> Coroutine[Any, Any, None]:
        chosen = PracticeSettings(
            database_url=address,
            host=host,
            port=settings.practice_port if port is None else port,
            bars=bars or settings.practice_bars,
            symbols=parse_symbols(symbols or settings.practice_symbols),
            speed=parse_speed(speed or settings.practice_speed),
            start=start.date() if start else settings.practice_start,
            seed=seed,
            slippage_bps=_decimal(slippage_bps),
            extended_hours=extended_hours,
            fill_model=fill_model,
            accounts=tuple(map(parse_account, account or [])) or (_default_account(settings),),
            tokens=tuple(map(parse_token, token or [])),
            rate_limit=rate_limit,
            scenario=scenario,
            tls_cert=tls_cert,
            tls_key=tls_key,
        )
        return program.main(chosen, data=settings.data, log_level=settings.log_level, ready=_say_ready)

    _run(market)


def main() -> None:
    app()


def _run(program: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a program to its end; what keeps it from starting is one sentence and exit status 1."""
    end_with_supervisor()
    try:
        asyncio.run(program())
    except (StartError, PracticeStartError, ValueError) as error:
        give_up(str(error))
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _default_account(settings: Settings) -> AccountSettings:
    return AccountSettings(settings.practice_key, settings.practice_secret.get_secret_value())


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise StartError(f"{text!r} is not a number.") from None


def _say_ready(address: str) -> None:
    sys.stdout.write(f"The practice market is ready: {address}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
