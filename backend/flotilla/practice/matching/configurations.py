"""What the owner of an account allows on it, and the check of an order against that."""

from flotilla.practice.errors import refused, unprocessable
from flotilla.practice.matching.account import Account
from flotilla.practice.matching.checks import closes_position
from flotilla.practice.matching.orders import OrderTicket, Side


def check_allowed(account: Account, ticket: OrderTicket, shortable: bool) -> None:
    """Refuse what the account's configurations forbid (403), or its asset that is not `shortable` (422)."""
    allowed = account.configurations
    if allowed.suspend_trade:
        raise refused("account is not authorized to trade")
    fractional = ticket.qty is None or ticket.qty != ticket.qty.to_integral_value()
    if fractional and not allowed.fractional_trading and not ticket.is_crypto:
        raise refused("fractional trading is disabled")
    if ticket.is_crypto or ticket.side is Side.BUY or closes_position(account, ticket.symbol, ticket.side):
        return
    if allowed.no_shorting:
        raise refused("account is not allowed to short")
    if not shortable:
        raise unprocessable(f'asset "{ticket.symbol}" cannot be sold short')
