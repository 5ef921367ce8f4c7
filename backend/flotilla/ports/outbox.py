"""The facts that have left their transactions, in one order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class StoredFact:
    """A numbered fact; `payload` is its message without number and type."""

    number: int
    type: str
    payload: Mapping[str, Any]


class Outbox(Protocol):
    async def number(self) -> int:
        """Give numbers to the facts committed since, in that order; how many got one."""
        ...

    async def newest(self) -> int:
        """The highest number, 0 when there is none."""
        ...

    async def after(self, number: int, limit: int) -> Sequence[StoredFact]:
        """The facts after `number`, oldest first, at most `limit`."""
        ...

    async def prune(self) -> None:
        """Forget the oldest facts beyond what reconnecting clients may ask for."""
        ...
