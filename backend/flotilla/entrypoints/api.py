"""The API process: HTTP, socket.io and the built page. It never trades."""

import asyncio
import threading
from pathlib import Path

import uvicorn
from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

import flotilla
from flotilla.bootstrap import api as bootstrap
from flotilla.entrypoints import logs
from flotilla.entrypoints.process import Server, lifetime, serve
from flotilla.features.accounts.router import router as accounts
from flotilla.features.backtests.router import router as backtests
from flotilla.features.bots.router import router as bots
from flotilla.features.charts.router import router as charts
from flotilla.features.decisions.router import router as decisions
from flotilla.features.health.router import router as health
from flotilla.features.indicators.router import router as indicators
from flotilla.features.kill_switch.router import router as kill_switch
from flotilla.features.market_data.router import router as market_data
from flotilla.features.orders.router import router as orders
from flotilla.features.positions.router import router as positions
from flotilla.features.reconciliation.router import router as reconciliation
from flotilla.features.summary.router import router as summary
from flotilla.features.templates.router import router as templates
from flotilla.features.trades.router import router as trades
from flotilla.http import errors
from flotilla.http.guard import HostGuard
from flotilla.realtime.messages import Message
from flotilla.research.kernel_cache import compile_kernel
from flotilla.settings import Settings

ROUTERS = (
    bots,
    accounts,
    decisions,
    trades,
    positions,
    orders,
    summary,
    market_data,
    backtests,
    charts,
    indicators,
    kill_switch,
    reconciliation,
    templates,
    health,
)


def create_app() -> FastAPI:
    """Build the routes; whoever serves them puts what they need into `app.state.flotilla`."""
    app = FastAPI(
        title="Flotilla",
        version=flotilla.__version__,
        description="Define trading bots, and watch them trade.",
        docs_url="/api/docs",
        redoc_url=None,
        openapi_url="/api/openapi.json",
        generate_unique_id_function=lambda route: route.name,
    )
    errors.install(app)
    api = APIRouter(prefix="/api")
    for router in ROUTERS:
        api.include_router(router)
    app.include_router(api)

    @app.webhooks.post("message")
    def message(body: Message) -> None:
        """Arrives over socket.io at `/ws`, as an event named by its `type`."""

    return app


def compose(api: bootstrap.Api, settings: Settings) -> ASGIApp:
    """The whole served application: the guard, socket.io, the API, and the page behind it."""
    app = create_app()
    app.state.flotilla = api.state
    app.state.backtests = api.backtests
    app.state.accounts = api.accounts
    app.state.materials = api.materials
    page = settings.page or _built_page()
    if page is not None:
        app.mount("/", _Page(directory=page, html=True), name="page")
    guarded: ASGIApp = HostGuard(api.realtime.asgi(app), hosts=settings.allowed_hosts)
    return guarded


async def main(settings: Settings) -> None:
    """Serve until told to end."""
    logs.configure(settings.log_level)
    # The first preview after a start then finds the kernel loaded. No end has to wait for it.
    threading.Thread(target=compile_kernel, name="kernel", daemon=True).start()
    async with lifetime() as stop, bootstrap.api(settings) as api:
        config = uvicorn.Config(
            compose(api, settings),
            host=settings.host,
            port=settings.port,
            log_config=None,
            lifespan="off",
            proxy_headers=False,
            ws_ping_interval=20,
            timeout_graceful_shutdown=3,
        )
        async with asyncio.TaskGroup() as tasks:
            broadcasting = tasks.create_task(_broadcast(api, settings), name="broadcaster")
            seeding = tasks.create_task(api.seed(), name="examples")
            backtesting = tasks.create_task(_run_backtests(api, settings), name="backtests")
            keeping = tasks.create_task(_keep_decisions(api, settings), name="decision-log")
            await serve(Server(config), stop)
            keeping.cancel()
            backtesting.cancel()
            seeding.cancel()
            broadcasting.cancel()


async def _broadcast(api: bootstrap.Api, settings: Settings) -> None:
    """Without Redis every API process serves its own sockets; with it, one broadcasts for all."""
    if settings.redis_url is None:
        await api.broadcaster.run()
        return
    async with bootstrap.broadcaster_lock(settings):
        await api.broadcaster.run()


async def _keep_decisions(api: bootstrap.Api, settings: Settings) -> None:
    async with bootstrap.keeper_lock(settings):
        await api.keeper.run()


async def _run_backtests(api: bootstrap.Api, settings: Settings) -> None:
    async with bootstrap.runner_lock(settings):
        await api.runner.run()


class _Page(StaticFiles):
    """The built page; a path that is no file is one of its routes, and gets index.html."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404 or path.startswith(("api/", "assets/")):
                raise
            response = await super().get_response("index.html", scope)
        if not path.startswith("assets/"):
            # Names below assets/ carry a hash; everything else must be asked for again.
            response.headers["Cache-Control"] = "no-cache"
        return response


def _built_page() -> Path | None:
    """The page that `make setup` builds in a checkout, if this is one."""
    page = Path(flotilla.__file__).parents[2] / "frontend" / "dist"
    return page if (page / "index.html").is_file() else None
