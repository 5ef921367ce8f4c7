"""From stored rows to what the page reads: the one place for each."""

from collections.abc import Iterable

from flotilla.db.tables import BotRow, OrderRow, PositionRow, TradeRow
from flotilla.domain.bots import BotSpec
from flotilla.domain.rules import sentence
from flotilla.wire.bots import BotDefinition, BotOut, to_spec
from flotilla.wire.rules import BotRules
from flotilla.wire.trading import OrderOut, PositionOut, TradeOut


def definition(row: BotRow) -> BotDefinition:
    """The definition that a row stores."""
    return BotDefinition.model_validate({name: getattr(row, name) for name in BotDefinition.model_fields})


def spec(row: BotRow) -> BotSpec:
    """The domain's definition of a stored bot."""
    return to_spec(definition(row))


def bot(row: BotRow) -> BotOut:
    stored = spec(row)
    return BotOut.model_validate(
        {
            **{name: getattr(row, name) for name in BotOut.model_fields if hasattr(row, name)},
            **{f"{name}_sentence": None for name in BotRules.model_fields},
            **{f"{name}_sentence": sentence(rule, stored.uses) for name, rule in stored.rules.items()},
        }
    )


def trade(row: TradeRow, bot_name: str) -> TradeOut:
    return TradeOut.model_validate(_named(TradeOut.model_fields, row, bot_name))


def position(row: PositionRow, bot_name: str) -> PositionOut:
    return PositionOut.model_validate(_named(PositionOut.model_fields, row, bot_name))


def order(row: OrderRow) -> OrderOut:
    return OrderOut.model_validate(row, from_attributes=True)


def _named(fields: Iterable[str], row: TradeRow | PositionRow, bot_name: str) -> dict[str, object]:
    names = [name for name in fields if hasattr(row, name)]
    return {**{name: getattr(row, name) for name in names}, "bot_name": bot_name}
