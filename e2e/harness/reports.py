"""What running products have said, shown beside a failure."""

from pathlib import Path
from typing import Protocol


class Reporter(Protocol):
    def report(self) -> str: ...


# Whatever runs now; conftest asks each when a test fails.
WATCHED: list[Reporter] = []


def tails(folder: Path, lines: int = 40) -> str:
    """The ends of the logs in `folder`."""
    return "\n".join(f"--- {log.name}\n{_tail(log, lines)}" for log in sorted(folder.glob("*.log")))


def _tail(log: Path, lines: int) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
