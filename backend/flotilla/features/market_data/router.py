"""`/api/market-data`: bars for charts, and the symbols that can be traded."""

from typing import Annotated

from fastapi import APIRouter, Query

from flotilla.domain.errors import NotFound
from flotilla.domain.market import Timeframe
from flotilla.features.market_data.repository import MarketDataRepository
from flotilla.features.market_data.schemas import BarOut, BarsOut, MarketDataStateOut, SymbolOut
from flotilla.http.dependencies import OtherAccount, Session, State
from flotilla.http.errors import responses

router = APIRouter(prefix="/market-data", tags=["market-data"])


@router.get("/bars", responses=responses(404, 422, 503))
async def list_bars(
    state: State,
    symbol: Annotated[str, Query()],
    timeframe: Annotated[Timeframe, Query()] = Timeframe.MINUTE_1,
    limit: Annotated[int, Query(ge=1, le=1000)] = 390,
    account_id: OtherAccount = None,
) -> BarsOut:
    """List the newest closed bars of a symbol, oldest first."""
    market = await state.market(account_id)
    if await market.instruments.find(symbol) is None:
        raise NotFound(f"{symbol} is not a symbol the account can trade.", code="UNKNOWN_SYMBOL")
    bars = await market.history.latest(symbol, timeframe, limit)
    return BarsOut(
        symbol=symbol,
        timeframe=timeframe,
        items=[BarOut.model_validate(bar, from_attributes=True) for bar in bars],
    )


@router.get("/state")
async def read_state(state: State, session: Session) -> MarketDataStateOut:
    """Say how fresh the bars of every streamed symbol are, and how far the engine's clock is off."""
    return await MarketDataRepository(session).state(state.account_id)


@router.get("/symbols", responses=responses(404, 503))
async def search_symbols(
    state: State,
    search: Annotated[str, Query(max_length=80)] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    account_id: OtherAccount = None,
) -> list[SymbolOut]:
    """Search the symbols that the account can trade, by symbol and name."""
    found = await (await state.market(account_id)).instruments.search(search, limit)
    return [SymbolOut(symbol=i.symbol, name=i.name) for i in found]
