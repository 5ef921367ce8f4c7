"""Which symbols have two sides in one account: asked when bots start (semantics 7)."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from flotilla.domain.bots import DesiredStatus
from flotilla.ports.store import StoredBot


def opposed_symbols(bots: Iterable[StoredBot], unmanaged: Mapping[str, Decimal]) -> frozenset[str]:
    """The symbols that one bot may buy while another may sell them short, or that a bot may trade
    against what is no bot's. A bot that is wanted stopped counts while it holds something.
    """
    long: dict[str, set[str]] = {}
    short: dict[str, set[str]] = {}
    for bot in bots:
        if bot.spec is None or not (bot.holds or bot.desired_status is not DesiredStatus.STOPPED):
            continue
        for symbol in bot.spec.symbols:
            if bot.spec.entry is not None:
                long.setdefault(symbol, set()).add(bot.id)
            if bot.spec.short_entry is not None:
                short.setdefault(symbol, set()).add(bot.id)
    between = {s for s in long.keys() & short.keys() if len(long[s] | short[s]) > 1}
    against = {s for s, quantity in unmanaged.items() if s in (short if quantity > 0 else long) and quantity}
    return frozenset(between | against)
