"""What a person is to be told of, whatever page they look at."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from flotilla.wire.base import Model


class AlertOut(Model):
    """A sentence, and the code by which a program knows it."""

    code: str = Field(description="What kind of alert it is.", examples=["KILL_SWITCH_ENGAGED"])
    severity: Literal["info", "warning", "error"]
    account_id: str
    text: str
    at: datetime = Field(description="Wall time.")
    symbol: str | None = None
    finding_id: str | None = Field(None, description="The difference with the broker that it is about.")
