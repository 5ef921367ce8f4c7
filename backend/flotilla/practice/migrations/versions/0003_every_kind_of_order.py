"""Every kind of order; fees."""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('accounts', sa.Column('fees', sa.Numeric(), server_default='0', nullable=False), schema='practice')
    op.add_column('executions', sa.Column('fee_qty', sa.Numeric(), server_default='0', nullable=False), schema='practice')
    op.add_column('executions', sa.Column('fee_cash', sa.Numeric(), server_default='0', nullable=False), schema='practice')
    op.add_column('orders', sa.Column('notional', sa.Numeric(), nullable=True), schema='practice')
    op.add_column('orders', sa.Column('trail_price', sa.Numeric(), nullable=True), schema='practice')
    op.add_column('orders', sa.Column('trail_percent', sa.Numeric(), nullable=True), schema='practice')
    op.add_column('orders', sa.Column('hwm', sa.Numeric(), nullable=True), schema='practice')
    op.add_column('orders', sa.Column('triggered', sa.Boolean(), server_default='false', nullable=False), schema='practice')


def downgrade() -> None:
    op.drop_column('orders', 'triggered', schema='practice')
    op.drop_column('orders', 'hwm', schema='practice')
    op.drop_column('orders', 'trail_percent', schema='practice')
    op.drop_column('orders', 'trail_price', schema='practice')
    op.drop_column('orders', 'notional', schema='practice')
    op.drop_column('executions', 'fee_cash', schema='practice')
    op.drop_column('executions', 'fee_qty', schema='practice')
    op.drop_column('accounts', 'fees', schema='practice')

