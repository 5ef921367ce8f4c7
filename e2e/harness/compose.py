"""docker-compose.yml, read as Compose reads it."""

import re
from collections.abc import Mapping
from graphlib import TopologicalSorter
from typing import Any

import yaml

from e2e.harness.processes import ROOT

FILE = ROOT / "docker-compose.yml"
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?:(?P<how>:[-?])(?P<text>[^}]*))?\}")


class Unset(Exception):
    """A variable that must be set is not; the message is the file's own."""


def load(environment: Mapping[str, str]) -> dict[str, Any]:
    """The file with its variables filled in. Raises Unset."""
    filled: dict[str, Any] = _fill_in(yaml.safe_load(FILE.read_text()), environment)
    return filled


def start_order(services: Mapping[str, Any]) -> list[str]:
    """The services, each after those that it depends on."""
    return list(TopologicalSorter({n: s.get("depends_on", {}) for n, s in services.items()}).static_order())


def _fill_in(value: Any, environment: Mapping[str, str]) -> Any:
    match value:
        case str():
            return _VARIABLE.sub(lambda found: _value(found, environment), value)
        case list():
            return [_fill_in(item, environment) for item in value]
        case dict():
            return {key: _fill_in(item, environment) for key, item in value.items()}
        case _:
            return value


def _value(found: re.Match[str], environment: Mapping[str, str]) -> str:
    if value := environment.get(found["name"]):
        return value
    if found["how"] == ":?":
        raise Unset(found["text"])
    return found["text"] or ""
