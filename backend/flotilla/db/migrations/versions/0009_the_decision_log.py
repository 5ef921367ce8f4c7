"""The decision log: bars as first seen, what steps took in, and parity reports."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('decisions', sa.Column('first_bar', sa.DateTime(timezone=True), nullable=True), schema='flotilla')
    op.add_column('decisions', sa.Column('last_bar', sa.DateTime(timezone=True), nullable=True), schema='flotilla')
    op.add_column('decisions', sa.Column('exiting', sa.Boolean(), nullable=False, server_default=sa.false()), schema='flotilla')
    op.alter_column('decisions', 'exiting', server_default=None, schema='flotilla')
    op.add_column('decisions', sa.Column('client_order_id', sa.Text(), nullable=True), schema='flotilla')
    op.add_column('decisions', sa.Column('began', postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default='{}'), schema='flotilla')
    op.alter_column('decisions', 'began', server_default=None, schema='flotilla')
    op.drop_index(op.f('ix_flotilla_decisions_bot_id'), table_name='decisions', schema='flotilla')
    op.create_index('ix_decisions_newest', 'decisions', ['bot_id', sa.literal_column('last_tau DESC'), sa.literal_column('id DESC')], unique=False, schema='flotilla')
    op.create_index('ix_decisions_of_symbol', 'decisions', ['bot_id', 'symbol', sa.literal_column('id DESC')], unique=False, schema='flotilla')
    op.create_table('seen_minutes',
    sa.Column('account_id', sa.Text(), nullable=False),
    sa.Column('tau', sa.DateTime(timezone=True), nullable=False),
    sa.Column('session_open', sa.DateTime(timezone=True), nullable=False),
    sa.Column('session_close', sa.DateTime(timezone=True), nullable=False),
    sa.Column('bars', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['flotilla.accounts.id'], name=op.f('fk_seen_minutes_account_id_accounts')),
    sa.PrimaryKeyConstraint('account_id', 'tau', name=op.f('pk_seen_minutes')),
    schema='flotilla'
    )
    op.create_table('seen_learnt',
    sa.Column('account_id', sa.Text(), nullable=False),
    sa.Column('symbol', sa.Text(), nullable=False),
    sa.Column('tau', sa.DateTime(timezone=True), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('first_start', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_start', sa.DateTime(timezone=True), nullable=False),
    sa.Column('bars', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['flotilla.accounts.id'], name=op.f('fk_seen_learnt_account_id_accounts')),
    sa.PrimaryKeyConstraint('account_id', 'symbol', 'tau', 'kind', name=op.f('pk_seen_learnt')),
    schema='flotilla'
    )
    op.create_table('replay_origins',
    sa.Column('bot_id', sa.Text(), nullable=False),
    sa.Column('tau', sa.DateTime(timezone=True), nullable=False),
    sa.Column('account_id', sa.Text(), nullable=False),
    sa.Column('cause', sa.Text(), nullable=False),
    sa.Column('bot_version', sa.Integer(), nullable=False),
    sa.Column('values', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['flotilla.accounts.id'], name=op.f('fk_replay_origins_account_id_accounts')),
    sa.ForeignKeyConstraint(['bot_id'], ['flotilla.bots.id'], name=op.f('fk_replay_origins_bot_id_bots')),
    sa.PrimaryKeyConstraint('bot_id', 'tau', name=op.f('pk_replay_origins')),
    schema='flotilla'
    )
    op.create_table('bot_steps',
    sa.Column('bot_id', sa.Text(), nullable=False),
    sa.Column('tau', sa.DateTime(timezone=True), nullable=False),
    sa.Column('journal', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['bot_id'], ['flotilla.bots.id'], name=op.f('fk_bot_steps_bot_id_bots')),
    sa.PrimaryKeyConstraint('bot_id', 'tau', name=op.f('pk_bot_steps')),
    schema='flotilla'
    )
    op.create_table('parity_reports',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('bot_id', sa.Text(), nullable=False),
    sa.Column('session', sa.Date(), nullable=False),
    sa.Column('first_tau', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_tau', sa.DateTime(timezone=True), nullable=False),
    sa.Column('is_final', sa.Boolean(), nullable=False),
    sa.Column('report', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['bot_id'], ['flotilla.bots.id'], name=op.f('fk_parity_reports_bot_id_bots')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_parity_reports')),
    schema='flotilla'
    )
    op.create_index('uq_parity_reports_session', 'parity_reports', ['bot_id', 'session'], unique=True, schema='flotilla')


def downgrade() -> None:
    for name in ('parity_reports', 'bot_steps', 'replay_origins', 'seen_learnt', 'seen_minutes'):
        op.drop_table(name, schema='flotilla')
    op.drop_index('ix_decisions_of_symbol', table_name='decisions', schema='flotilla')
    op.drop_index('ix_decisions_newest', table_name='decisions', schema='flotilla')
    op.create_index(op.f('ix_flotilla_decisions_bot_id'), 'decisions', ['bot_id'], unique=False, schema='flotilla')
    for name in ('began', 'client_order_id', 'exiting', 'last_bar', 'first_bar'):
        op.drop_column('decisions', name, schema='flotilla')
