"""What an order cost against its decision, what is no bot's, and what differs from the broker."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    for name in ('slippage', 'slippage_bps'):
        op.add_column('orders', sa.Column(name, sa.Numeric(), nullable=True), schema='flotilla')
    op.add_column(
        'accounts',
        sa.Column('requests_per_minute', sa.Integer(), server_default='200', nullable=False),
        schema='flotilla',
    )
    op.create_table(
        'unmanaged',
        sa.Column('account_id', sa.Text(), nullable=False),
        sa.Column('symbol', sa.Text(), nullable=False),
        sa.Column('quantity', sa.Numeric(), nullable=False),
        sa.Column('updated_at', _MOMENT, server_default=sa.text('now()'), nullable=False),
        sa.ForeignKeyConstraint(
            ['account_id'], ['flotilla.accounts.id'], name=op.f('fk_unmanaged_account_id_accounts')
        ),
        sa.PrimaryKeyConstraint('account_id', 'symbol', name=op.f('pk_unmanaged')),
        schema='flotilla',
    )
    op.create_table(
        'broker_holdings',
        sa.Column('account_id', sa.Text(), nullable=False),
        sa.Column('held', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column('as_of', _MOMENT, nullable=True),
        sa.Column('explained', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column('looked_at', _MOMENT, server_default=sa.text('now()'), nullable=False),
        sa.ForeignKeyConstraint(
            ['account_id'], ['flotilla.accounts.id'], name=op.f('fk_broker_holdings_account_id_accounts')
        ),
        sa.PrimaryKeyConstraint('account_id', name=op.f('pk_broker_holdings')),
        schema='flotilla',
    )
    op.create_table(
        'unmanaged_orders',
        sa.Column('broker_order_id', sa.Text(), nullable=False),
        sa.Column('account_id', sa.Text(), nullable=False),
        sa.Column('symbol', sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ['account_id'], ['flotilla.accounts.id'], name=op.f('fk_unmanaged_orders_account_id_accounts')
        ),
        sa.PrimaryKeyConstraint('broker_order_id', name=op.f('pk_unmanaged_orders')),
        schema='flotilla',
    )
    op.create_table(
        'findings',
        sa.Column('id', sa.Text(), nullable=False),
        sa.Column('account_id', sa.Text(), nullable=False),
        sa.Column('symbol', sa.Text(), nullable=False),
        sa.Column('cause', sa.Text(), nullable=False),
        sa.Column('quantity', sa.Numeric(), nullable=False),
        sa.Column('cash', sa.Numeric(), nullable=False),
        sa.Column('detail', sa.Text(), nullable=False),
        sa.Column('remedy', sa.Text(), nullable=True),
        sa.Column('bot_id', sa.Text(), nullable=True),
        sa.Column('problem', sa.Text(), nullable=True),
        sa.Column('opened_at', _MOMENT, server_default=sa.text('now()'), nullable=False),
        sa.Column('resolved_at', _MOMENT, nullable=True),
        sa.CheckConstraint(
            "remedy IN ('assign', 'adopt', 'flatten', 'gone', 'repaired')", name=op.f('ck_findings_remedy')
        ),
        sa.ForeignKeyConstraint(
            ['account_id'], ['flotilla.accounts.id'], name=op.f('fk_findings_account_id_accounts')
        ),
        sa.ForeignKeyConstraint(['bot_id'], ['flotilla.bots.id'], name=op.f('fk_findings_bot_id_bots')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_findings')),
        schema='flotilla',
    )
    op.create_index(
        'uq_findings_open',
        'findings',
        ['account_id', 'symbol'],
        unique=True,
        schema='flotilla',
        postgresql_where=sa.text('resolved_at IS NULL'),
    )
    op.create_table(
        'account_orders',
        sa.Column('id', sa.Text(), nullable=False),
        sa.Column('account_id', sa.Text(), nullable=False),
        sa.Column('finding_id', sa.Text(), nullable=False),
        sa.Column('client_order_id', sa.Text(), nullable=False),
        sa.Column('broker_order_id', sa.Text(), nullable=True),
        sa.Column('symbol', sa.Text(), nullable=False),
        sa.Column('side', sa.Text(), nullable=False),
        sa.Column('quantity', sa.Numeric(), nullable=False),
        sa.Column('status', sa.Text(), nullable=False),
        sa.Column('filled_quantity', sa.Numeric(), nullable=False),
        sa.Column('filled_cash', sa.Numeric(), nullable=False),
        sa.Column('reason', sa.Text(), nullable=True),
        sa.Column('created_at', _MOMENT, server_default=sa.text('now()'), nullable=False),
        sa.CheckConstraint('quantity > 0', name=op.f('ck_account_orders_quantity_positive')),
        sa.ForeignKeyConstraint(
            ['account_id'], ['flotilla.accounts.id'], name=op.f('fk_account_orders_account_id_accounts')
        ),
        sa.ForeignKeyConstraint(
            ['finding_id'], ['flotilla.findings.id'], name=op.f('fk_account_orders_finding_id_findings')
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_account_orders')),
        sa.UniqueConstraint('broker_order_id', name=op.f('uq_account_orders_broker_order_id')),
        sa.UniqueConstraint('client_order_id', name=op.f('uq_account_orders_client_order_id')),
        schema='flotilla',
    )
    op.create_index(
        op.f('ix_flotilla_account_orders_account_id'),
        'account_orders',
        ['account_id'],
        unique=False,
        schema='flotilla',
    )


def downgrade() -> None:
    op.drop_table('account_orders', schema='flotilla')
    op.drop_table('findings', schema='flotilla')
    op.drop_table('unmanaged_orders', schema='flotilla')
    op.drop_table('broker_holdings', schema='flotilla')
    op.drop_table('unmanaged', schema='flotilla')
    op.drop_column('accounts', 'requests_per_minute', schema='flotilla')
    for name in ('slippage_bps', 'slippage'):
        op.drop_column('orders', name, schema='flotilla')
