"""The base model, and how money and text are written."""

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

_PATTERN = r"^-?\d+(\.\d+)?$"


def _plain(value: Decimal) -> str:
    """Write without an exponent, without trailing zeros, and zero without a sign."""
    text = f"{value:f}" if value else "0"
    return text.rstrip("0").rstrip(".") if "." in text else text


# A decimal on the wire is a string, in and out: `number or string` would let floats in.
Money = Annotated[
    Decimal,
    Field(allow_inf_nan=False),
    PlainSerializer(_plain, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _PATTERN, "examples": ["1250.50"]}),
]


def _storable(text: str) -> str:
    if "\0" in text:
        raise PydanticCustomError("nul", "There is nothing with a NUL character in its name.")
    return text


# Text that goes into a query: PostgreSQL refuses NUL in it.
Text = Annotated[str, AfterValidator(_storable)]


class Model(BaseModel):
    """Unknown fields are refused; what is answered always has every field.

    The schema is the answer's in both directions: one type in the page, with every field required.
    (A request may still leave out what has a default.)
    """

    model_config = ConfigDict(
        extra="forbid",
        from_attributes=True,
        json_schema_mode_override="serialization",
        json_schema_serialization_defaults_required=True,
    )
