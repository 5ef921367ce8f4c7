from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from flotilla.db.tables.base import Table, new_id


class EventRow(Table):
    """The outbox: a fact, written in the transaction that made it true.

    `number` is given by the one relay, in commit order: a number taken at insert could become
    visible after a higher one, and a reader would skip it.
    """

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_unnumbered", "id", postgresql_where=text("number IS NULL")),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    type: Mapped[str]
    bot_id: Mapped[str | None]
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
