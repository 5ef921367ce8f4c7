from flotilla.db import alembic_env
from flotilla.practice.tables import METADATA

alembic_env.run(METADATA, schema="practice")
