"""The catalogue on the wire: forms, validation and charts are generated from it."""

from flotilla.wire.base import Model


class ParameterOut(Model):
    name: str
    label: str
    minimum: int
    maximum: int
    default: int


class OutputOut(Model):
    name: str
    label: str
    minimum: float | None
    maximum: float | None


class IndicatorOut(Model):
    name: str
    title: str
    group: str
    explanation: str
    overlay: bool
    parameters: list[ParameterOut]
    outputs: list[OutputOut]
