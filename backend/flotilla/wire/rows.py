"""From stored rows to what the page reads: the one place for each."""

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from flotilla.db.tables import BotRow, OrderRow, PositionRow, TradeRow
from flotilla.domain.bots import BotSpec
from flotilla.domain.rules import sentence
from flotilla.wire.bots import BotDefinition, BotOut, to_spec
from flotilla.wire.risk import RiskManagement
from flotilla.wire.rules import BotRules
from flotilla.wire.trading import OrderOut, PositionOut, TradeOut

# What stands for a part of a definition that cannot be read; else its default does.
_EMPTY: dict[str, Any] = {
    "name": "?",
    "symbols": [],
    "trading_frequency": 60,
    "indicators": [],
    "rules": BotRules(),
    "risk_management": RiskManagement(),
}


def definition(row: BotRow) -> BotDefinition:
    """The definition that a row stores."""
    return BotDefinition.model_validate({name: getattr(row, name) for name in BotDefinition.model_fields})


def spec(row: BotRow) -> BotSpec:
    """The domain's definition of a stored bot."""
    return to_spec(definition(row))


def bot(row: BotRow) -> BotOut:
    """A bot as it is answered; a definition that cannot be read is told, not raised."""
    values = {name: getattr(row, name) for name in BotOut.model_fields if hasattr(row, name)}
    values |= {f"{name}_sentence": None for name in BotRules.model_fields} | {"definition_error": None}
    try:
        stored = spec(row)
        said = {f"{name}_sentence": sentence(rule, stored.uses) for name, rule in stored.rules.items()}
        return BotOut.model_validate(values | said)
    except (ValueError, LookupError) as error:
        return _unreadable(values, error)


def _unreadable(values: dict[str, Any], error: Exception) -> BotOut:
    """What can be said of a bot whose definition is not understood (one of another version, say)."""
    wrong = {str(one["loc"][0]) for one in error.errors()} if isinstance(error, ValidationError) else ()
    for name in BotDefinition.model_fields.keys() & wrong:
        values[name] = _EMPTY.get(name, BotDefinition.model_fields[name].default)
    problem = f"The stored definition cannot be read: {error}"[:500]
    return BotOut.model_validate(values | {"definition_error": problem})


def trade(row: TradeRow, bot_name: str) -> TradeOut:
    return TradeOut.model_validate(_named(TradeOut.model_fields, row, bot_name))


def position(row: PositionRow, bot_name: str) -> PositionOut:
    return PositionOut.model_validate(_named(PositionOut.model_fields, row, bot_name))


def order(row: OrderRow) -> OrderOut:
    return OrderOut.model_validate(row, from_attributes=True)


def _named(fields: Iterable[str], row: TradeRow | PositionRow, bot_name: str) -> dict[str, object]:
    names = [name for name in fields if hasattr(row, name)]
    return {**{name: getattr(row, name) for name in names}, "bot_name": bot_name}
