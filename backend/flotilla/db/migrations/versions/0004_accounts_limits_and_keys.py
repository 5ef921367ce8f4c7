"""What limits all bots of an account together, and the keys of accounts at Alpaca."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ('limits', 'limits_state'):
        op.add_column('accounts', sa.Column(name, JSONB(), server_default='{}', nullable=False), schema='flotilla')
    op.add_column('accounts', sa.Column('sealed_keys', sa.Text(), nullable=True), schema='flotilla')
    op.add_column('accounts', sa.Column('key_hint', sa.Text(), nullable=True), schema='flotilla')
    op.add_column('accounts', sa.Column('feed', sa.Text(), server_default='iex', nullable=False), schema='flotilla')
    op.add_column('accounts', sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True), schema='flotilla')
    op.create_check_constraint(op.f('ck_accounts_feed'), 'accounts', "feed IN ('iex', 'sip')", schema='flotilla')
    op.add_column('engine_state', sa.Column('problem', sa.Text(), nullable=True), schema='flotilla')


def downgrade() -> None:
    op.drop_column('engine_state', 'problem', schema='flotilla')
    op.drop_constraint(op.f('ck_accounts_feed'), 'accounts', schema='flotilla', type_='check')
    for name in ('archived_at', 'feed', 'key_hint', 'sealed_keys', 'limits_state', 'limits'):
        op.drop_column('accounts', name, schema='flotilla')
