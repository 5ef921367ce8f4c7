"""docker-compose.yml and what it refers to, as far as that can be seen without a Docker engine."""

import json
import os
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from e2e.harness import compose
from e2e.harness.processes import FLOTILLA, ROOT

SCHEMA = Path(__file__).parent / "schemas" / "compose-spec.json"
SERVICES: dict[str, Any] = compose.load({"POSTGRES_PASSWORD": "secret"})["services"]
OURS = [name for name, service in SERVICES.items() if service["image"] == "flotilla-backend"]
CONTEXTS = {"backend/Dockerfile": "backend", "nginx/Dockerfile": "."}


def test_it_is_valid() -> None:
    schema = json.loads(SCHEMA.read_text())
    jsonschema.validate(yaml.safe_load(compose.FILE.read_text()), schema, jsonschema.Draft202012Validator)


def test_it_has_the_services_of_the_design() -> None:
    assert set(SERVICES) == {"nginx", "api", "engine", "practice", "migrate", "postgres", "redis"}
    assert compose.start_order(SERVICES)[-1] == "nginx"


def test_only_nginx_is_published_and_only_on_this_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"nginx": ["127.0.0.1:8000:8080"]}


def test_it_does_not_start_without_a_password() -> None:
    with pytest.raises(compose.Unset, match=r"\.env"):
        compose.load({})
    assert re.search(r"^POSTGRES_PASSWORD=$", (ROOT / ".env.example").read_text(), re.MULTILINE)


def test_the_example_of_the_environment_names_every_variable_once() -> None:
    used = set(re.findall(r"\$\{(\w+)", compose.FILE.read_text()))
    named = re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(named) == sorted(used)


@pytest.mark.parametrize("name", OURS)
def test_each_command_is_one_of_flotillas(name: str) -> None:
    program, command, *arguments = SERVICES[name]["command"]
    assert program == "flotilla"
    # An unknown command or option is refused before help is given.
    _said([FLOTILLA, command, *arguments, "--help"])


@pytest.mark.parametrize("name", OURS)
def test_each_setting_is_one_of_flotillas(name: str) -> None:
    options = _said([FLOTILLA, SERVICES[name]["command"][1], "--help"])  # some read a variable too
    unknown = set(SERVICES[name]["environment"]) - _settings()
    assert all(variable in options for variable in unknown), unknown


@pytest.mark.parametrize("name", [name for name, service in SERVICES.items() if service["restart"] != "no"])
def test_each_service_that_stays_has_a_health_check(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


def test_what_is_built_is_there() -> None:
    for service in SERVICES.values():
        match service.get("build"):
            case {"context": context, "dockerfile": dockerfile}:
                assert (ROOT / context / dockerfile).is_file()
            case str(context):
                assert (ROOT / context / "Dockerfile").is_file()


@pytest.mark.parametrize("dockerfile", CONTEXTS)
def test_what_is_copied_is_there_and_not_ignored(dockerfile: str) -> None:
    context = CONTEXTS[dockerfile]
    ignore = (ROOT / context / ".dockerignore").read_text().splitlines()
    allowed = {line.removeprefix("!") for line in ignore if line.startswith("!")}
    assert "*" in ignore
    for source in _copied(ROOT / dockerfile):
        assert (ROOT / context / source).exists()
        assert source.split("/")[0] in allowed


def test_nginx_is_told_every_variable_of_its_template() -> None:
    template = (ROOT / "nginx/templates/default.conf.template").read_text()
    dockerfile = (ROOT / "nginx/Dockerfile").read_text()
    told = {*re.findall(r"^(?:ENV|   ) (\w+)=", dockerfile, re.MULTILINE)}
    of_the_image = {"NGINX_LOCAL_RESOLVERS"} if "NGINX_ENTRYPOINT_LOCAL_RESOLVERS" in told else set()
    used = set(re.findall(r"\$\{(\w+)\}", template))
    assert used <= told | of_the_image
    chosen = re.search(r'NGINX_ENVSUBST_FILTER="(.*)"', dockerfile)
    assert chosen
    assert all(re.search(chosen[1], name) for name in used)


@cache
def _settings() -> set[str]:
    """The environment variables that Flotilla reads; others would be ignored in silence."""
    names = "print(*(field.alias for field in Settings.model_fields.values()))"
    return set(_said([sys.executable, "-c", f"from flotilla.settings import Settings; {names}"]).split())


def _said(command: list[str | Path]) -> str:
    wide = {**os.environ, "COLUMNS": "250"}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=wide).stdout


def _copied(dockerfile: Path) -> list[str]:
    """The sources of the COPY instructions that copy from the context."""
    lines = [shlex.split(line) for line in dockerfile.read_text().splitlines() if line.startswith("COPY ")]
    return [
        source
        for _, *words in lines
        if not any(word.startswith("--from") for word in words)
        for source in [word for word in words if not word.startswith("--")][:-1]
    ]
