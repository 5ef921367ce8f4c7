"""`flotilla backtest` as a person runs it: bots from files, bars from an import."""

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from flotilla.adapters.parquet.bar_store import ParquetBarStore
from flotilla.features.backtests.schemas import Preview
from tests.bars import keep, walk
from tests.builders import definition

DAYS = ("--source", "import", "--from", "2025-02-03", "--to", "2025-02-14")


def flotilla(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FLOTILLA_")}
    return subprocess.run(
        [sys.executable, "-m", "flotilla.entrypoints.cli", "backtest", *words],
        env={**environment, "FLOTILLA_DATA": str(folder), "FLOTILLA_PRACTICE_URL": "http://127.0.0.1:9"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
    )


def saved(folder: Path, name: str, bot: Any) -> str:
    path = folder / name
    path.write_text(json.dumps(bot))
    return str(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("backtest")
    bars = walk(date(2025, 1, 21), date(2025, 2, 14))
    keep(ParquetBarStore(made / "bars"), "import", "AAPL", bars.cut(bars.start % 6000 != 0))
    return made


def test_tables_for_a_person_and_json_for_a_program(folder: Path) -> None:
    stored_only = {"id": "x", "status": "stopped", "version": 3, "created_at": "2025-01-01T00:00:00Z"}
    one = saved(folder, "one.json", {**definition(name="One", symbols=["AAPL"]), **stored_only})
    two = saved(folder, "two.json", definition(name="Two", symbols=["AAPL"]))
    shown = flotilla(folder, one, *DAYS, "--trades")
    assert shown.returncode == 0, shown.stderr
    assert "One: AAPL from 2025-02-03 to 2025-02-14, bars of import" in shown.stdout
    assert "are not enough to say whether this bot works" in shown.stdout
    assert "bars (1.0%) are missing" in shown.stdout
    for title in ("Figures", "Trades by exit", "Entries that were refused", "90% interval"):
        assert title in shown.stdout

    both = flotilla(folder, one, two, *DAYS, "--json", "--costs", "alpaca,slippage_bps=3")
    assert both.returncode == 0, both.stderr
    assert both.stderr == ""
    found = Preview.model_validate_json(both.stdout)
    assert (found.bots, found.capital) == (["One", "Two"], 20_000)
    assert len(found.trades) == found.trades_total > 0
    assert found.metrics.trades.total_fees > 0


def test_what_is_wrong_is_said_with_status_one(folder: Path) -> None:
    good = saved(folder, "good.json", definition(symbols=["AAPL"]))
    bad = saved(folder, "bad.json", definition(symbols=["AAPL"], capital="-1"))
    (folder / "torn.json").write_text('{"name": ')
    for words, sentence in (
        ((str(folder / "torn.json"), *DAYS), "torn.json is no JSON"),
        ((good, bad, *DAYS), "bad.json: capital: Capital must be more than zero."),
        ((good,), "There is no practice market at http://127.0.0.1:9"),
    ):
        run = flotilla(folder, *words)
        assert (run.returncode, run.stdout) == (1, "")
        assert sentence in run.stderr
