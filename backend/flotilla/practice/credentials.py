"""Who is asking: key pairs and OAuth tokens."""

import hmac
from collections.abc import Mapping

from flotilla.practice.venue import Venue

_OAUTH = "oauth"  # the key that stands for "the secret is a token" on the market-data stream


class Credentials:
    """Finds the account that credentials open. `tokens`: OAuth token -> the account's key."""

    def __init__(self, venue: Venue, tokens: Mapping[str, str]) -> None:
        self._venue = venue
        self._tokens = tokens

    def of_pair(self, key: object, secret: object) -> str | None:
        """Return the account's id, None when the pair opens none."""
        if key == _OAUTH:
            return self.of_token(secret)
        if not isinstance(key, str) or not isinstance(secret, str):
            return None
        for account in self._venue.market.accounts.values():
            if account.key == key and _same(account.secret, secret):
                return account.id
        return None

    def of_token(self, token: object) -> str | None:
        """Return the id of the account that the OAuth token opens."""
        if not isinstance(token, str):
            return None
        keys = [key for known, key in self._tokens.items() if _same(known, token)]
        accounts = self._venue.market.accounts.values()
        return next((account.id for account in accounts if account.key in keys), None)


def _same(known: str, given: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(known.encode(), given.encode(errors="surrogatepass"))
