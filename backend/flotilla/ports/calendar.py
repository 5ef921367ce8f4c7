"""The exchange's sessions."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from flotilla.domain.market import Session


class SessionCalendar(Protocol):
    def sessions(self, first: date, last: date) -> Sequence[Session]:
        """The sessions of the days from `first` to `last`, both included, oldest first."""
        ...
