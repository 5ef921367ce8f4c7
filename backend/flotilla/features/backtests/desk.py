"""What the API process holds for backtests; built by bootstrap."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from flotilla.features.backtests.instruments import InstrumentsOf
from flotilla.features.backtests.previews import Previews
from flotilla.wire.backtests import BacktestOut


@dataclass(frozen=True, slots=True)
class BacktestDesk:
    """`wake` says that something is queued; `emit` tells the pages of a change."""

    previews: Previews
    instruments: InstrumentsOf
    wake: Callable[[], None]
    emit: Callable[[BacktestOut], Awaitable[None]]


def backtest_desk(request: Request) -> BacktestDesk:
    desk: BacktestDesk = request.app.state.backtests
    return desk


Desk = Annotated[BacktestDesk, Depends(backtest_desk)]
