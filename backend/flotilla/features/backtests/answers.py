"""Findings as JSON-ready values. Built by hand: validating thousands of rows would cost more than the run."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from flotilla.domain.orders import Side
from flotilla.domain.risk import REFUSAL_SENTENCES
from flotilla.research.driver import Findings
from flotilla.research.executions import BacktestFill, BacktestTrade
from flotilla.research.metrics import downsample_indices, drawdown_curve

POINTS = 2_000


def preview(findings: Findings, *, points: int, rows: int) -> dict[str, Any]:
    """The body of `schemas.Preview`."""
    trades, fills = findings.result.trades, findings.result.fills
    return {
        **summary(findings),
        "curve": curve(findings, points),
        "trades": [trade(one) for one in trades[len(trades) - min(rows, len(trades)) :]],
        "markers": [_marker(one) for one in fills[len(fills) - min(rows, len(fills)) :]],
    }


def summary(findings: Findings) -> dict[str, Any]:
    """The body of `schemas.BacktestSummary`."""
    plan, material, result = findings.plan, findings.material, findings.result
    return {
        "source": material.source,
        "first": material.days.first.isoformat(),
        "last": material.days.last.isoformat(),
        "bots": [bot.name for bot in plan.bots],
        "symbols": list(plan.symbols),
        "capital": _amount(result.capital),
        "minutes": len(result.times),
        "metrics": asdict(result.metrics),
        "confidence": asdict(findings.confidence),
        "verdict": {"marks": list(findings.verdict.marks), "sentence": findings.verdict.sentence},
        "remarks": [asdict(one) for one in findings.remarks],
        "refusals": [
            {"code": code, "count": count, "sentence": REFUSAL_SENTENCES[code]}
            for code, count in result.refusals.items()
        ],
        "exits": exits(result.trades),
        "trades_total": len(result.trades),
        "markers_total": len(result.fills),
    }


def curve(findings: Findings, points: int = POINTS) -> dict[str, Any]:
    """The body of `schemas.Curve`: at most `points`, the extremes of equity and benchmark among them."""
    measured = findings.result.curve
    benchmark = measured.equity if measured.benchmark is None else measured.benchmark
    kept = np.union1d(
        downsample_indices(measured.equity, points * 3 // 4), downsample_indices(benchmark, points // 4)
    )
    if len(measured.equity) <= points:
        kept = np.arange(len(measured.equity))
    drawdown = drawdown_curve(measured.equity, measured.initial)
    return {
        "times": measured.times[kept].tolist(),
        "equity": measured.equity[kept].round(4).tolist(),
        "drawdown": drawdown[kept].round(6).tolist(),
        "benchmark": benchmark[kept].round(4).tolist(),
    }


def trade(one: BacktestTrade) -> dict[str, Any]:
    """The body of `schemas.BacktestTrade`."""
    return {
        "bot": one.bot,
        "symbol": one.symbol,
        "side": "long" if one.side is Side.BUY else "short",
        "entry_time": one.entry_time,
        "exit_time": one.exit_time,
        "quantity": _amount(one.quantity),
        "entry_price": _amount(one.entry_price),
        "exit_price": _amount(one.exit_price),
        "profit": _amount(one.profit),
        "fees": _amount(one.fees),
        "mae": _amount(one.mae),
        "mfe": _amount(one.mfe),
        "r": round(one.profit / one.risk, 6) if one.risk else None,
        "bars": one.bars,
        "purpose": one.purpose,
        "reason": one.reason,
    }


def _marker(one: BacktestFill) -> dict[str, Any]:
    return {
        "bot": one.bot,
        "symbol": one.symbol,
        "time": one.time,
        "side": one.side,
        "purpose": one.purpose,
        "reason": one.reason,
        "price": _amount(one.price),
        "quantity": _amount(one.quantity),
    }


def exits(trades: Sequence[BacktestTrade]) -> list[dict[str, Any]]:
    """The bodies of `schemas.ExitCount`, the most frequent first."""
    by_cause: dict[Any, list[float]] = defaultdict(list)
    for one in trades:
        by_cause[one.purpose, one.reason].append(one.profit)
    return [
        {"purpose": purpose, "reason": reason, "count": len(profits), "profit": _amount(sum(profits))}
        for (purpose, reason), profits in sorted(by_cause.items(), key=lambda item: -len(item[1]))
    ]


def _amount(value: float) -> str:
    """A double as money is written: nine digits after the point are below any step that is traded."""
    text = f"{value:.9f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
