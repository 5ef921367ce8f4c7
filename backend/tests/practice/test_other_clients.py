"""Alpaca's other official clients, unmodified, each in an environment of its own.

They are installed under `.setup/practice-clients` once and kept; without a network they are skipped
with a reason, but fail where CI says that they must be there.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from practice_server import ThreadServer
from test_practice_control import certificate

CLIENTS = Path(__file__).parent / "clients"
KEPT = Path(__file__).parents[3] / ".setup" / "practice-clients"
_INSTALL_SECONDS = 600
_DRIVE_SECONDS = 120

pytestmark = pytest.mark.timeout(_INSTALL_SECONDS + _DRIVE_SECONDS)


def missing(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def installed(name: str, inputs: list[Path], install: Callable[[Path], None]) -> Path:
    """Return the folder in which `install` has done its work for these inputs."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in inputs)).hexdigest()[:12]
    folder = KEPT / f"{name}-{digest}"
    if not (folder / "installed").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            install(folder)
        except (OSError, subprocess.SubprocessError) as error:
            output = getattr(error, "stderr", b"") or b""
            missing(f"{name} cannot be installed: {error} {output.decode()[-300:]}")
        (folder / "installed").touch()
    return folder


def run(*command: str | Path, folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=_INSTALL_SECONDS)


@pytest.fixture(scope="session")
def npm_clients() -> Path:
    npm = shutil.which("npm")
    if npm is None:
        missing("npm is not installed")
    assert npm is not None

    def install(folder: Path) -> None:
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(CLIENTS / name, folder / name)
        run(npm, "ci", "--ignore-scripts", folder=folder)

    inputs = [CLIENTS / "package.json", CLIENTS / "package-lock.json"]
    return installed("npm", inputs, install)


@pytest.fixture(scope="session")
def legacy_python() -> Path:
    """Return the interpreter that has alpaca-trade-api."""

    def install(folder: Path) -> None:
        run(sys.executable, "-m", "venv", "venv", folder=folder)
        pip = folder / "venv" / "bin" / "python"
        requirements = CLIENTS / "legacy-requirements.txt"
        run(pip, "-m", "pip", "install", "--quiet", "-r", requirements, folder=folder)

    folder = installed("legacy", [CLIENTS / "legacy-requirements.txt"], install)
    return folder / "venv" / "bin" / "python"


@pytest.fixture
def market(new_database: Callable[[], str]) -> Iterator[ThreadServer]:
    practice = ThreadServer(new_database())
    practice.step()
    yield practice
    practice.stop()


def driven(market: ThreadServer, *command: str | Path, **environment: str) -> dict[str, Any]:
    """Run a driver against the market; return what it says of itself."""
    names = {"PATH": os.environ["PATH"], "PRACTICE_URL": market.url, **environment}
    done = subprocess.run(command, env=names, capture_output=True, timeout=_DRIVE_SECONDS, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    outcome: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return outcome


def every_order() -> dict[str, list[Any]]:
    """Return what becomes of each order: its type, its class, how many legs, its end."""
    asked: dict[str, dict[str, Any]] = json.loads((CLIENTS / "orders.json").read_text())
    legs = {"bracket": 2, "oto": 1, "oco": 1}
    outcome: dict[str, list[Any]] = {}
    for name, body in asked.items():
        order_class = body.get("order_class", "")
        end = "filled" if body["type"] == "market" else "canceled"
        outcome[name] = [body["type"], order_class, legs.get(order_class, 0), end]
    return outcome


def test_the_older_python_client(market: ThreadServer, legacy_python: Path) -> None:
    outcome = driven(market, legacy_python, "-W", "ignore", CLIENTS / "legacy.py")
    assert outcome["orders"] == every_order()
    assert outcome["trading"] == {
        "account": "ACTIVE",
        "clock": True,
        "calendar": 5,
        "assets": "AAPL",
        "market": "pending_new",
        "by_client_id": True,
        "replaces": True,
        "listed": 1,
        "legs": 2,
        "position": "1",
        "closed": "sell",
        "activities": 4,
        "history": True,
        "configurations": "all",
        "refusal": [403, 40310000],
        "listed_assets": True,
        "paged": 1,
        "positions": ["TSLA"],
        "closed_all": 1,
    }
    assert outcome["data"] == {
        "bars": 31,
        "limited": 40,
        "trades": 10,
        "latest": True,
        "snapshots": ["SPY"],
        "crypto": ["BTC/USD"],
        "news": 0,
    }
    assert outcome["streams"].keys() == {"update", "bar", "quote"}
    assert (outcome["streams"]["bar"], outcome["streams"]["quote"]) == ("SPY", "BTC/USD")


def test_the_npm_client_3(market: ThreadServer, npm_clients: Path) -> None:
    outcome = driven(market, "node", CLIENTS / "alpaca_3.cjs", NODE_PATH=str(npm_clients / "node_modules"))
    assert outcome["orders"] == every_order()
    assert outcome["trading"] == {
        "account": "ACTIVE",
        "clock": "boolean",
        "calendar": 5,
        "asset": "AAPL",
        "market": "pending_new",
        "byClientId": True,
        "replaces": True,
        "open": 1,
        "position": "1",
        "closed": "sell",
        "activities": 4,
        "configurations": True,
        "assets": True,
        "paged": 1,
        "positions": ["TSLA"],
        "closedAll": 1,
        "history": True,
        "refusal": {"status": 403, "body": outcome["trading"]["refusal"]["body"]},
    }
    assert outcome["trading"]["refusal"]["body"]["code"] == 40310000
    assert outcome["data"] == {"bars": 31, "trades": 20, "latest": True, "snapshot": True, "crypto": True}
    assert outcome["streams"] == {"fill": "SPY", "bar": "SPY", "quote": True}


def test_the_npm_client_3_over_tls(
    new_database: Callable[[], str], npm_clients: Path, tmp_path: Path
) -> None:
    """Its stock stream forces wss: with a certificate nothing but addresses is changed."""
    cert, key = certificate(tmp_path)
    practice = ThreadServer(new_database(), tls_cert=cert, tls_key=key)
    try:
        modules = str(npm_clients / "node_modules")
        driver = CLIENTS / "alpaca_3.cjs"
        outcome = driven(practice, "node", driver, NODE_PATH=modules, NODE_EXTRA_CA_CERTS=str(cert))
        assert outcome["streams"] == {"fill": "SPY", "bar": "SPY", "quote": True}
    finally:
        practice.stop()


def test_the_npm_client_4(market: ThreadServer, npm_clients: Path) -> None:
    outcome = driven(market, "node", CLIENTS / "alpaca_4.cjs", NODE_PATH=str(npm_clients / "node_modules"))
    assert outcome["orders"] == every_order()
    trading = outcome["trading"]
    assert trading.pop("refusal")["status"] == 403
    assert trading == {
        "account": "ACTIVE",
        "clock": "boolean",
        "newer": 1,
        "calendar": 5,
        "market": "pending_new",
        "listed": 1,
        "replaces": True,
        "positions": 2,
        "filled": "filled",
        "assets": True,
        "asset": "AAPL",
        "activities": 4,
        "configurations": "all",
        "history": True,
        "closed": "sell",
        "closedAll": 1,
    }
    assert outcome["data"] == {
        "bars": 31,
        "paged": 62,
        "snapshots": ["SPY"],
        "news": 0,
        "crypto": ["BTC/USD"],
    }
    assert outcome["streams"] == {"bar": "SPY", "quote": "BTC/USD"}
