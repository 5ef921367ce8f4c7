"""Stops that move, and positions made of several entries."""

import sqlalchemy as sa
from alembic import op
revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('orders', sa.Column('replaces_id', sa.Text(), nullable=True), schema='flotilla')
    op.create_foreign_key(
        op.f('fk_orders_replaces_id_orders'), 'orders', 'orders', ['replaces_id'], ['id'],
        source_schema='flotilla', referent_schema='flotilla',
    )
    op.create_index(op.f('ix_flotilla_orders_replaces_id'), 'orders', ['replaces_id'], schema='flotilla')
    op.add_column('orders', sa.Column('lot', sa.Integer(), nullable=True), schema='flotilla')
    op.add_column(
        'positions', sa.Column('lots', sa.Integer(), nullable=False, server_default='1'), schema='flotilla'
    )
    op.alter_column('positions', 'lots', server_default=None, schema='flotilla')


def downgrade() -> None:
    op.drop_column('positions', 'lots', schema='flotilla')
    op.drop_column('orders', 'lot', schema='flotilla')
    op.drop_index(op.f('ix_flotilla_orders_replaces_id'), 'orders', schema='flotilla')
    op.drop_constraint(op.f('fk_orders_replaces_id_orders'), 'orders', schema='flotilla')
    op.drop_column('orders', 'replaces_id', schema='flotilla')
