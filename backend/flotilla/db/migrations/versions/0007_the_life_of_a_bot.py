"""The life of a bot: pauses, attempts, edits while it runs, its day, and the account's kill switch."""

import sqlalchemy as sa
from alembic import op
revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint(op.f('ck_bots_desired_status'), 'bots', schema='flotilla')
    op.create_check_constraint(op.f('ck_bots_desired_status'), 'bots', "desired_status IN ('running', 'paused', 'stopped')", schema='flotilla')
    op.add_column('bots', sa.Column('failures', sa.Integer(), server_default='0', nullable=False), schema='flotilla')
    op.alter_column('bots', 'failures', server_default=None, schema='flotilla')
    op.add_column('bots', sa.Column('next_attempt_at', sa.DateTime(timezone=True), nullable=True), schema='flotilla')
    op.add_column('bots', sa.Column('protection_version', sa.Integer(), server_default='0', nullable=False), schema='flotilla')
    op.alter_column('bots', 'protection_version', server_default=None, schema='flotilla')
    op.add_column('bots', sa.Column('day', sa.Date(), nullable=True), schema='flotilla')
    op.add_column('bots', sa.Column('equity', sa.Numeric(), nullable=True), schema='flotilla')
    op.create_table('kill_switches',
    sa.Column('account_id', sa.Text(), nullable=False),
    sa.Column('flatten', sa.Boolean(), nullable=False),
    sa.Column('unmanaged', sa.Boolean(), nullable=False),
    sa.Column('engaged_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('released_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['flotilla.accounts.id'], name=op.f('fk_kill_switches_account_id_accounts')),
    sa.PrimaryKeyConstraint('account_id', name=op.f('pk_kill_switches')),
    schema='flotilla'
    )


def downgrade() -> None:
    op.drop_table('kill_switches', schema='flotilla')
    op.drop_column('bots', 'equity', schema='flotilla')
    op.drop_column('bots', 'day', schema='flotilla')
    op.drop_column('bots', 'protection_version', schema='flotilla')
    op.drop_column('bots', 'next_attempt_at', schema='flotilla')
    op.drop_column('bots', 'failures', schema='flotilla')
    op.execute("UPDATE flotilla.bots SET desired_status = 'running' WHERE desired_status = 'paused'")
    op.drop_constraint(op.f('ck_bots_desired_status'), 'bots', schema='flotilla')
    op.create_check_constraint(op.f('ck_bots_desired_status'), 'bots', "desired_status IN ('running', 'stopped')", schema='flotilla')
