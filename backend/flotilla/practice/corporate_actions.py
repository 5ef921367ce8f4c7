"""Splits and dividends, from an `actions.csv` beside the bars.

Columns: `symbol`, `ex_date` (YYYY-MM-DD), `type` (split or dividend), `value`: new shares for one old
share (4, 0.1), or dollars a share.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path

from flotilla.practice.errors import PracticeStartError

_COLUMNS = {"symbol", "ex_date", "type", "value"}


class ActionType(StrEnum):
    SPLIT = "split"
    DIVIDEND = "dividend"


@dataclass(frozen=True, slots=True)
class CorporateAction:
    """Takes effect before the open of `ex_date`. `value`: shares for one share, or dollars a share."""

    symbol: str
    ex_date: date
    type: ActionType
    value: Decimal


class CorporateActions:
    """All of them, by day."""

    def __init__(self, actions: Iterable[CorporateAction] = ()) -> None:
        self.all = sorted(actions, key=lambda action: (action.ex_date, action.symbol, action.type))

    def on(self, day: date) -> list[CorporateAction]:
        return [action for action in self.all if action.ex_date == day]

    def of(self, symbol: str, after: date, until: date) -> list[CorporateAction]:
        """Return the symbol's actions with `after` < ex_date <= `until`."""
        return [a for a in self.all if a.symbol == symbol and after < a.ex_date <= until]


def read_actions(path: Path) -> CorporateActions:
    """Read the file; a missing one means none. Raises PracticeStartError when it cannot be read."""
    if not path.is_file():
        return CorporateActions()
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            reader = csv.DictReader(lines)
            missing = _COLUMNS - set(reader.fieldnames or ())
            if missing:
                raise PracticeStartError(f"{path} has no column {', '.join(sorted(missing))}.")
            return CorporateActions([_action(path, reader.line_num, row) for row in reader])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PracticeStartError(f"{path} cannot be read as corporate actions: {error}") from error


def _action(path: Path, line: int, row: dict[str, str]) -> CorporateAction:
    try:
        action = CorporateAction(
            symbol=row["symbol"].strip().upper(),
            ex_date=date.fromisoformat(row["ex_date"].strip()),
            type=ActionType(row["type"].strip().lower()),
            value=Decimal(row["value"].strip()),
        )
    except (ValueError, InvalidOperation, AttributeError) as error:
        raise PracticeStartError(f"{path}, line {line}: not a corporate action.") from error
    if not action.value.is_finite() or action.value <= 0:
        raise PracticeStartError(f"{path}, line {line}: the value must be above 0.")
    return action
