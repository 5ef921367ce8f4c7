"""`flotilla bars fetch | import | list | check`: the local store of bars."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from flotilla.entrypoints.command import carry_out, read_settings

# What reads bars (pyarrow, pandas, alpaca-py) takes seconds to load; the other commands do without.
# ruff: noqa: PLC0415

app = typer.Typer(help="The local store of bars that backtests read.", no_args_is_help=True)

_NEW_YORK = ZoneInfo("America/New_York")

Json = Annotated[bool, typer.Option("--json", help="JSON on standard output, and no progress bars.")]


class SourceKind(StrEnum):
    PRACTICE = "practice"
    ALPACA = "alpaca"


class Length(StrEnum):
    MINUTE = "1Min"
    DAY = "1Day"


class Feed(StrEnum):
    IEX = "iex"
    SIP = "sip"


@app.command()
def fetch(
    symbols: Annotated[list[str], typer.Argument(help="AAPL MSFT BTC/USD, or AAPL,MSFT.")],
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day, included.")],
    source: Annotated[
        SourceKind, typer.Option(help="Alpaca's keys are APCA_API_KEY_ID, APCA_API_SECRET_KEY.")
    ] = SourceKind.PRACTICE,
    feed: Annotated[Feed, typer.Option(help="Alpaca's feed of stocks.")] = Feed.IEX,
    timeframe: Annotated[
        Length, typer.Option(help="All between are built from minutes; days only where there are none.")
    ] = Length.MINUTE,
    as_json: Json = False,
) -> None:
    """Fetch what is missing of some symbols' history, and look for new splits and dividends."""
    from flotilla.bootstrap.bar_sources import bar_source
    from flotilla.bootstrap.bars import bar_library
    from flotilla.domain.market import Timeframe
    from flotilla.entrypoints import bars_report as report
    from flotilla.research.fetch import Fetched

    settings, groups = read_settings(), _by_clock(_symbols(symbols))

    async def program() -> None:
        library, name, done = bar_library(settings), "", list[Fetched]()
        with bar_source(settings, source, feed=feed) as prices, report.fetching(as_json) as tell:
            for clock, group in groups:
                start, end = _midnight(first, clock), _midnight(last + timedelta(days=1), clock)
                name, fetched = await library.ensure(
                    prices,
                    group,
                    start,
                    end,
                    timeframe=Timeframe(timeframe),
                    refresh_actions=True,
                    progress=tell,
                )
                done += fetched
        report.fetched(name, done, as_json)

    _run(lambda: asyncio.run(program()), market=settings.market_url if source == "practice" else None)


@app.command(name="import")
def import_(
    path: Annotated[Path, typer.Argument(help="A Parquet or CSV file, or a folder of them.", exists=True)],
    name: Annotated[str, typer.Option(help="Keeps these apart from other imports: import-NAME.")] = "",
    adjusted: Annotated[
        bool, typer.Option("--adjusted", help="Prices are adjusted for splits already.")
    ] = False,
    timezone: Annotated[str, typer.Option(help="Of times that do not say: America/New_York.")] = "UTC",
    symbol: Annotated[str, typer.Option(help="What the file is of, if its name does not say.")] = "",
    skip_unreadable: Annotated[bool, typer.Option(help="Leave such files out instead of stopping.")] = False,
    as_json: Json = False,
) -> None:
    """Take bars (and `actions.csv` beside them) from files: all of them, or nothing."""
    from flotilla.bootstrap.bars import bar_files, bar_store
    from flotilla.entrypoints import bars_report as report
    from flotilla.research.bar_import import ImportRequest, import_bars

    request = ImportRequest(
        path=path,
        source=f"import-{name.lower()}" if name else "import",
        zone=timezone,
        symbol=symbol.upper() or None,
        adjusted=adjusted,
        skip_unreadable=skip_unreadable,
    )

    def program() -> None:
        with report.importing(as_json) as tell:
            done = import_bars(bar_store(read_settings()), bar_files(), request, tell)
        report.imported(done, as_json)

    _run(program)


@app.command(name="list")
def list_(as_json: Json = False) -> None:
    """Show what the store holds."""
    from flotilla.bootstrap.bars import bar_store
    from flotilla.entrypoints import bars_report as report

    store = bar_store(read_settings())
    _run(lambda: report.listed([(key, store.coverage(key)) for key in store.series()], as_json))


@app.command()
def check(
    source: Annotated[str, typer.Option(help="Only series of this source.")] = "",
    gaps_ok: Annotated[
        bool, typer.Option("--gaps-ok", help="Whole sessions without bars are no fault.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Read every file, hold the bars against the exchange's calendar; exit status 1 if something is wrong."""
    from flotilla.bootstrap.bars import bar_library, bar_store
    from flotilla.entrypoints import bars_report as report
    from flotilla.research.bar_check import check_bars

    store, library = bar_store(read_settings()), bar_library(read_settings())

    def program() -> None:
        keys = [key for key in store.series() if source in ("", key.source)]
        found = [check_bars(store, library, key) for key in keys]
        report.checked(found, as_json)
        if any(one.problems or (one.gaps.missing_sessions and not gaps_ok) for one in found):
            raise SystemExit(1)

    _run(program)


def _run(program: Callable[[], None], *, market: str | None = None) -> None:
    carry_out(
        program,
        market=market,
        interrupted="Stopped; what was stored so far stays, the next fetch goes on from there.",
    )


def _symbols(words: Sequence[str]) -> list[str]:
    symbols = [part.strip().upper() for word in words for part in word.split(",") if part.strip()]
    if not symbols:
        raise typer.BadParameter("Name at least one symbol.")
    return list(dict.fromkeys(symbols))


def _by_clock(symbols: Sequence[str]) -> list[tuple[tzinfo, list[str]]]:
    """Stocks by New York's days, pairs of coins by UTC's."""
    coins = [symbol for symbol in symbols if "/" in symbol]
    stocks = [symbol for symbol in symbols if "/" not in symbol]
    return [(clock, group) for clock, group in ((_NEW_YORK, stocks), (UTC, coins)) if group]


def _midnight(day: datetime, clock: tzinfo) -> datetime:
    return day.replace(tzinfo=clock).astimezone(UTC)
