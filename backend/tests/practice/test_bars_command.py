"""`flotilla bars` as a person runs it: fetch, list, check, import, against a running practice market."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from practice_server import ThreadServer


def bars(data: Path, server: ThreadServer, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FLOTILLA_")}
    return subprocess.run(
        [sys.executable, "-m", "flotilla.entrypoints.cli", "bars", *words],
        env=environment
        | {
            "FLOTILLA_DATA": str(data),
            "FLOTILLA_PRACTICE_URL": server.url,
            "FLOTILLA_PRACTICE_KEY": "K0",
            "FLOTILLA_PRACTICE_SECRET": "secret",
        },
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
    )


def answer(run: subprocess.CompletedProcess[str]) -> Any:
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_from_the_market_and_a_file_to_a_damaged_store(new_server: ThreadServer, tmp_path: Path) -> None:
    data = tmp_path / "data"
    fetch = ("fetch", "spy,BTC/USD", "--from", "2015-12-28", "--to", "2015-12-29", "--json")
    stock, coin = answer(bars(data, new_server, *fetch))
    assert (stock["symbol"], stock["source"], stock["timeframe"]) == ("SPY", "practice-synthetic-0", "1Min")
    assert 700 < stock["bars"] <= 780
    assert stock["fetched"] == [["2015-12-28T05:00:00Z", "2015-12-30T05:00:00Z"]]
    assert coin["fetched"] == [["2015-12-28T00:00:00Z", "2015-12-30T00:00:00Z"]]

    rows = "2024-03-11T13:30:00Z,1,2,1,2,1\n2024-03-11T13:31:00Z,1,2,1,,1\n"
    (tmp_path / "ABC.csv").write_text(f"time,open,high,low,close,volume\n{rows}")
    taken = answer(bars(data, new_server, "import", str(tmp_path / "ABC.csv"), "--name", "mine", "--json"))
    assert (taken["source"], taken["taken"][0]["bars"]) == ("import-mine", 1)
    assert taken["taken"][0]["left_out"] == {"not_a_number": 1}

    held = answer(bars(data, new_server, "list", "--json"))
    assert [(one["source"], one["symbol"]) for one in held] == [
        ("import-mine", "ABC"),
        ("practice-synthetic-0", "BTC/USD"),
        ("practice-synthetic-0", "SPY"),
    ]
    next(data.glob("bars/*/SPY/1Min/*.parquet")).write_bytes(b"")
    broken = bars(data, new_server, "check")
    assert broken.returncode == 1
    assert broken.stdout.count("cannot be read") == 1


def test_without_a_market_it_says_how_to_start_one(tmp_path: Path) -> None:
    run = subprocess.run(
        [
            *(sys.executable, "-m", "flotilla.entrypoints.cli", "bars", "fetch", "SPY"),
            *("--from", "2015-12-28", "--to", "2015-12-29"),
        ],
        env={**os.environ, "FLOTILLA_DATA": str(tmp_path), "FLOTILLA_PRACTICE_URL": "http://127.0.0.1:9"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 1
    assert "There is no practice market at http://127.0.0.1:9: `flotilla run`" in run.stderr
