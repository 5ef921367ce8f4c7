from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from flotilla.db.tables.base import Table


class KillSwitchRow(Table):
    """An account's kill switch, once it was ever used; on while `released_at` is empty.

    `flatten`: what the bots hold is closed; `unmanaged`: what nobody of ours holds, too.
    """

    __tablename__ = "kill_switches"

    account_id: Mapped[str] = mapped_column(ForeignKey("flotilla.accounts.id"), primary_key=True)
    flatten: Mapped[bool]
    unmanaged: Mapped[bool]
    engaged_at: Mapped[datetime]
    released_at: Mapped[datetime | None]
