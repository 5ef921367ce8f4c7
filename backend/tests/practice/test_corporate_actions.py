"""Splits and dividends of a replay: what the clients read of them, and the bars restated for them."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from alpaca.data.historical.corporate_actions import CorporateActionsClient
from alpaca.data.requests import CorporateActionsRequest
from alpaca.trading.enums import CorporateActionType
from alpaca.trading.requests import GetCorporateAnnouncementsRequest
from practice_server import ThreadServer
from test_conformance_market_data import write_bars

PRICES = {"2020-03-02": 100.0, "2020-03-03": 50.0, "2020-03-04": 49.5, "2020-03-05": 495.0}
ACTIONS = """symbol,ex_date,type,value
ABC,2020-03-03,split,2
ABC,2020-03-04,dividend,0.5
ABC,2020-03-05,split,0.1
"""
FIRST, LAST = date(2020, 3, 1), date(2020, 3, 31)


@pytest.fixture(scope="module")
def replayed(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ThreadServer]:
    """Give a market in which all of it has happened."""
    folder = tmp_path_factory.mktemp("bars", numbered=True)
    write_bars(Path(folder), "ABC", PRICES)
    (folder / "actions.csv").write_text(ACTIONS)
    practice = ThreadServer(new_database(), bars=folder)
    for _ in range(4):
        practice.step()
        practice.request("POST", "/practice/next-session")
    yield practice
    practice.stop()


def test_alpaca_py_reads_corporate_actions(replayed: ThreadServer) -> None:
    client = CorporateActionsClient("K0", "secret", url_override=replayed.url)
    found = client.get_corporate_actions(CorporateActionsRequest(start=FIRST, end=LAST)).data
    (forward,), (dividend,), (reverse,) = (
        found[kind] for kind in ("forward_splits", "cash_dividends", "reverse_splits")
    )
    assert (forward.new_rate, forward.old_rate, forward.ex_date) == (2, 1, date(2020, 3, 3))
    assert (dividend.rate, dividend.symbol) == (0.5, "ABC")
    assert (reverse.new_rate, reverse.old_rate) == (1, 10)
    assert len({forward.id, dividend.id, reverse.id}) == 3
    assert len(forward.cusip) == 9


def test_pages_of_corporate_actions(replayed: ThreadServer) -> None:
    ids: list[str] = []
    token = ""
    while token is not None:
        query = f"start={FIRST}&end={LAST}&limit=2&page_token={token}"
        body = replayed.request("GET", f"/v1/corporate-actions?{query}").json()
        ids += [row["id"] for rows in body["corporate_actions"].values() for row in rows]
        token = body["next_page_token"]
    assert len(set(ids)) == len(ids) == 3


@pytest.mark.filterwarnings("ignore:get_corporate_announcement:DeprecationWarning")
def test_alpaca_py_reads_announcements(replayed: ThreadServer) -> None:
    trading = replayed.trading()
    both = [CorporateActionType.SPLIT, CorporateActionType.DIVIDEND]
    asked = GetCorporateAnnouncementsRequest(ca_types=both, since=FIRST, until=LAST, symbol="ABC")
    split, dividend, reverse = trading.get_corporate_announcements(asked)
    assert (split.ca_sub_type.value, split.new_rate, split.old_rate) == ("stock_split", 2, 1)
    assert (dividend.ca_sub_type.value, dividend.cash) == ("cash", 0.5)
    assert (reverse.ca_sub_type.value, reverse.new_rate, reverse.old_rate) == ("reverse_split", 1, 10)
    assert trading.get_corporate_announcement_by_id(split.id) == split
    only = GetCorporateAnnouncementsRequest(ca_types=both[1:], since=FIRST, until=LAST)
    assert trading.get_corporate_announcements(only) == [dividend]
    path = "/v2/corporate_actions/announcements"
    assert replayed.request("GET", f"{path}/nothing").status_code == 404
    for wrong in ("", "?ca_types=party&since=2020-01-01&until=2020-02-01", "?ca_types=split&since=x&until=y"):
        assert replayed.request("GET", path + wrong).status_code == 422, wrong


@pytest.mark.parametrize("timeframe", ["1Hour", "1Day", "1Week", "1Month"])
def test_a_bar_across_a_split_is_restated_day_by_day(replayed: ThreadServer, timeframe: str) -> None:
    def bars(adjustment: str) -> list[dict[str, Any]]:
        query = f"timeframe={timeframe}&start={FIRST}&adjustment={adjustment}"
        found: list[dict[str, Any]] = replayed.request("GET", f"/v2/stocks/ABC/bars?{query}").json()["bars"]
        return found

    assert (max(bar["h"] for bar in bars("raw")), min(bar["l"] for bar in bars("raw"))) == (495, 49.5)
    restated = bars("split")
    assert (max(bar["h"] for bar in restated), min(bar["l"] for bar in restated)) == (500, 495)
    assert sum(bar["v"] for bar in restated) == 3000 * (0.2 + 0.1 + 0.1 + 1)
