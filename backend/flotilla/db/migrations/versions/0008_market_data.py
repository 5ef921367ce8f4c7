"""How fresh market data is, the clock's offset, and fees that are taken in the coin."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB
revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('engine_state', sa.Column('feeds', JSONB(), nullable=True), schema='flotilla')
    op.add_column('engine_state', sa.Column('clock_offset', sa.Float(), nullable=True), schema='flotilla')
    op.add_column(
        'fills',
        sa.Column('coin_fee', sa.Numeric(), server_default='0', nullable=False),
        schema='flotilla',
    )


def downgrade() -> None:
    op.drop_column('fills', 'coin_fee', schema='flotilla')
    op.drop_column('engine_state', 'clock_offset', schema='flotilla')
    op.drop_column('engine_state', 'feeds', schema='flotilla')
