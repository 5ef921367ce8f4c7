"""The account's figures for those who ask within the same moment: a thousand bots that start together."""

import asyncio

from flotilla.ports.broker import AccountFigures, Broker

_GOOD_FOR = 2.0  # wall seconds


class RecentFigures:
    """Asks the broker once in a while, however often it is asked."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._known: tuple[float, AccountFigures] | None = None

    async def get(self) -> AccountFigures:
        """What the account had at most two seconds ago. Raises Unavailable."""
        now = asyncio.get_running_loop().time()
        if self._known is None or now - self._known[0] > _GOOD_FOR:
            self._known = (now, await self._broker.account())
        return self._known[1]
