"""What came of an entry: rows of decisions, with the numbers that they rest on (`decisions` names them)."""

from flotilla.domain import codes
from flotilla.domain.kernel.compiled import compiled
from flotilla.domain.kernel.records import DECISIONS, OVERFLOW, Output


@compiled
def refuse(
    out: Output, tau: int, k: int, code: int, a: float, b: float, c: float, d: float, e: float, f: float
) -> None:
    decide(out, tau, k, codes.REFUSED, code, codes.NONE, a, b, c, d, e, f)


@compiled
def decide(
    out: Output,
    tau: int,
    k: int,
    outcome: int,
    code: int,
    shrunk: int,
    a: float,
    b: float,
    c: float,
    d: float,
    e: float,
    f: float,
) -> None:
    i = out.counts[DECISIONS]
    if i >= len(out.decisions):
        out.counts[OVERFLOW] = 1
        return
    out.counts[DECISIONS] = i + 1
    decision = out.decisions[i]
    decision.tau, decision.slot, decision.outcome = tau, k, outcome
    decision.code, decision.shrunk = code, shrunk
    decision.a, decision.b, decision.c, decision.d, decision.e, decision.f = a, b, c, d, e, f
