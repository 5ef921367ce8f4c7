"""Bots as people write them, many of them, over a few hundred symbols."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import insert

from flotilla.bootstrap.account import practice_account
from flotilla.db.session import Database
from flotilla.db.tables import BotRow, BotVersionRow, new_id
from flotilla.wire.bots import BotDefinition

_RSI_LENGTHS = (7, 9, 14, 21)
_AVERAGES = (9, 12, 20, 34, 50)


@dataclass(frozen=True, slots=True)
class Fleet:
    """So many bots with `each` symbols out of `symbols`."""

    bots: int
    each: int
    symbols: int

    @property
    def names(self) -> list[str]:
        """The symbols' names."""
        return [f"S{number:03d}" for number in range(self.symbols)]

    def definition(self, number: int) -> BotDefinition:
        """Four indicators, in twenty combinations of lengths; a stop and a target at the broker."""
        names = self.names
        own = [names[(number * self.each + k * 37) % len(names)] for k in range(self.each)]
        return BotDefinition.model_validate(
            {
                "name": f"Bot {number:05d}",
                "capital": "10000",
                "symbols": list(dict.fromkeys(own)),
                "timeframe": "1Min",
                "trading_frequency": 60,
                "indicators": [
                    _use("rsi", "RSI", timeperiod=_RSI_LENGTHS[number % len(_RSI_LENGTHS)]),
                    _use("ema", "EMA", timeperiod=_AVERAGES[number % len(_AVERAGES)]),
                    _use("macd", "MACD"),
                    _use("bands", "BBANDS", timeperiod=20),
                ],
                "rules": _RULES,
                "risk_management": {
                    "position_percent": 30,
                    "stop_loss_percent": 2.0,
                    "take_profit_percent": 4.0,
                    "max_position_account_percent": None,
                },
                "start_hour": 0,
                "start_minute": 0,
                "end_hour": 0,
                "end_minute": 0,
            }
        )


async def store_fleet(database: Database, fleet: Fleet) -> None:
    """Write the bots as the API does, all of them to be running."""
    account = await practice_account(database)
    rows, versions = [], []
    for number in range(fleet.bots):
        stored = fleet.definition(number)
        document = stored.model_dump(mode="json")
        row = {name: getattr(stored, name) for name in BotDefinition.model_fields if name != "rules"}
        columns = set(BotRow.__table__.columns.keys())
        bot_id = new_id()
        rows.append(
            {
                **{k: document[k] if k in _DOCUMENTS else v for k, v in row.items() if k in columns},
                "rules": document["rules"],
                "id": bot_id,
                "account_id": account,
                "cash": Decimal(stored.capital),
                "desired_status": "running",
            }
        )
        versions.append({"bot_id": bot_id, "version": 1, "definition": document})
    async with database.transaction() as session:
        for at in range(0, len(rows), 500):
            await session.execute(insert(BotRow), rows[at : at + 500])
            await session.execute(insert(BotVersionRow), versions[at : at + 500])


_DOCUMENTS = {"symbols", "timeframe", "indicators", "risk_management"}


def _use(name: str, indicator: str, **params: int) -> dict[str, Any]:
    return {"id": name, "name": indicator, "params": params}


def _compare(left: dict[str, Any], op: str, right: dict[str, Any]) -> dict[str, Any]:
    return {"type": "condition", "left": left, "op": op, "right": right}


def _value(indicator: str, output: str) -> dict[str, Any]:
    return {"type": "indicator", "indicator": indicator, "output": output}


_CLOSE = {"type": "price", "field": "close"}
_RULES = {
    "entry": {
        "type": "all",
        "of": [
            _compare(_value("macd", "macd"), "crosses_above", _value("macd", "signal")),
            _compare(_value("rsi", "rsi"), "below", {"type": "constant", "value": 40.0}),
            _compare(_CLOSE, "below", _value("ema", "ema")),
        ],
    },
    "exit": {
        "type": "any",
        "of": [
            _compare(_value("rsi", "rsi"), "crosses_above", {"type": "constant", "value": 60.0}),
            _compare(_CLOSE, "crosses_above", _value("bands", "upper")),
        ],
    },
}
