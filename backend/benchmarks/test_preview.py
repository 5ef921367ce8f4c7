"""A preview through the HTTP API of a running product: one symbol, a year of minutes, warm."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.conftest import Goal

READY = re.compile(r"^Flotilla is ready: (http://\S+)$")
RSI = {"type": "indicator", "indicator": "rsi", "output": "rsi"}
BOT = {
    "name": "S1",
    "capital": "100000",
    "symbols": ["SPY"],
    "timeframe": "1Min",
    "indicators": [{"id": "rsi", "name": "RSI", "params": {"timeperiod": 14}}],
    "rules": {
        name: {"type": "condition", "left": RSI, "op": op, "right": {"type": "constant", "value": level}}
        for name, op, level in (("entry", "crosses_below", 30), ("exit", "crosses_above", 70))
    },
    "risk_management": {
        "position_percent": 98,
        "max_position_account_percent": None,
        "daily_loss_limit_percent": None,
        "flatten_at_window_end": True,
    },
    "start_hour": 9,
    "start_minute": 30,
    "end_hour": 15,
    "end_minute": 30,
}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a product of its own, whose market stands still."""
    folder = tmp_path_factory.mktemp("product")
    settings = {
        "FLOTILLA_DATA": str(folder),
        "FLOTILLA_PRACTICE_SPEED": "0",
        "FLOTILLA_PRACTICE_PORT": str(_free_port()),
        "PORT": str(_free_port()),
    }
    process = subprocess.Popen(
        [Path(sys.executable).with_name("flotilla"), "run"],
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        found = next((match for line in process.stdout if (match := READY.match(line))), None)
        assert found is not None, "the product did not start"
        yield found[1]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_preview(figure: Callable[..., Any], product: str) -> None:
    with httpx.Client(base_url=product, timeout=60, trust_env=False) as client:

        def preview() -> httpx.Response:
            return client.post("/api/backtests/preview", json={"bot": BOT})

        first = preview()  # brings the year's bars into the store
        assert first.status_code == 200, first.text[:500]
        assert first.json()["metrics"]["trades"]["trades"] > 100
        goal = Goal(seconds=0.060, p95=0.150)
        answer = figure("preview over HTTP, one symbol, a year of minutes", preview, goal, rounds=200)
        assert answer.status_code == 200
