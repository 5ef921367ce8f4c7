"""Every path of the practice market, on one port."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Router, WebSocketRoute

from flotilla.practice.errors import ApiError
from flotilla.practice.publishing.feeds import FEEDS
from flotilla.practice.rest import (
    account,
    accounts,
    activities,
    configurations,
    control,
    corporate_actions,
    crypto_data,
    faults,
    latest,
    market_data,
    markets,
    options,
    orders,
    portfolio_history,
    positions,
    reference_data,
    screener,
    watchlists,
)
from flotilla.practice.rest.request_ids import RequestIds
from flotilla.practice.rest.responses import on_api_error, on_crash, on_http_exception
from flotilla.practice.services import Services
from flotilla.practice.streams.connection import no_such_stream
from flotilla.practice.streams.market_data import market_data as market_data_stream
from flotilla.practice.streams.trade_updates import trade_updates

_WORTH_COMPRESSING = 10_000  # bytes: a page of bars, not an order


def create_application(services: Services) -> Starlette:
    """Return the ASGI application of one market."""
    application = Starlette(
        routes=[
            *account.ROUTES,
            *activities.ROUTES,
            *configurations.ROUTES,
            *portfolio_history.ROUTES,
            *watchlists.ROUTES,
            *markets.ROUTES,
            *corporate_actions.ROUTES,
            *options.ROUTES,
            *orders.ROUTES,
            *positions.ROUTES,
            *reference_data.ROUTES,
            *market_data.ROUTES,
            *crypto_data.ROUTES,
            *latest.ROUTES,
            *screener.ROUTES,
            *control.ROUTES,
            *accounts.ROUTES,
            *faults.ROUTES,
            WebSocketRoute("/stream", trade_updates),
            WebSocketRoute("/stream/", trade_updates),
            *(WebSocketRoute(path, market_data_stream) for path in FEEDS),
            WebSocketRoute("/{anything:path}", no_such_stream),
        ],
        exception_handlers={
            ApiError: on_api_error,
            HTTPException: on_http_exception,
            Exception: on_crash,
        },
        middleware=[
            Middleware(RequestIds),
            Middleware(GZipMiddleware, minimum_size=_WORTH_COMPRESSING, compresslevel=1),
        ],
    )
    # Alpaca answers a trailing slash with 404; a redirect would be followed by some clients only.
    router: Router = application.router
    router.redirect_slashes = False
    application.state.venue = services.venue
    application.state.watchlists = services.watchlists
    application.state.portfolio = services.portfolio
    application.state.credentials = services.credentials
    application.state.rate_limit = services.rate_limit
    application.state.tape = services.tape
    application.state.change_settings = services.change_settings
    application.state.faults = services.faults
    application.state.fakepaca = services.fakepaca
    application.state.symbol_limits = services.symbol_limits
    application.state.authentication_seconds = services.authentication_seconds
    application.state.corporate_actions = services.corporate_actions
    return application
