"""What most tests start from: an account, a bot's definition as it crosses the API, stored bots."""

from decimal import Decimal
from typing import Any

from flotilla.db.session import Database
from flotilla.db.tables import AccountRow
from flotilla.features.bots.repository import BotRepository
from flotilla.wire.bots import BotDefinition

ACCOUNT = "0197d3a0-0000-7000-8000-000000000001"


def constant(value: float) -> dict[str, Any]:
    return {"type": "constant", "value": value}


def price(field: str = "close") -> dict[str, Any]:
    return {"type": "price", "field": field}


def indicator(use: str, output: str) -> dict[str, Any]:
    return {"type": "indicator", "indicator": use, "output": output}


def condition(left: dict[str, Any], op: str, right: dict[str, Any]) -> dict[str, Any]:
    return {"type": "condition", "left": left, "op": op, "right": right}


def every(*members: dict[str, Any]) -> dict[str, Any]:
    return {"type": "all", "of": list(members)}


def some(*members: dict[str, Any]) -> dict[str, Any]:
    return {"type": "any", "of": list(members)}


def definition(**changes: Any) -> dict[str, Any]:
    """Return the JSON of a bot that nothing is wrong with, but for `changes` of its fields."""
    rsi = indicator("rsi", "rsi")
    return {
        "name": "Dip buyer",
        "capital": "10000",
        "symbols": ["AAPL", "MSFT"],
        "indicators": [{"id": "rsi", "name": "RSI", "params": {"timeperiod": 14}}],
        "rules": {
            "entry": every(condition(rsi, "crosses_below", constant(30.0))),
            "exit": some(condition(rsi, "crosses_above", constant(60.0))),
        },
        **changes,
    }


async def add_account(database: Database, account_id: str = ACCOUNT) -> str:
    async with database.transaction() as session:
        session.add(AccountRow(id=account_id, name=f"Practice {account_id}", kind="practice"))
    return account_id


async def add_bot(database: Database, account_id: str = ACCOUNT, **changes: Any) -> str:
    """Store a stopped bot, as the API does; its id."""
    stored = BotDefinition.model_validate(definition(trading_frequency=60) | changes)
    async with database.transaction() as session:
        return (await BotRepository(session).add(account_id, stored)).id


def same_money(left: str, right: Decimal | str | int) -> bool:
    """Whether a decimal string of the wire is `right`."""
    return Decimal(left) == Decimal(right)
