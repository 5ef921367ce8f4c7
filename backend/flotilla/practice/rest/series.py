"""The rows of historical queries: bars, trades and quotes of what is seen of the market."""

from collections.abc import Iterator
from datetime import datetime

from starlette.requests import Request

from flotilla.practice.adjustments import Adjuster
from flotilla.practice.errors import invalid_market_data_request as invalid
from flotilla.practice.rest.pages import Json, Series
from flotilla.practice.tape import Seen, Tape
from flotilla.practice.tape_wire import quote_json, trade_json
from flotilla.practice.timeframes import parse_timeframe
from flotilla.practice.venue import Venue
from flotilla.practice.wire import bar_json


def seen(venue: Venue) -> Seen:
    """Return how much of the market is seen at this moment."""
    return Seen(venue.reached, venue.now, venue.market.minute)


def bars(request: Request, venue: Venue, adjuster: Adjuster | None = None) -> Series:
    """Return bars of the timeframe asked for; an adjuster restates prices and volumes."""
    text = request.query_params.get("timeframe", "")
    timeframe = parse_timeframe(text)
    if timeframe is None:
        raise invalid(f"invalid timeframe: {text[:50]}")

    def series(
        symbol: str, start: datetime, end: datetime, descending: bool
    ) -> Iterator[tuple[datetime, Json]]:
        restate = adjuster.adjusted if adjuster else None
        found = venue.history.bars(symbol, timeframe, start, end, venue.reached, descending, restate)
        for at, bar in found:
            yield at, bar_json(at, bar)

    return series


def trades(request: Request, venue: Venue) -> Series:
    tape, market = _tape(request), seen(venue)

    def series(
        symbol: str, start: datetime, end: datetime, descending: bool
    ) -> Iterator[tuple[datetime, Json]]:
        for one in tape.prints(symbol, start, end, market, descending):
            if one.tick.trade_size:
                yield one.at, trade_json(one, symbol)

    return series


def quotes(request: Request, venue: Venue) -> Series:
    tape, market = _tape(request), seen(venue)

    def series(
        symbol: str, start: datetime, end: datetime, descending: bool
    ) -> Iterator[tuple[datetime, Json]]:
        for one in tape.prints(symbol, start, end, market, descending):
            yield one.at, quote_json(one, symbol)

    return series


def _tape(request: Request) -> Tape:
    tape: Tape = request.app.state.tape
    return tape
