"""Why an order was decided."""

import sqlalchemy as sa
from alembic import op
revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('orders', sa.Column('decided_reason', sa.Text(), nullable=True), schema='flotilla')


def downgrade() -> None:
    op.drop_column('orders', 'decided_reason', schema='flotilla')
