"""The kill switch closes what is no bot's: an order of the account's own without a finding."""

from alembic import op
revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column('account_orders', 'finding_id', nullable=True, schema='flotilla')


def downgrade() -> None:
    op.execute('DELETE FROM flotilla.account_orders WHERE finding_id IS NULL')
    op.alter_column('account_orders', 'finding_id', nullable=False, schema='flotilla')
