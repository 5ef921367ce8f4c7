"""The practice market's tables: schema `practice`, a history of its own."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    MetaData,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

METADATA = MetaData(
    schema="practice",
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    },
)

_TIME = DateTime(timezone=True)

# One row: the counters that ids are made from, and the market's own identity.
market = Table(
    "market",
    METADATA,
    Column("market_id", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("last_event_id", Text, nullable=False),
    Column("last_event_ms", BigInteger, nullable=False),
)

# Market time, per source of prices: each resumes where it stopped.
clocks = Table(
    "clocks",
    METADATA,
    Column("source", Text, primary_key=True),
    Column("now", _TIME, nullable=False),
    Column("closed", Boolean, nullable=False),  # the session that ends at `now` was closed
)

accounts = Table(
    "accounts",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("secret", Text, nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("initial_cash", Numeric, nullable=False),
    Column("cash", Numeric, nullable=False),
    Column("realized", Numeric, nullable=False),
    Column("last_equity", Numeric, nullable=False),
    Column("multiplier", Numeric, nullable=False),
    Column("fees", Numeric, nullable=False, server_default="0"),
    Column("configurations", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
)

positions = Table(
    "positions",
    METADATA,
    Column("account_id", ForeignKey(accounts.c.id), primary_key=True),
    Column("symbol", Text, primary_key=True),
    Column("qty", Numeric, nullable=False),
    Column("cost", Numeric, nullable=False),
    Column("opened_at", _TIME, nullable=False),
)

orders = Table(
    "orders",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("account_id", ForeignKey(accounts.c.id), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("client_order_id", Text, nullable=False),
    Column("root_id", Text, nullable=False),
    Column("is_leg", Boolean, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("time_in_force", Text, nullable=False),
    Column("order_class", Text, nullable=False),
    Column("position_intent", Text, nullable=False),
    Column("qty", Numeric, nullable=False),
    Column("limit_price", Numeric),
    Column("stop_price", Numeric),
    Column("extended_hours", Boolean, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("submitted_at", _TIME, nullable=False),
    Column("updated_at", _TIME, nullable=False),
    Column("expires_at", _TIME, nullable=False),
    Column("reserve_price", Numeric, nullable=False),
    Column("filled_qty", Numeric, nullable=False),
    Column("filled_value", Numeric, nullable=False),
    Column("filled_at", _TIME),
    Column("expired_at", _TIME),
    Column("cancel_requested_at", _TIME),
    Column("canceled_at", _TIME),
    Column("failed_at", _TIME),
    Column("replaced_at", _TIME),
    Column("replaced_by", Text),
    Column("replaces", Text),
    Column("entered_inside", _TIME),
    Column("notional", Numeric),
    Column("trail_price", Numeric),
    Column("trail_percent", Numeric),
    Column("hwm", Numeric),
    Column("triggered", Boolean, nullable=False, server_default="false"),
    UniqueConstraint("account_id", "client_order_id"),
    Index(None, "account_id", "seq"),
    Index(None, "root_id"),
    Index(None, "status"),
)

executions = Table(
    "executions",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("account_id", ForeignKey(accounts.c.id), nullable=False),
    Column("order_id", ForeignKey(orders.c.id), nullable=False),
    Column("symbol", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("qty", Numeric, nullable=False),
    Column("price", Numeric, nullable=False),
    Column("cum_qty", Numeric, nullable=False),
    Column("leaves_qty", Numeric, nullable=False),
    Column("position_qty", Numeric, nullable=False),
    Column("order_status", Text, nullable=False),
    Column("at", _TIME, nullable=False),
    Column("fee_qty", Numeric, nullable=False, server_default="0"),
    Column("fee_cash", Numeric, nullable=False, server_default="0"),
    Index(None, "account_id", "seq"),
    Index(None, "order_id"),
)

# What happened to an account beside fills; `seq` is in one order with the executions'.
activities = Table(
    "activities",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("account_id", ForeignKey(accounts.c.id), nullable=False),
    Column("activity_type", Text, nullable=False),
    Column("date", Date, nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("net_amount", Numeric, nullable=False),
    Column("description", Text, nullable=False),
    Column("symbol", Text),
    Column("qty", Numeric),
    Column("price", Numeric),
    Column("per_share_amount", Numeric),
    Index(None, "account_id", "seq"),
)

# A point a minute in which the equity changed, and one a session's close.
equity_points = Table(
    "equity_points",
    METADATA,
    Column("account_id", ForeignKey(accounts.c.id), primary_key=True),
    Column("at", _TIME, primary_key=True),
    Column("equity", Numeric, nullable=False),
    Column("closing", Boolean, nullable=False),
)

watchlists = Table(
    "watchlists",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("account_id", ForeignKey(accounts.c.id), nullable=False),
    Column("name", Text, nullable=False),
    Column("symbols", JSONB, nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("updated_at", _TIME, nullable=False),
    UniqueConstraint("account_id", "name"),
)
