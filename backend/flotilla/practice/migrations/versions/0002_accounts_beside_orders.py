"""Configurations, activities beside fills, equity over time, watchlists."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('accounts', sa.Column('configurations', postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False), schema='practice')
    op.create_table('activities',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('seq', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.Text(), nullable=False),
    sa.Column('activity_type', sa.Text(), nullable=False),
    sa.Column('date', sa.Date(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('net_amount', sa.Numeric(), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('symbol', sa.Text(), nullable=True),
    sa.Column('qty', sa.Numeric(), nullable=True),
    sa.Column('price', sa.Numeric(), nullable=True),
    sa.Column('per_share_amount', sa.Numeric(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['practice.accounts.id'], name=op.f('fk_activities_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_activities')),
    schema='practice'
    )
    op.create_index(op.f('ix_activities_account_id_seq'), 'activities', ['account_id', 'seq'], unique=False, schema='practice')
    op.create_table('equity_points',
    sa.Column('account_id', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('equity', sa.Numeric(), nullable=False),
    sa.Column('closing', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['practice.accounts.id'], name=op.f('fk_equity_points_account_id')),
    sa.PrimaryKeyConstraint('account_id', 'at', name=op.f('pk_equity_points')),
    schema='practice'
    )
    op.create_table('watchlists',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('account_id', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('symbols', postgresql.JSONB(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['practice.accounts.id'], name=op.f('fk_watchlists_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_watchlists')),
    sa.UniqueConstraint('account_id', 'name', name=op.f('uq_watchlists_account_id_name')),
    schema='practice'
    )


def downgrade() -> None:
    op.drop_table('watchlists', schema='practice')
    op.drop_table('equity_points', schema='practice')
    op.drop_index(op.f('ix_activities_account_id_seq'), table_name='activities', schema='practice')
    op.drop_table('activities', schema='practice')
    op.drop_column('accounts', 'configurations', schema='practice')
