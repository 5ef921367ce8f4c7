"""What trading costs, as people write it; the model has it as fractions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from flotilla.domain.kernel.records import Records, records
from flotilla.domain.market import Instrument
from flotilla.research.model.records import COSTS


@dataclass(frozen=True, slots=True)
class CostTable:
    """An account's costs. Percents and basis points of the price or the value; amounts in USD.

    `spread_bps` is the whole spread: a market order pays half of it. `impact` moves the price by
    impact x (quantity / the minute's volume) squared (Zipline's volume-share model; its default is
    0.1). Regulatory fees are taken of sales of stocks only, `coin_fee_percent` of coins only.
    """

    slippage_bps: float = 0.0
    slippage_fixed: float = 0.0
    spread_bps: float = 0.0
    impact: float = 0.0
    commission_per_order: float = 0.0
    commission_per_share: float = 0.0
    commission_percent: float = 0.0
    commission_minimum: float = 0.0
    regulatory_percent: float = 0.0
    regulatory_per_share: float = 0.0
    regulatory_per_share_cap: float | None = None
    coin_fee_percent: float = 0.25
    borrow_percent: float = 0.0


# The practice market's: stocks are free, coins cost Alpaca's lowest taker tier.
PRACTICE = CostTable()

# Alpaca's: no commission; the SEC's fee on sales (USD 20.60 a million from April 2026) and FINRA's
# trading activity fee (USD 0.000195 a share sold, at most 9.79 an order, 2026). Both change every year.
ALPACA = CostTable(
    slippage_bps=1.0,
    regulatory_percent=0.00206,
    regulatory_per_share=0.000195,
    regulatory_per_share_cap=9.79,
)


def cost_records(table: CostTable, instruments: Sequence[Instrument]) -> Records:
    """One COSTS record for each instrument."""
    found = records(COSTS, len(instruments))
    for record, instrument in zip(found, instruments, strict=True):
        record.slippage = (table.slippage_bps + table.spread_bps / 2.0) / 10_000.0
        record.slippage_fixed, record.impact = table.slippage_fixed, table.impact
        record.commission_order = table.commission_per_order
        record.commission_unit = table.commission_per_share
        record.commission_rate = table.commission_percent / 100.0
        record.commission_minimum = table.commission_minimum
        cap = table.regulatory_per_share_cap
        record.sale_unit_cap = math.inf if cap is None else cap
        if instrument.is_coin:
            record.coin_rate = table.coin_fee_percent / 100.0
        else:
            record.sale_rate = table.regulatory_percent / 100.0
            record.sale_unit = table.regulatory_per_share
        record.borrow = table.borrow_percent / 100.0
    return found
