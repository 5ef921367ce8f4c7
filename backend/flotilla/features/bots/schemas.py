"""What the bots' routes take, besides the bot itself."""

from pydantic import Field

from flotilla.domain.bots import OnStop
from flotilla.wire.base import Model, Text
from flotilla.wire.bots import BotDefinition


class NewBot(BotDefinition):
    """A bot to be made. It stays in its account."""

    account_id: Text | None = Field(None, description="Default: the practice account.")

    @property
    def definition(self) -> BotDefinition:
        return BotDefinition(**{name: getattr(self, name) for name in BotDefinition.model_fields})


class StopRequest(Model):
    on_stop: OnStop = Field(
        OnStop.KEEP, description="Keep positions with their protection, or sell them at the market."
    )
