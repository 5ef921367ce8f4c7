"""Query parameters and bodies, read strictly and refused in Alpaca's words."""

import json
import re
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from starlette.requests import Request

from flotilla.practice.errors import INVALID_PARAMETER, ApiError, invalid_parameter
from flotilla.practice.timeframes import midnight

D = TypeVar("D", bound=date)
Refusal = Callable[[str], ApiError]

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_BODY_LIMIT = 1_000_000
_YEARS = range(1900, 2200)  # so that no time zone pushes a time out of Python's range
_LARGEST = Decimal("1e12")
_PLACES = 9  # of a decimal


def boolean(request: Request, name: str, default: bool) -> bool:
    """Read what Go's ParseBool reads."""
    text = request.query_params.get(name)
    if text is None or text == "":
        return default
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise invalid_parameter(f"invalid {name}: {text}")


def integer(request: Request, name: str, default: int, refusal: Refusal) -> int:
    text = request.query_params.get(name)
    if not text:
        return default
    if not re.fullmatch(r"-?[0-9]{1,15}", text):
        raise refusal(f"invalid {name}: {text[:50]}")
    return int(text)


def moment(
    request: Request, name: str, refusal: Refusal, day_start: Callable[[date], datetime] = midnight
) -> datetime | None:
    """Read RFC 3339 (without an offset: UTC) or a date: its `day_start`, midnight in New York."""
    text = request.query_params.get(name)
    return parse_moment(name, text, refusal, day_start) if text else None


def parse_moment(
    name: str, text: str, refusal: Refusal, day_start: Callable[[date], datetime] = midnight
) -> datetime:
    try:
        if _DATE.fullmatch(text):
            parsed = day_start(_checked(date.fromisoformat(text)))
        else:
            # A plus sign that was not percent-encoded arrives as a space.
            parsed = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
            _checked(parsed)
    except (ValueError, OverflowError):
        raise refusal(f"invalid {name}: {text[:50]}") from None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def day(request: Request, name: str, refusal: Refusal) -> date | None:
    """Read a date, or the date of an RFC 3339 time as it is written."""
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        return _checked(date.fromisoformat(text[:10]))
    except ValueError:
        raise refusal(f"invalid {name}: {text[:50]}") from None


def _checked(value: D) -> D:
    if value.year not in _YEARS:
        raise ValueError
    return value


def choice(request: Request, name: str, allowed: tuple[str, ...], default: str) -> str:
    text = request.query_params.get(name) or default
    if text not in allowed:
        raise invalid_parameter(f"invalid {name}: {text[:50]}")
    return text


def names(text: str) -> tuple[str, ...]:
    """Read a comma-separated list."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def uuid_of(text: str, refusal: str = "order_id is missing") -> str:
    """Return the UUID in its usual form; raises ApiError for anything else."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise invalid_parameter(refusal) from None


async def body(request: Request) -> dict[str, Any]:
    """Read a JSON object; its numbers are Decimal or int, never binary floats."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > _BODY_LIMIT:
            raise ApiError(413, INVALID_PARAMETER, "request body too large")
    try:
        parsed = json.loads(content, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError, InvalidOperation):
        raise ApiError(400, INVALID_PARAMETER, "request body format is invalid") from None
    if not isinstance(parsed, dict):
        raise ApiError(400, INVALID_PARAMETER, "request body format is invalid")
    return parsed


def _no_constant(name: str) -> None:
    raise ValueError(name)


def decimal(values: dict[str, Any], name: str, places: int = _PLACES) -> Decimal | None:
    """Read a JSON number or a string as a decimal of sane size; absent or null gives None."""
    value = values.get(name)
    if value is None or value == "":
        return None
    try:
        number = Decimal(value) if isinstance(value, str | int | Decimal) else None
    except (InvalidOperation, ValueError):
        number = None
    if number is None or isinstance(value, bool) or not number.is_finite():
        raise invalid_parameter(f"invalid {name}")
    if abs(number) > _LARGEST:
        raise invalid_parameter(f"{name} is too large")
    number = number.normalize() if number else Decimal(0)
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -places:
        raise invalid_parameter(f"{name} must have at most {places} decimal places")
    return number.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else number


def text(values: dict[str, Any], name: str) -> str | None:
    """Read a string; absent, null and empty give None."""
    value = values.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not value.isprintable():
        raise invalid_parameter(f"invalid {name}")
    return value
