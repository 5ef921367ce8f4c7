"""Pages by cursor: `{items, next_cursor}`. A cursor is opaque and stays right while rows arrive."""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from fastapi import Query

from flotilla.domain.errors import Invalid, Problem
from flotilla.wire.base import Model

Item = TypeVar("Item")
Row = TypeVar("Row")

Limit = Annotated[int, Query(ge=1, le=500, description="Rows of a page.")]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before.")]


class Page(Model, Generic[Item]):
    """One page of a list; `next_cursor` is null on the last."""

    items: list[Item]
    next_cursor: str | None


def encode(moment: datetime, row_id: str) -> str:
    """The cursor that continues after the row of `moment` and `row_id`."""
    return base64.urlsafe_b64encode(f"{moment.isoformat()}|{row_id}".encode()).decode()


def decode(cursor: str) -> tuple[datetime, str]:
    """The moment and id that a cursor stands for. Raises Invalid on anything else."""
    try:
        moment, row_id = base64.urlsafe_b64decode(cursor.encode()).decode().split("|")
        # In UTC, so that what no database can hold is refused here; ids are UUIDs.
        return datetime.fromisoformat(moment).astimezone(UTC), str(UUID(row_id))
    except (ValueError, OverflowError, binascii.Error) as error:
        raise Invalid([Problem("cursor", "This cursor is not one of ours; start again.")]) from error


def cut(rows: Sequence[Row], limit: int) -> tuple[Sequence[Row], Row | None]:
    """Split `limit + 1` fetched rows into the page and the row that the next cursor follows."""
    page = rows[:limit]
    return page, page[-1] if len(rows) > limit else None
