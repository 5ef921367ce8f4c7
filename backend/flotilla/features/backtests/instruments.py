"""What the account's broker says of the symbols of a backtest."""

from collections.abc import Awaitable, Callable, Mapping

from flotilla.domain.errors import Unavailable
from flotilla.domain.market import Instrument
from flotilla.http.dependencies import InstrumentDirectory
from flotilla.research.plan import BacktestPlan

InstrumentsOf = Callable[[BacktestPlan], Awaitable[Mapping[str, Instrument]]]


def instruments_of(directory: InstrumentDirectory) -> InstrumentsOf:
    """Steps of price and quantity of the symbols that the broker lists, while it can be asked.

    Of stored bars the symbol alone says what can be assumed: the broker may never have heard of it.
    """

    async def known(plan: BacktestPlan) -> Mapping[str, Instrument]:
        if plan.source not in ("practice", "alpaca"):
            return {}
        try:
            if await directory.unknown(plan.symbols):
                return {}
            found = {symbol: await directory.find(symbol) for symbol in plan.symbols}
        except Unavailable:
            return {}
        return {symbol: one for symbol, one in found.items() if one is not None}

    return known
