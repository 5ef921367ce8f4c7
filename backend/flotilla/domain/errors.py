"""Every error that reaches a person: a stable code and a sentence that says what to do.

DomainError
├── NotFound        no such thing
├── Conflict        the thing is in a state that forbids it
├── Invalid         the request contradicts itself or reality; carries the fields
└── Unavailable     something outside does not answer; trying later may help
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field. `field` is a dotted path into the request body."""

    field: str
    message: str


class DomainError(Exception):
    """Base of all errors that are answered, not crashed on."""

    code = "ERROR"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code


class NotFound(DomainError):
    code = "NOT_FOUND"


class Conflict(DomainError):
    code = "CONFLICT"


class Unavailable(DomainError):
    code = "UNAVAILABLE"


class Invalid(DomainError):
    """A request that cannot be carried out as written; `problems` name the fields."""

    code = "INVALID"

    def __init__(self, problems: Sequence[Problem], detail: str = "Some fields need attention.") -> None:
        super().__init__(detail)
        self.problems = tuple(problems)
