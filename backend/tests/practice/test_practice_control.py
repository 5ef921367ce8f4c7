"""The market's own control: accounts, time, prices, TLS."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from practice_server import ThreadServer

from flotilla.practice.errors import PracticeStartError
from flotilla.practice.settings import PracticeSettings

ORDER = {"symbol": "SPY", "qty": "3", "side": "buy", "type": "market", "time_in_force": "day"}


@pytest.fixture
def market(new_database: Callable[[], str]) -> Iterator[ThreadServer]:
    practice = ThreadServer(new_database())
    yield practice
    practice.stop()


def test_an_account_is_opened_paid_into_and_reset(market: ThreadServer) -> None:
    path = "/practice/accounts"
    opened = market.request("POST", path, json={"key": "NEW", "secret": "secret", "cash": "500"})
    assert opened.json()["cash"] == "500"
    assert market.request("POST", path, json={"key": "NEW", "secret": "x"}).status_code == 422
    assert market.request("GET", "/v2/account", "NEW").json()["cash"] == "500"
    assert market.request("POST", f"{path}/NEW/deposit", json={"amount": "1500.5"}).json()["cash"] == "2000.5"
    assert market.request("POST", f"{path}/NEW/deposit", json={"amount": "-5000"}).status_code == 422
    (row,) = market.request("GET", "/v2/account/activities", "NEW").json()
    assert (row["activity_type"], row["net_amount"]) == ("CSD", "1500.5")
    assert market.request("POST", "/v2/orders", "NEW", json=ORDER).status_code == 200
    resting = {**ORDER, "type": "limit", "limit_price": "1"}
    assert market.request("POST", "/v2/orders", "NEW", json=resting).status_code == 200
    assert market.request("POST", f"{path}/NEW/reset", json={"cash": "700"}).json()["cash"] == "700"
    for what in ("/v2/orders?status=all", "/v2/positions", "/v2/account/activities"):
        assert market.request("GET", what, "NEW").json() == [], what
    account = market.request("GET", "/v2/account", "NEW").json()
    assert (account["equity"], account["cash"]) == ("700", "700")
    market.step(2)
    keys = [one["key"] for one in market.request("GET", path).json()["accounts"]]
    assert keys == ["K0", "NEW"]
    assert market.request("POST", f"{path}/NONE/reset", json={}).status_code == 404


def test_the_rest_of_the_session_passes_at_once(market: ThreadServer) -> None:
    market.step()
    state = market.request("POST", "/practice/next-session").json()
    assert state["now"] == "2016-01-05T14:30:00Z"
    assert state["is_open"]
    assert market.step()["time"] == "2016-01-05T14:31:00Z"


def test_pause(market: ThreadServer) -> None:
    assert market.request("POST", "/practice/speed", json={"rate": 60}).json()["rate"] == 60
    assert market.request("POST", "/practice/pause").json()["rate"] == 0


def restarted(market: ThreadServer, **changes: object) -> dict[str, Any]:
    """Start the market anew with the changes; return its state."""
    before = market.state()
    assert market.request("POST", "/practice/source", json=changes).status_code == 202
    deadline = time.monotonic() + 30
    while True:
        assert time.monotonic() < deadline
        try:
            state = market.state()
        except requests.ConnectionError:
            continue
        if (state["source"], state["now"]) != (before["source"], before["now"]):
            return state
        time.sleep(0.02)


def test_other_prices_at_the_same_address(market: ThreadServer) -> None:
    def first_close() -> float:
        query = "timeframe=1Day&start=2015-06-01&end=2015-06-02&limit=1"
        close: float = market.request("GET", f"/v2/stocks/SPY/bars?{query}").json()["bars"][0]["c"]
        return close

    before = first_close()
    for wrong in (
        {"bars": "/nowhere"},
        {"scenario": "/nowhere"},
        {"start": "soon"},
        {"start": "2200-01-01"},
        {"seed": -1},
        {"symbols": "SPY"},
        {"symbols": ["a b"]},
        {"symbols": ["\x00"]},
    ):
        assert market.request("POST", "/practice/source", json=wrong).status_code == 422, wrong
    assert restarted(market, seed=7)["source"] == "synthetic:7"
    assert first_close() != before
    assert market.request("GET", "/v2/account").json()["cash"] == "100000"


def test_a_scenario_is_played_again_from_its_start(market: ThreadServer, tmp_path: Path) -> None:
    scenario = tmp_path / "gap.yaml"
    scenario.write_text("events: [{kind: gap, at: '2019-03-04T14:31:00Z', percent: -50}]")
    for _ in range(2):
        state = restarted(market, scenario=str(scenario), start="2019-03-04")
        assert state["now"] == "2019-03-04T14:30:00Z"
        market.step(2)
        bars = market.request("GET", "/v2/stocks/SPY/bars?timeframe=1Min").json()["bars"]
        assert bars[1]["o"] == pytest.approx(bars[0]["c"] / 2, rel=0.01)
    assert restarted(market, scenario=None)["now"] == "2016-01-04T14:30:00Z"


def test_tls(new_database: Callable[[], str], tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    practice = ThreadServer(new_database(), tls_cert=cert, tls_key=key)
    try:
        assert practice.url.startswith("https://")
        address = f"{practice.url}/practice/health"
        # Closed by the server before it stops: a TLS goodbye takes the loop some turns.
        headers = {"Connection": "close"}
        reply = requests.get(address, headers=headers, verify=str(cert), timeout=30)
        assert reply.json() == {"status": "ok"}
    finally:
        practice.stop()


def test_a_certificate_without_its_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PracticeStartError, match="TLS"):
        PracticeSettings("postgresql://localhost/none", tls_cert=tmp_path / "cert.pem")


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate of 127.0.0.1, signed by itself."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, *names, "-out", cert, "-keyout", key], check=True, capture_output=True)
    return cert, key
