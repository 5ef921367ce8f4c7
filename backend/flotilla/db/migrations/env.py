from flotilla.db import alembic_env
from flotilla.db.tables import METADATA

alembic_env.run(METADATA, schema="flotilla")
