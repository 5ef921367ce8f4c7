"""What the owner of an account allows on it, and the check of an order against that."""

from flotilla.practice.errors import refused
from flotilla.practice.matching.account import Account
from flotilla.practice.matching.checks import closes_position
from flotilla.practice.matching.orders import OrderTicket, Side


def check_allowed(account: Account, ticket: OrderTicket) -> None:
    """Refuse what the account's configurations forbid (403)."""
    allowed = account.configurations
    if allowed.suspend_trade:
        raise refused("account is not authorized to trade")
    fractional = ticket.qty is None or ticket.qty != ticket.qty.to_integral_value()
    if fractional and not allowed.fractional_trading and "/" not in ticket.symbol:
        raise refused("fractional trading is disabled")
    opens_short = ticket.side is Side.SELL and not closes_position(account, ticket.symbol, ticket.side)
    if opens_short and allowed.no_shorting and "/" not in ticket.symbol:
        raise refused("account is not allowed to short")
