"""A backtest from a plan to its findings: what the API, the command line and sweeps all call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from flotilla.domain.market import Instrument
from flotilla.research.backtest import BacktestRequest, run
from flotilla.research.material import Material
from flotilla.research.metrics import Confidence, Verdict, confidence, judge
from flotilla.research.plan import BacktestPlan
from flotilla.research.remarks import Remark, remarks
from flotilla.research.result import BacktestResult


@dataclass(frozen=True)
class Findings:
    """What a backtest found, and what has to be said beside it. `resamples`: of its intervals."""

    plan: BacktestPlan
    material: Material
    result: BacktestResult
    resamples: int

    @cached_property
    def confidence(self) -> Confidence:
        """How far the figures can be trusted; takes longer than the backtest itself."""
        return confidence(self.result.curve, self.result.closed, resamples=self.resamples)

    @cached_property
    def verdict(self) -> Verdict:
        return judge(self.result.metrics, self.confidence)

    @cached_property
    def remarks(self) -> list[Remark]:
        """What of the bars was missing, and which rules never held."""
        return remarks(self.plan, self.material, self.result)


def backtest(
    plan: BacktestPlan,
    material: Material,
    *,
    instruments: Mapping[str, Instrument] | None = None,
    resamples: int = 1_000,
    progress: Callable[[float], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Findings:
    """Run a checked plan on its material. Blocking (the kernel lets other threads run).

    `instruments` are those whose steps are known better than by their symbol. Raises Invalid,
    BacktestCancelled.
    """
    request = BacktestRequest(
        bots=plan.bots,
        start=material.start,
        end=material.end,
        costs=plan.costs,
        account_equity=plan.account_equity,
        limits=plan.limits,
        instruments=instruments or {},
    )
    bars = {symbol: history.bars for symbol, history in material.histories.items()}
    result = run(request, bars, material.sessions, progress=progress, cancelled=cancelled)
    return Findings(plan, material, result, resamples)
