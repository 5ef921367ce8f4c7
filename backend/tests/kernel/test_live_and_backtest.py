"""Live, restart and backtest run the same `apply_fill` and `step` in the same order (semantics 5)."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flotilla.domain.kernel.records import BOT, LOT, SLOT, Book
from flotilla.domain.risk import RiskRules, Sizing
from tests.kernel.arrays import KernelRun, kernel_run, known
from tests.kernel.live import assert_decided, backtest_said, live_said
from tests.kernel.random_scenes import DAYS, STOCKS, Tempo, filled, scenes
from tests.kernel.scene import Limits, Scene, SceneBot, session_taus, sessions
from tests.kernel.twin.costs import Costs
from tests.kernel.twins import run_twin, twin_run

SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much]


@settings(max_examples=50, suppress_health_check=SLOW)
@given(scene=scenes(most_bots=1, borrows=False), restart=st.floats(0.0, 1.0))
def test_live_with_a_restart_decides_as_the_backtest(scene: Scene, restart: float) -> None:
    scene.limits = None
    kernel, twin = kernel_run(scene), twin_run(scene)
    kernel.run_to(len(scene.taus))
    run_twin(twin, scene, 0, len(scene.taus))

    live, bot = live_said(scene, twin.model, int(restart * len(scene.taus)))

    expected = backtest_said(kernel)
    assert live.intents == expected.intents
    assert_decided(live, expected)
    assert live.stops == expected.stops
    assert state(bot.book) == state(kernel.book)


# Days are numbered otherwise, how long an order is good is the model's, and to be busy only saves time.
NOT_DECISIVE = {"day", "since_day", "busy", "pending_until"}

SETTINGS = ("time_stop", "trail", "trail_activation", "trail_step", "break_even", "break_even_offset")


def state(book: Book) -> list[dict[str, float | None]]:
    """What the next decision rests on."""
    slots = [values(slot, SLOT) for slot in book.slots]
    for slot in slots:
        if slot["quantity"] == 0.0:
            del slot["mark"]
        if slot["quantity"] == slot["pending"] == 0.0:
            for name in SETTINGS:  # an entry brings its own
                del slot[name]
    held = [lot for rows in book.lots for lot in rows if lot.quantity != 0.0]
    return [values(book.bots[0], BOT), *slots, *(values(lot, LOT) for lot in held)]


def values(record: Any, dtype: np.dtype[np.void]) -> dict[str, float | None]:
    return {name: known(record[name]) for name in dtype.names or () if name not in NOT_DECISIVE}


# --- uncompiled ---------------------------------------------------------------------------------------


def a_short_run() -> KernelRun:
    """Three bots, an hour: the same in every process."""
    tempo = Tempo(7, volatility=0.003, gap=0.05, missing=0.1, talk=1.0, entries=0.3, exits=0.05, trouble=0.02)
    days = sessions(25, *DAYS[:2])
    moving = RiskRules(
        position_percent=30.0,
        stop_loss_percent=0.5,
        take_profit_percent=0.7,
        trailing_stop_percent=0.3,
        break_even_percent=0.2,
        scale_in_steps=2,
        scale_in_distance_percent=0.1,
    )
    costs = {symbol: Costs(slippage=0.0005, commission_order=1.0, borrow=0.03) for symbol in STOCKS}
    bots = [
        SceneBot(moving, tuple(STOCKS), costs=costs),
        SceneBot(moving, ("PNNY", "AAPL"), guarded=frozenset({"PNNY", "AAPL"})),
        SceneBot(RiskRules(sizing=Sizing.RISK_PER_TRADE, time_stop_minutes=5), ("MSFT",)),
    ]
    scene = filled(tempo, STOCKS, days, session_taus(days), bots, Limits(exposure=150.0))
    run = kernel_run(scene)
    run.run_to(len(scene.taus))
    return run


def told(run: KernelRun) -> str:
    """Everything that it did, every double exactly."""
    return repr((run.fills, run.decisions, run.reprices, run.trades, run.tape.equity.tolist()))


def test_the_uncompiled_kernel_does_the_same() -> None:
    compiled = a_short_run()
    assert len(compiled.trades) > 20
    backend = Path(__file__).parents[2]
    script = (
        "import numba; assert numba.config.DISABLE_JIT;"
        f"from {__name__} import a_short_run, told; print(told(a_short_run()))"
    )
    plain = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(backend)},
        cwd=backend,
        capture_output=True,
        text=True,
        check=True,
    )
    assert plain.stdout.strip() == told(compiled)
