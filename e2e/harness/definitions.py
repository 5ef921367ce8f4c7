"""Bots as the API takes them, for tests that are not about the form."""

from typing import Any

Definition = dict[str, Any]


def busy(name: str, *symbols: str) -> Definition:
    """A bot that buys and sells each symbol in turn, minute by minute."""
    rules = {"entry": _close_is("above", 0.01), "exit": _close_is("above", 0.01)}
    return {**quiet(name, *symbols), "rules": rules}


def quiet(name: str, *symbols: str) -> Definition:
    """A bot that never trades, running or not: no close is below a cent."""
    return {
        "name": name,
        "capital": "10000",
        "symbols": list(symbols or ["AAPL"]),
        "timeframe": "1Min",
        "rules": {"entry": _close_is("below", 0.01), "exit": None},
        "risk_management": {"position_percent": 20, "stop_loss_percent": 2, "take_profit_percent": 4},
    }


def _close_is(comparison: str, value: float) -> Definition:
    condition = {
        "type": "condition",
        "left": {"type": "price", "field": "close"},
        "op": comparison,
        "right": {"type": "constant", "value": value},
    }
    return {"type": "all", "of": [condition]}
