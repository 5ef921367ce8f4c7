"""Bars in files that others made."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from flotilla.domain.adjustment import CorporateAction
from flotilla.domain.errors import Invalid, Problem
from flotilla.domain.market import Series


class UnreadableFile(Invalid):
    """A file is not what it should be; the sentence names the file, and the row and column."""

    code = "UNREADABLE_FILE"

    def __init__(self, path: Path, what: str) -> None:
        super().__init__([Problem(str(path), what)], f"{path}: {what}")


class BarFiles(Protocol):
    def find(self, path: Path) -> Sequence[Path]:
        """The file itself, or the files of bars in a folder and below it, sorted."""
        ...

    def read(self, path: Path, *, zone: str) -> Mapping[str, Series]:
        """The bars of each symbol as they are in the file, unsorted and unscreened.

        Times without a zone are those of `zone`. A file without a column of symbols is of the one that
        its name begins with. The series' timeframe is the one that fits the bars. Raises UnreadableFile.
        """
        ...

    def actions(self, path: Path) -> Mapping[str, Sequence[CorporateAction]]:
        """The splits and dividends of each symbol in the `actions.csv` beside the bars; none without it.

        Raises UnreadableFile.
        """
        ...
