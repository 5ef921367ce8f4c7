"""What can go wrong, in the two forms a person or a client meets it.

PracticeStartError: the program cannot start; its text says what to do.
ApiError: a request is refused; it carries Alpaca's status, code and message.
"""

from typing import Any

# Alpaca's error codes: the first three digits are the HTTP class they were designed for.
UNAUTHORIZED = 40110000
INVALID_PARAMETER = 40010001
REFUSED = 40310000
NOT_FOUND = 40410000
METHOD_NOT_ALLOWED = 40510000
UNPROCESSABLE = 42210000
RATE_LIMITED = 42910000
INTERNAL = 50010000


class PracticeStartError(Exception):
    """The practice market cannot start; the message is one sentence for the person who started it."""


class ApiError(Exception):
    """A refused request: HTTP status, Alpaca's code (None in market data), message, extra members."""

    def __init__(self, status: int, code: int | None, message: str, **extras: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.extras = extras
        self.headers: dict[str, str] = {}  # of the reply

    def body(self) -> dict[str, Any]:
        """Return the JSON body that Alpaca sends with this error."""
        code = {} if self.code is None else {"code": self.code}
        return {**code, "message": self.message, **self.extras}


def unauthorized() -> ApiError:
    return ApiError(401, UNAUTHORIZED, "unauthorized.")


def invalid_parameter(message: str, **extras: Any) -> ApiError:
    """A parameter is missing or malformed (422, 40010001)."""
    return ApiError(422, INVALID_PARAMETER, message, **extras)


def unprocessable(message: str, **extras: Any) -> ApiError:
    """A well-formed request breaks a business rule (422, 42210000)."""
    return ApiError(422, UNPROCESSABLE, message, **extras)


def refused(message: str, **extras: Any) -> ApiError:
    """The account's state or risk forbids it (403, 40310000)."""
    return ApiError(403, REFUSED, message, **extras)


def too_many_requests(market_data: bool) -> ApiError:
    """The key has used up its minute; market data has words of its own for it."""
    if market_data:
        return ApiError(429, None, "too many requests.")
    return ApiError(429, RATE_LIMITED, "rate limit exceeded")


def not_found(message: str) -> ApiError:
    return ApiError(404, NOT_FOUND, message)


def invalid_market_data_request(message: str) -> ApiError:
    """Market-data errors carry only a message."""
    return ApiError(400, None, message)
