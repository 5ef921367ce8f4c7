"""What the kill switch's routes take and answer."""

from datetime import datetime

from pydantic import Field, model_validator

from flotilla.wire.base import Model, Money


class KillSwitchRequest(Model):
    """Entries are cancelled and none is sent, whatever else is asked; protection stays."""

    flatten: bool = Field(False, description="Cancel the bots' orders and close what the bots hold.")
    unmanaged: bool = Field(False, description="Also cancel the orders and close what is no bot's.")

    @model_validator(mode="after")
    def _second_choice(self) -> "KillSwitchRequest":
        if self.unmanaged and not self.flatten:
            raise ValueError("What is no bot's is closed only together with what the bots hold")
        return self


class ConsequencesOut(Model):
    """What the switch would do now, to what the bots have. USD at the last closes."""

    bots: int = Field(description="Bots that run or are paused: none of them enters.")
    entries: int = Field(description="Open entry orders: they are cancelled.")
    orders: int = Field(description="All open orders of the bots: flattening cancels them.")
    positions: int = Field(description="What flattening closes.")
    unmanaged: int = Field(
        description="Symbols held by no bot: the second choice closes them, and cancels "
        "every order at the broker that is not Flotilla's."
    )
    value: Money = Field(description="What the positions are worth, long and short.")
    unrealized_pnl: Money = Field(description="What closing them at the last closes would realise.")


class KillSwitchOut(Model):
    """The switch, and its consequences in numbers. `engaged_at` is null while it is off."""

    account_id: str
    engaged: bool
    flatten: bool
    unmanaged: bool
    engaged_at: datetime | None
    released_at: datetime | None
    consequences: ConsequencesOut
