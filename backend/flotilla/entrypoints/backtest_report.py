"""What `flotilla backtest` shows: progress on standard error, tables or JSON on standard output."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

import orjson
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from flotilla.domain.orders import Side
from flotilla.domain.risk import REFUSAL_SENTENCES
from flotilla.features.backtests import answers
from flotilla.research.driver import Findings
from flotilla.research.metrics import Interval

_Row = tuple[str, str, str, str]  # figure, value, interval, the same of holding

_PLAIN_WIDTH = 160  # where standard output is no terminal


@contextmanager
def running(quiet: bool) -> Iterator[Callable[[float], None]]:
    """A line for the run: how far, and the remaining time."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as shown:
        line = shown.add_task("backtest", total=1.0)
        yield lambda share: shown.update(line, completed=share)


def show(found: Findings, *, trades: bool, as_json: bool) -> None:
    """The verdict first: what follows is only worth as much as it says."""
    if as_json:
        body = answers.preview(found, points=answers.POINTS, rows=sys.maxsize)
        sys.stdout.write(orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode() + "\n")
        return
    console = Console()
    console = Console(width=None if console.is_terminal else _PLAIN_WIDTH, highlight=False)
    material, plan = found.material, found.plan
    names, symbols = (", ".join(words) for words in ([bot.name for bot in plan.bots], plan.symbols))
    days = f"from {material.days.first} to {material.days.last}"
    console.print(f"{names}: {symbols} {days}, bars of {material.source}", markup=False)
    console.print(found.verdict.sentence, style="bold", markup=False)
    for remark in found.remarks:
        console.print(f"! {remark.sentence}", style="yellow", markup=False)
    console.print(_figures(found))
    console.print(_exits(found))
    if found.result.refusals:
        console.print(_refusals(found))
    if trades:
        console.print(_trades(found))


def _figures(found: Findings) -> Table:
    table = _table("Figures", "figure", "value", f"{found.confidence.level:.0%} interval", "buy and hold")
    for row in (*_curve_rows(found), *_trade_rows(found)):
        table.add_row(*row)
    return table


def _curve_rows(found: Findings) -> Iterator[_Row]:
    metrics, sure = found.result.metrics, found.confidence
    returns, fall = metrics.returns, metrics.drawdown
    held = asdict(metrics.benchmark) if metrics.benchmark else {}
    yield "total return", _percent(returns.total_return), "", _percent(held.get("total_return"))
    yield "net profit, USD", _number(returns.net_profit), "", ""
    yield "CAGR", _percent(returns.cagr), _range(sure.cagr, _percent), _percent(held.get("cagr"))
    yield "Sharpe", _number(returns.sharpe), _range(sure.sharpe, _number), _number(held.get("sharpe"))
    yield "Sortino", _number(returns.sortino), _range(sure.sortino, _number), ""
    yield "Calmar", _number(fall.calmar), "", ""
    yield "volatility", _percent(returns.volatility), "", _percent(held.get("volatility"))
    deepest = _range(sure.max_drawdown, _percent)
    yield "maximum drawdown", _percent(fall.max_drawdown), deepest, _percent(held.get("max_drawdown"))
    yield "longest drawdown, days", _number(fall.longest_duration / 86_400), "", ""
    yield "alpha a year", _percent(held.get("alpha")), "", ""
    yield "beta", _number(held.get("beta")), "", ""
    yield "time in market", _percent(metrics.activity.time_in_market), "", ""
    yield "turnover a year", _number(metrics.activity.turnover), "", ""


def _trade_rows(found: Findings) -> Iterator[_Row]:
    trades, sure = found.result.metrics.trades, found.confidence
    yield "trades", f"{trades.trades:,}", "", ""
    yield "win rate", _percent(trades.win_rate), _range(sure.win_rate, _percent), ""
    yield "profit factor", _number(trades.profit_factor), _range(sure.profit_factor, _number), ""
    yield "expectancy, USD", _number(trades.expectancy), _range(sure.expectancy, _number), ""
    yield "expectancy, R", _number(trades.expectancy_r), "", ""
    yield "SQN", _number(trades.sqn), "", ""
    yield "average win, USD", _number(trades.average_win), "", ""
    yield "average loss, USD", _number(trades.average_loss), "", ""
    yield "average MAE, USD", _number(trades.average_mae), "", ""
    yield "average MFE, USD", _number(trades.average_mfe), "", ""
    yield "fees, USD", _number(trades.total_fees), "", ""


def _exits(found: Findings) -> Table:
    table = _table("Trades by exit", "exit", "reason", "trades", "profit, USD")
    for one in answers.exits(found.result.trades):
        profit = _number(float(one["profit"]))
        table.add_row(_words(one["purpose"]), _words(one["reason"]), f"{one['count']:,}", profit)
    return table


def _refusals(found: Findings) -> Table:
    table = _table("Entries that were refused", "code", "times", "why")
    for code, count in found.result.refusals.items():
        table.add_row(code.value, f"{count:,}", REFUSAL_SENTENCES[code])
    return table


def _trades(found: Findings) -> Table:
    columns = ("bot", "symbol", "side", "quantity", "entered", "at", "left", "at", "profit, USD", "exit")
    table = _table("Trades", *columns)
    clock = found.plan.clock
    for one in found.result.trades:
        table.add_row(
            found.plan.bots[one.bot].name,
            one.symbol,
            "long" if one.side is Side.BUY else "short",
            f"{one.quantity:,.9f}".rstrip("0").rstrip("."),
            f"{one.entry_time.astimezone(clock):%Y-%m-%d %H:%M}",
            f"{one.entry_price:,.4f}",
            f"{one.exit_time.astimezone(clock):%Y-%m-%d %H:%M}",
            f"{one.exit_price:,.4f}",
            _number(one.profit),
            _words(one.purpose if one.purpose.is_leg else one.reason),
        )
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        words = column in ("figure", "exit", "reason", "code", "why", "bot", "symbol", "side")
        table.add_column(column, justify="left" if words else "right", overflow="fold")
    return table


def _range(interval: Interval | None, written: Callable[[float | None], str]) -> str:
    if interval is None:
        return ""
    upper = "no limit" if interval.upper is None else written(interval.upper)
    return f"{written(interval.lower)} to {upper}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}"


def _words(name: str) -> str:
    return name.replace("_", " ")
