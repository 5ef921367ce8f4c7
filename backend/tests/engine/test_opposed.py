"""Which symbols have two sides in one account."""

from decimal import Decimal
from typing import Any

import pytest

from flotilla.domain.bots import BotStatus, DesiredStatus, OnStop
from flotilla.engine.opposed import opposed_symbols
from flotilla.ports.store import StoredBot
from flotilla.wire.bots import BotDefinition, to_spec
from tests.builders import condition, constant, definition, every, price

RULE = every(condition(price(), "above", constant(100)))
LONG, SHORT = ("entry", "exit"), ("short_entry", "short_exit")


def bot(key: str, *rules: str, wanted: str = "running", holds: bool = False, **changes: Any) -> StoredBot:
    made = definition(rules=dict.fromkeys(rules, RULE), indicators=[], **changes)
    return StoredBot(
        id=key,
        name=key,
        status=BotStatus.STOPPED,
        desired_status=DesiredStatus(wanted),
        on_stop=OnStop.KEEP,
        version=1,
        spec=to_spec(BotDefinition.model_validate(made)),
        spec_error=None,
        checkpoint={},
        holds=holds,
    )


@pytest.mark.parametrize(
    ("bots", "unmanaged", "opposed"),
    [
        ([bot("a", *LONG), bot("b", *LONG)], {}, set()),
        ([bot("a", *LONG), bot("b", *SHORT)], {}, {"AAPL", "MSFT"}),
        ([bot("a", *LONG), bot("b", *SHORT, symbols=["MSFT", "SPY"])], {}, {"MSFT"}),
        ([bot("a", *LONG, *SHORT)], {}, set()),  # one bot is never on both sides at once
        ([bot("a", *LONG, *SHORT), bot("b", *LONG)], {}, {"AAPL", "MSFT"}),
        ([bot("a", *LONG), bot("b", *SHORT, wanted="stopped")], {}, set()),
        ([bot("a", *LONG), bot("b", *SHORT, wanted="stopped", holds=True)], {}, {"AAPL", "MSFT"}),
        ([bot("a", *LONG)], {"AAPL": 5}, set()),
        ([bot("a", *LONG)], {"AAPL": -5, "MSFT": 0, "$": 9}, {"AAPL"}),
        ([bot("a", *SHORT)], {"AAPL": 5}, {"AAPL"}),
    ],
)
def test_a_symbol_is_opposed_when_two_may_stand_on_both_sides_of_it(
    bots: list[StoredBot], unmanaged: dict[str, int], opposed: set[str]
) -> None:
    assert opposed_symbols(bots, {s: Decimal(q) for s, q in unmanaged.items()}) == opposed
