"""The practice market."""

import sqlalchemy as sa
from alembic import op

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('accounts',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('secret', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('initial_cash', sa.Numeric(), nullable=False),
    sa.Column('cash', sa.Numeric(), nullable=False),
    sa.Column('realized', sa.Numeric(), nullable=False),
    sa.Column('last_equity', sa.Numeric(), nullable=False),
    sa.Column('multiplier', sa.Numeric(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_accounts')),
    sa.UniqueConstraint('key', name=op.f('uq_accounts_key')),
    schema='practice'
    )
    op.create_table('clocks',
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('now', sa.DateTime(timezone=True), nullable=False),
    sa.Column('closed', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('source', name=op.f('pk_clocks')),
    schema='practice'
    )
    op.create_table('market',
    sa.Column('market_id', sa.Text(), nullable=False),
    sa.Column('sequence', sa.BigInteger(), nullable=False),
    sa.Column('last_event_id', sa.Text(), nullable=False),
    sa.Column('last_event_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('market_id', name=op.f('pk_market')),
    schema='practice'
    )
    op.create_table('orders',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('account_id', sa.Text(), nullable=False),
    sa.Column('seq', sa.BigInteger(), nullable=False),
    sa.Column('client_order_id', sa.Text(), nullable=False),
    sa.Column('root_id', sa.Text(), nullable=False),
    sa.Column('is_leg', sa.Boolean(), nullable=False),
    sa.Column('symbol', sa.Text(), nullable=False),
    sa.Column('side', sa.Text(), nullable=False),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('time_in_force', sa.Text(), nullable=False),
    sa.Column('order_class', sa.Text(), nullable=False),
    sa.Column('position_intent', sa.Text(), nullable=False),
    sa.Column('qty', sa.Numeric(), nullable=False),
    sa.Column('limit_price', sa.Numeric(), nullable=True),
    sa.Column('stop_price', sa.Numeric(), nullable=True),
    sa.Column('extended_hours', sa.Boolean(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reserve_price', sa.Numeric(), nullable=False),
    sa.Column('filled_qty', sa.Numeric(), nullable=False),
    sa.Column('filled_value', sa.Numeric(), nullable=False),
    sa.Column('filled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('expired_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('cancel_requested_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('canceled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('failed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('replaced_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('replaced_by', sa.Text(), nullable=True),
    sa.Column('replaces', sa.Text(), nullable=True),
    sa.Column('entered_inside', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['practice.accounts.id'], name=op.f('fk_orders_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_orders')),
    sa.UniqueConstraint('account_id', 'client_order_id', name=op.f('uq_orders_account_id_client_order_id')),
    schema='practice'
    )
    op.create_index(op.f('ix_orders_account_id_seq'), 'orders', ['account_id', 'seq'], unique=False, schema='practice')
    op.create_index(op.f('ix_orders_root_id'), 'orders', ['root_id'], unique=False, schema='practice')
    op.create_index(op.f('ix_orders_status'), 'orders', ['status'], unique=False, schema='practice')
    op.create_table('positions',
    sa.Column('account_id', sa.Text(), nullable=False),
    sa.Column('symbol', sa.Text(), nullable=False),
    sa.Column('qty', sa.Numeric(), nullable=False),
    sa.Column('cost', sa.Numeric(), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['practice.accounts.id'], name=op.f('fk_positions_account_id')),
    sa.PrimaryKeyConstraint('account_id', 'symbol', name=op.f('pk_positions')),
    schema='practice'
    )
    op.create_table('executions',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('seq', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.Text(), nullable=False),
    sa.Column('order_id', sa.Text(), nullable=False),
    sa.Column('symbol', sa.Text(), nullable=False),
    sa.Column('side', sa.Text(), nullable=False),
    sa.Column('qty', sa.Numeric(), nullable=False),
    sa.Column('price', sa.Numeric(), nullable=False),
    sa.Column('cum_qty', sa.Numeric(), nullable=False),
    sa.Column('leaves_qty', sa.Numeric(), nullable=False),
    sa.Column('position_qty', sa.Numeric(), nullable=False),
    sa.Column('order_status', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['practice.accounts.id'], name=op.f('fk_executions_account_id')),
    sa.ForeignKeyConstraint(['order_id'], ['practice.orders.id'], name=op.f('fk_executions_order_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_executions')),
    schema='practice'
    )
    op.create_index(op.f('ix_executions_account_id_seq'), 'executions', ['account_id', 'seq'], unique=False, schema='practice')
    op.create_index(op.f('ix_executions_order_id'), 'executions', ['order_id'], unique=False, schema='practice')


def downgrade() -> None:
    op.drop_index(op.f('ix_executions_order_id'), table_name='executions', schema='practice')
    op.drop_index(op.f('ix_executions_account_id_seq'), table_name='executions', schema='practice')
    op.drop_table('executions', schema='practice')
    op.drop_table('positions', schema='practice')
    op.drop_index(op.f('ix_orders_status'), table_name='orders', schema='practice')
    op.drop_index(op.f('ix_orders_root_id'), table_name='orders', schema='practice')
    op.drop_index(op.f('ix_orders_account_id_seq'), table_name='orders', schema='practice')
    op.drop_table('orders', schema='practice')
    op.drop_table('market', schema='practice')
    op.drop_table('clocks', schema='practice')
    op.drop_table('accounts', schema='practice')
