"""Most active stocks and the day's movers, out of what is seen of the day."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flotilla.practice.errors import invalid_market_data_request as invalid
from flotilla.practice.rest.authentication import Handler, authenticated
from flotilla.practice.rest.parameters import integer
from flotilla.practice.rest.responses import json_response
from flotilla.practice.session import Bar
from flotilla.practice.venue import Venue
from flotilla.practice.wire import timestamp

_MOST_ACTIVES, _MOST_MOVERS = 100, 50

Json = dict[str, Any]


def _top(request: Request, default: int, largest: int) -> int:
    top = integer(request, "top", default, invalid)
    if not 1 <= top <= largest:
        raise invalid(f"invalid top: must be between 1 and {largest}")
    return top


def _days(venue: Venue, crypto: bool) -> dict[str, list[Bar]]:
    """Return the newest two day bars of each symbol, newest first."""
    source = venue.coins if crypto else venue.source
    symbols = source.symbols if source else ()
    seen = {symbol: venue.history.last_days(symbol, venue.reached, 2) for symbol in symbols}
    return {symbol: [bar for _, bar in days] for symbol, days in seen.items() if days}


async def most_actives(request: Request, venue: Venue, _account_id: str) -> Response:
    by = request.query_params.get("by", "volume")
    if by not in ("volume", "trades"):
        raise invalid(f"invalid by: {by[:50]}")
    rows: list[Json] = [
        {"symbol": symbol, "volume": days[0].volume, "trade_count": days[0].trade_count}
        for symbol, days in _days(venue, crypto=False).items()
    ]
    member = "volume" if by == "volume" else "trade_count"
    rows.sort(key=lambda row: (-row[member], row["symbol"]))
    top = _top(request, 10, _MOST_ACTIVES)
    return json_response({"most_actives": rows[:top], "last_updated": timestamp(venue.reached)})


def _movers(market_type: str) -> Handler:
    async def handler(request: Request, venue: Venue, _account_id: str) -> Response:
        moves = [
            _move(symbol, days[0].close, days[1].close)
            for symbol, days in _days(venue, market_type == "crypto").items()
            if len(days) == 2
        ]
        top = _top(request, 10, _MOST_MOVERS)
        moves.sort(key=lambda move: (move["percent_change"], move["symbol"]))
        return json_response(
            {
                "gainers": [move for move in reversed(moves) if move["change"] > 0][:top],
                "losers": [move for move in moves if move["change"] < 0][:top],
                "market_type": market_type,
                "last_updated": timestamp(venue.reached),
            }
        )

    return handler


def _move(symbol: str, price: float, before: float) -> Json:
    change = price - before
    return {
        "symbol": symbol,
        "price": price,
        "change": round(change, 4),
        "percent_change": round(change / before * 100, 2),
    }


ROUTES = [
    Route("/v1beta1/screener/stocks/most-actives", authenticated(most_actives), methods=["GET"]),
    Route("/v1beta1/screener/stocks/movers", authenticated(_movers("stocks")), methods=["GET"]),
    Route("/v1beta1/screener/crypto/movers", authenticated(_movers("crypto")), methods=["GET"]),
]
