"""How to connect to each account: the practice market, or Alpaca with the keys that are stored."""

import asyncio
from dataclasses import dataclass

from flotilla.adapters.alpaca.broker import AlpacaBroker
from flotilla.adapters.alpaca.client import AlpacaClient
from flotilla.adapters.alpaca.config import AlpacaConfig
from flotilla.adapters.alpaca.history import AlpacaBarHistory
from flotilla.adapters.alpaca.key_check import AlpacaKeyChecker
from flotilla.adapters.vault import FernetVault
from flotilla.bootstrap.account import practice_config
from flotilla.domain.errors import NotFound
from flotilla.http.dependencies import AccountMarket, InstrumentDirectory
from flotilla.ports.accounts import AccountDirectory, KeyVault, TradingAccount
from flotilla.settings import Settings


def key_vault(settings: Settings) -> FernetVault:
    """What encrypts accounts' keys. Raises ValueError where FLOTILLA_SECRET_KEY is no Fernet key."""
    secret = "" if settings.secret_key is None else settings.secret_key.get_secret_value()
    try:
        return FernetVault(settings.secret_file, secret=secret or None)
    except ValueError:
        raise ValueError(
            "FLOTILLA_SECRET_KEY is not a Fernet key: 32 bytes, URL-safe base64; several by comma."
        ) from None


def key_checker(settings: Settings) -> AlpacaKeyChecker:
    return AlpacaKeyChecker(paper=settings.alpaca_url, live=settings.alpaca_url)


def account_config(settings: Settings, vault: KeyVault, account: TradingAccount) -> AlpacaConfig:
    """An account's addresses and keys. Raises KeysUnreadable."""
    if account.kind == "practice":
        return practice_config(settings)
    keys = vault.open(account.sealed_keys or "")
    return AlpacaConfig.at_alpaca(
        key_id=keys.key_id,
        secret_key=keys.secret_key,
        paper=account.kind != "alpaca_live",
        feed=account.feed,
        stand_in=settings.alpaca_url,
    )


@dataclass(frozen=True, slots=True)
class _Connected:
    account: TradingAccount
    client: AlpacaClient
    market: AccountMarket


class AccountMarkets:
    """`http.dependencies.Markets`: connections of the API to accounts, made when first asked for."""

    def __init__(self, settings: Settings, vault: KeyVault, accounts: AccountDirectory) -> None:
        self._settings = settings
        self._vault = vault
        self._accounts = accounts
        self._known: dict[str, _Connected] = {}
        self._connecting = asyncio.Lock()

    async def of(self, account_id: str) -> AccountMarket:
        async with self._connecting:
            account = await self._accounts.find(account_id)
            if account is None:
                self._forget(account_id)
                raise NotFound(
                    "There is no such account; it may have been archived.", code="ACCOUNT_NOT_FOUND"
                )
            known = self._known.get(account_id)
            if known is None or known.account != account:
                self._forget(account_id)
                known = self._known[account_id] = self._connect(account)
            return known.market

    def close(self) -> None:
        for account_id in list(self._known):
            self._forget(account_id)

    def _connect(self, account: TradingAccount) -> _Connected:
        client = AlpacaClient(account_config(self._settings, self._vault, account))
        broker = AlpacaBroker(client)
        market = AccountMarket(InstrumentDirectory(broker), AlpacaBarHistory(client, broker))
        return _Connected(account, client, market)

    def _forget(self, account_id: str) -> None:
        known = self._known.pop(account_id, None)
        if known is not None:
            known.client.close()
