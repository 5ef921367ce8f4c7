"""What a person is told without having asked."""

from typing import Literal

from pydantic import Field

from flotilla.wire.base import Model


class AlertOut(Model):
    """A sentence, and the code by which a program knows it."""

    level: Literal["info", "warning", "error"]
    code: str
    message: str
    symbol: str | None = None
    finding_id: str | None = Field(None, description="The difference with the broker that it is about.")
