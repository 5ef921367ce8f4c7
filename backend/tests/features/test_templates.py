"""Templates are complete bots: nothing is wrong with them, and creating one works as it stands."""

from decimal import Decimal

import pytest

from flotilla.domain import bots
from flotilla.features.templates.router import TEMPLATES
from flotilla.features.templates.schemas import Template
from flotilla.wire.bots import to_spec
from tests.features.api import Api


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.id)
def test_nothing_is_wrong_with_a_template(template: Template) -> None:
    assert bots.problems(to_spec(template.definition)) == []


async def test_templates_are_listed_with_their_rules_in_words(api: Api) -> None:
    listed = await api.get("/templates")
    assert [template["id"] for template in listed] == [template.id for template in TEMPLATES]
    assert len({template["id"] for template in listed}) == len(listed)
    first = listed[0]
    assert first["sentences"] == {
        "entry": "Buy when RSI(14) crosses below 30",
        "exit": "Sell when RSI(14) crosses above 60",
    }
    for template in listed:
        for field in ("name", "audience", "behaviour", "risks"):
            assert template[field]


async def test_a_bot_can_be_made_of_every_template(api: Api) -> None:
    for template in await api.get("/templates"):
        bot = await api.create(**template["definition"] | {"symbols": ["AAPL"]})
        assert bot["name"] == template["name"]
        assert Decimal(bot["capital"]) == 10_000
        begins = [bot[f"{side}_sentence"] for side in template["sentences"]]
        assert all(
            words.endswith(begun) for begun, words in zip(begins, template["sentences"].values(), strict=True)
        )
