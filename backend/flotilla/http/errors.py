"""Domain errors to HTTP, in one place: `{code, detail, errors: [{field, message}]}`."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from flotilla.domain.errors import Conflict, DomainError, Invalid, NotFound, Unavailable
from flotilla.wire.base import Model


class FieldError(Model):
    field: str
    message: str


class ErrorOut(Model):
    """The body of every error: a stable code, a sentence, and the fields it concerns."""

    code: str
    detail: str
    errors: list[FieldError]


_STATUS: dict[type[DomainError], int] = {NotFound: 404, Conflict: 409, Invalid: 422, Unavailable: 503}
_SENTENCES = {
    "missing": "This field is required.",
    "extra_forbidden": "There is no such field.",
    "decimal_parsing": "Enter a number.",
    "decimal_type": "Enter a number.",
    "float_parsing": "Enter a number.",
    "int_parsing": "Enter a whole number.",
    "finite_number": "Enter a number.",
    "json_invalid": "The body is not valid JSON.",
}


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route declares in OpenAPI for the errors it may answer with."""
    return {status: {"model": ErrorOut} for status in statuses}


def body(code: str, detail: str, errors: Sequence[FieldError] = ()) -> dict[str, Any]:
    return ErrorOut(code=code, detail=detail, errors=list(errors)).model_dump()


def install(app: FastAPI) -> None:
    """Answer every error in the one shape."""
    handlers: dict[type[Exception], Callable[[Request, Any], Awaitable[Response]]] = {
        DomainError: _domain_error,
        RequestValidationError: _validation_error,
        HTTPException: _http_error,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


async def _domain_error(_request: Request, error: DomainError) -> Response:
    status = next((s for kind, s in _STATUS.items() if isinstance(error, kind)), 500)
    problems = error.problems if isinstance(error, Invalid) else ()
    fields = [FieldError(field=p.field, message=p.message) for p in problems]
    return JSONResponse(body(error.code, error.detail, fields), status_code=status)


async def _validation_error(_request: Request, error: RequestValidationError) -> Response:
    # The first part of a location says where: body, query, path.
    fields = problems_of([{**e, "loc": e["loc"][1:]} for e in error.errors()])
    return JSONResponse(body("INVALID", "Some fields need attention.", fields), status_code=422)


def problems_of(errors: Sequence[Any]) -> list[FieldError]:
    """What pydantic found wrong, by field and in a person's words."""
    return [
        FieldError(field=_path(e["loc"], e["type"]), message=_SENTENCES.get(e["type"], _sentence(e["msg"])))
        for e in errors
    ]


async def _http_error(_request: Request, error: HTTPException) -> Response:
    code = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}.get(error.status_code, "ERROR")
    return JSONResponse(body(code, str(error.detail)), status_code=error.status_code, headers=error.headers)


# Discriminated unions put the chosen member's name into the location; a form knows only the fields.
_UNION_TAGS = {
    "all", "any", "not", "condition", "held", "between", "trend", "indicator", "price", "constant", "change"
}  # fmt: skip
_UNION_FIELDS = {
    "entry", "exit", "short_entry", "short_exit", "of", "left", "right", "value", "low", "high"
}  # fmt: skip


def _path(location: Sequence[str | int], kind: str) -> str:
    if kind == "json_invalid":  # its location is a place in the text, not a field
        return ""
    parts = [str(part) for part in location]
    kept = [
        part
        for index, part in enumerate(parts)
        if not (part in _UNION_TAGS and _follows_a_union(parts[:index]))
    ]
    return ".".join(kept)


def _follows_a_union(before: Sequence[str]) -> bool:
    """A tag comes right after a field that holds a rule or an operand (or a member's index)."""
    return bool(before) and (before[-1] in _UNION_FIELDS or before[-1].isdigit())


def _sentence(message: str) -> str:
    return message if message.endswith(".") else f"{message}."
