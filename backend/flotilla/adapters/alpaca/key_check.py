"""What Alpaca says of an account's keys."""

import asyncio
from typing import Any

from alpaca.common.exceptions import APIError

from flotilla.adapters.alpaca import mapping
from flotilla.adapters.alpaca.client import NO_ANSWER, AlpacaClient, message
from flotilla.adapters.alpaca.config import AlpacaConfig
from flotilla.ports.accounts import KeyCheck, Keys, Verdict

_SENTENCES = {
    Verdict.WRONG_KEYS: "Alpaca does not know these keys. Copy both anew; a secret is shown only once.",
    Verdict.LIVE_KEYS_FOR_PAPER: "These are a live account's keys: your paper account has keys of its own.",
    Verdict.PAPER_KEYS_FOR_LIVE: "These are a paper account's keys: your live account has keys of its own.",
    Verdict.UNREACHABLE: "Alpaca cannot be reached from here: check this machine's network, and try again.",
}


_STOPS = ("account_blocked", "trading_blocked", "trade_suspended_by_user")


class AlpacaKeyChecker:
    """`ports.accounts.KeyChecker`. Keys that one of Alpaca's two hosts refuses are shown to the other.

    `paper` and `live` are http addresses that take the place of Alpaca's own.
    """

    def __init__(self, *, paper: str | None = None, live: str | None = None) -> None:
        self._stand_ins = {True: paper, False: live}

    async def check(self, keys: Keys, *, paper: bool) -> KeyCheck:
        status, answer = await asyncio.to_thread(self._account, keys, paper)
        if status == 200:
            return _known(answer)
        if status is None:
            return _said(Verdict.UNREACHABLE)
        if status not in (401, 403):  # one is what is documented, the other has been seen
            return KeyCheck(Verdict.UNREACHABLE, f"Alpaca answered {status}: {answer}. Try again later.")
        elsewhere, _ = await asyncio.to_thread(self._account, keys, not paper)
        if elsewhere != 200:
            return _said(Verdict.WRONG_KEYS)
        return _said(Verdict.LIVE_KEYS_FOR_PAPER if paper else Verdict.PAPER_KEYS_FOR_LIVE)

    def _account(self, keys: Keys, paper: bool) -> tuple[int | None, Any]:
        """The status of GET /v2/account (None: no answer) and its body, or its message."""
        config = AlpacaConfig.at_alpaca(
            key_id=keys.key_id, secret_key=keys.secret_key, paper=paper, stand_in=self._stand_ins[paper]
        )
        client = AlpacaClient(config, resend=False)
        try:
            return 200, client.trading.get_account()
        except APIError as error:
            return error.status_code, message(error)
        except NO_ANSWER as error:
            # What is no answer of Alpaca's own (a captive portal's page, say) is none.
            return None, type(error).__name__
        finally:
            client.close()
            for one in (client.trading, client.data, client.coins):
                one._session.close()


def _known(payload: Any) -> KeyCheck:
    try:
        figures = mapping.account(payload)
        stops = [name for name in _STOPS if payload[name]]
        if payload["status"] != "ACTIVE":
            stops.append(f"status {payload['status']}")
    except (LookupError, TypeError, ValueError, ArithmeticError):
        return KeyCheck(Verdict.UNREACHABLE, "What answered is not Alpaca: check this machine's network.")
    if stops:
        reason = f"The keys are right, but the account may not trade: {', '.join(stops)}. Ask Alpaca."
        return KeyCheck(Verdict.RESTRICTED, reason, figures.equity)
    return KeyCheck(
        Verdict.OK, f"The keys are right; the account is worth {figures.equity:,.2f} USD.", figures.equity
    )


def _said(verdict: Verdict) -> KeyCheck:
    return KeyCheck(verdict, _SENTENCES[verdict])
