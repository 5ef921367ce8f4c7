"""The metadata of Flotilla's own schema, and the column types that hold everywhere."""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

import uuid_utils
from sqlalchemy import DateTime, MetaData, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase

METADATA = MetaData(
    schema="flotilla",
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    },
)


class Table(DeclarativeBase):
    """Money and quantities are NUMERIC, times timestamptz, ids UUIDv7 text, documents JSONB."""

    metadata = METADATA
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        Decimal: Numeric(),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
    }


def new_id() -> str:
    """A fresh UUIDv7: unique, and sorted by the time it was made."""
    return str(uuid_utils.uuid7())
