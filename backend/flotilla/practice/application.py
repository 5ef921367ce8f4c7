"""Every path of the practice market, on one port."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Router, WebSocketRoute

from flotilla.practice.errors import ApiError
from flotilla.practice.rest import account, control, latest, market_data, orders, positions
from flotilla.practice.rest.responses import on_api_error, on_crash, on_http_exception
from flotilla.practice.streams.market_data import market_data as market_data_stream
from flotilla.practice.streams.trade_updates import trade_updates
from flotilla.practice.venue import Venue


def create_application(venue: Venue) -> Starlette:
    """Return the ASGI application that serves `venue`."""
    application = Starlette(
        routes=[
            *account.ROUTES,
            *orders.ROUTES,
            *positions.ROUTES,
            *market_data.ROUTES,
            *latest.ROUTES,
            *control.ROUTES,
            WebSocketRoute("/stream", trade_updates),
            WebSocketRoute("/stream/", trade_updates),
            WebSocketRoute("/v2/{feed}", market_data_stream),
        ],
        exception_handlers={
            ApiError: on_api_error,
            HTTPException: on_http_exception,
            Exception: on_crash,
        },
    )
    # Alpaca answers a trailing slash with 404; a redirect would be followed by some clients only.
    router: Router = application.router
    router.redirect_slashes = False
    application.state.venue = venue
    return application
