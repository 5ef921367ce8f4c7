"""`/api/bots`: define bots, and say what they should do. The engine does it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from flotilla.features.bots.repository import BotRepository
from flotilla.features.bots.schemas import NewBot, StopRequest
from flotilla.features.bots.service import BotService
from flotilla.http.dependencies import Session, State
from flotilla.http.errors import responses
from flotilla.http.pagination import Cursor, Limit, Page
from flotilla.wire.base import Text
from flotilla.wire.bots import BotDefinition, BotOut

router = APIRouter(prefix="/bots", tags=["bots"])


def bot_service(session: Session, state: State) -> BotService:
    return BotService(BotRepository(session), state.market, state.account_id)


Service = Annotated[BotService, Depends(bot_service, scope="function")]


@router.get("")
async def list_bots(service: Service, limit: Limit = 100, cursor: Cursor = None) -> Page[BotOut]:
    """List the bots, oldest first."""
    return await service.page(limit=limit, cursor=cursor)


@router.post("", status_code=201, responses=responses(404, 422, 503))
async def create_bot(bot: NewBot, service: Service) -> BotOut:
    """Create a bot; it is stopped until it is started."""
    return await service.create(bot.definition, bot.account_id)


@router.get("/{bot_id}", responses=responses(404))
async def read_bot(bot_id: Text, service: Service) -> BotOut:
    """Read one bot."""
    return await service.read(bot_id)


@router.put("/{bot_id}", responses=responses(404, 409, 422, 503))
async def update_bot(
    bot_id: Text,
    definition: BotDefinition,
    service: Service,
    apply_to_open: Annotated[
        bool,
        Query(
            description="What the bot holds takes the new time stop, trailing and break-even, too. Its "
            "fixed stop and target stay where the entry put them, at the broker or in the engine."
        ),
    ] = False,
) -> BotOut:
    """Replace a bot's definition; the old one is kept as a version.

    A running bot takes the new one over between two evaluations, when its indicators have their history.
    What it holds keeps its stop, target and time stop, and symbols that were removed are only left.
    """
    return await service.update(bot_id, definition, apply_to_open=apply_to_open)


@router.delete("/{bot_id}", status_code=204, responses=responses(404, 409))
async def delete_bot(bot_id: Text, service: Service) -> Response:
    """Delete a stopped bot that holds nothing. Its trades stay."""
    await service.delete(bot_id)
    return Response(status_code=204)


@router.post("/{bot_id}/start", responses=responses(404, 409, 422, 503))
async def start_bot(bot_id: Text, service: Service) -> BotOut:
    """Ask for the bot to run."""
    return await service.start(bot_id)


@router.post("/{bot_id}/pause", responses=responses(404, 409))
async def pause_bot(bot_id: Text, service: Service) -> BotOut:
    """Ask a running bot to open nothing more; exits and protection go on."""
    return await service.pause(bot_id)


@router.post("/{bot_id}/resume", responses=responses(404, 409))
async def resume_bot(bot_id: Text, service: Service) -> BotOut:
    """Ask a paused bot to trade again."""
    return await service.resume(bot_id)


@router.post("/{bot_id}/stop", responses=responses(404))
async def stop_bot(bot_id: Text, request: StopRequest, service: Service) -> BotOut:
    """Ask for the bot to stop, keeping or selling what it holds."""
    return await service.stop(bot_id, request.on_stop)
