"""`/api/templates`: whole bots to begin with."""

from fastapi import APIRouter

from flotilla.domain import bots
from flotilla.features.templates.bands import BANDS
from flotilla.features.templates.schemas import TemplateOut
from flotilla.features.templates.trend import TREND
from flotilla.wire.bots import to_spec

TEMPLATES = (*TREND, *BANDS)

router = APIRouter(prefix="/templates", tags=["templates"])


@router.get("")
async def list_templates() -> list[TemplateOut]:
    """List ways to begin: each is a complete definition that can be created as it stands."""
    return [
        TemplateOut(
            **{name: getattr(template, name) for name in type(template).model_fields},
            sentences=dict(bots.describe(to_spec(template.definition))),
        )
        for template in TEMPLATES
    ]
