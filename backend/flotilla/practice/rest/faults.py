"""Fault drills are switched on and off under /practice/faults."""

import dataclasses
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from flotilla.practice.errors import invalid_parameter
from flotilla.practice.faults import Fault, FaultKind, Faults, Target, fault_json
from flotilla.practice.rest.parameters import body, decimal, text
from flotilla.practice.rest.responses import json_response

_MEMBERS = {field.name for field in dataclasses.fields(Fault)} - {"struck"}
_LONGEST_HANG = Decimal(600)


async def list_faults(request: Request) -> Response:
    return json_response({"faults": [fault_json(fault) for fault in _faults(request).all]})


async def switch_on(request: Request) -> Response:
    _faults(request).switch_on(_fault(await body(request)))
    return await list_faults(request)


async def switch_off(request: Request) -> Response:
    kind = request.path_params.get("kind")
    _faults(request).switch_off(None if kind is None else _kind(kind))
    return await list_faults(request)


def _faults(request: Request) -> Faults:
    faults: Faults = request.app.state.faults
    return faults


def _kind(name: str) -> FaultKind:
    if name not in list(FaultKind):
        raise invalid_parameter(f"kind must be one of {', '.join(FaultKind)}")
    return FaultKind(name)


def _fault(values: dict[str, Any]) -> Fault:
    unknown = set(values) - _MEMBERS
    if unknown:
        raise invalid_parameter(f"unknown members: {', '.join(sorted(unknown))[:100]}")
    fault = Fault(_kind(text(values, "kind") or ""))
    fault.probability = float(_number(values, "probability", Decimal(1), Decimal(1)))
    if values.get("count") is not None:
        fault.count = int(_number(values, "count", Decimal(1), Decimal(1_000_000)))
    fault.status = int(_number(values, "status", Decimal(500), Decimal(599)))
    if fault.status < 500:
        raise invalid_parameter("status must be between 500 and 599")
    fault.seconds = float(_number(values, "seconds", Decimal(0), _LONGEST_HANG))
    fault.path = text(values, "path")
    fault.method = text(values, "method")
    if fault.kind is FaultKind.TIMEOUT_AFTER_ACCEPT and fault.method is None and fault.path is None:
        fault.method, fault.path = "POST", "/v2/orders"
    fault.reason = text(values, "reason") or fault.reason
    target = text(values, "target")
    if target is not None and target not in list(Target):
        raise invalid_parameter(f"target must be one of {', '.join(Target)}")
    fault.target = Target(target) if target else None
    return fault


def _number(values: dict[str, Any], name: str, default: Decimal, largest: Decimal) -> Decimal:
    value = decimal(values, name)
    value = default if value is None else value
    if not 0 <= value <= largest:
        raise invalid_parameter(f"{name} must be between 0 and {largest}")
    return value


ROUTES = [
    Route("/practice/faults", list_faults, methods=["GET"]),
    Route("/practice/faults", switch_on, methods=["POST"]),
    Route("/practice/faults", switch_off, methods=["DELETE"]),
    Route("/practice/faults/{kind}", switch_off, methods=["DELETE"]),
]
