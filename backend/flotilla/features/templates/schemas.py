"""A way to begin: a whole bot, and what a person should know of it before they choose it."""

from pydantic import Field

from flotilla.wire.base import Model
from flotilla.wire.bots import BotDefinition


class Template(Model):
    id: str
    name: str
    audience: str = Field(description="Who it is for.")
    behaviour: str = Field(description="What it does, and what it waits for.")
    risks: str = Field(description="When it loses.")
    definition: BotDefinition


class TemplateOut(Template):
    """`sentences` are the rules in words, by what they are for: entry, exit, short_entry, short_exit."""

    sentences: dict[str, str]
