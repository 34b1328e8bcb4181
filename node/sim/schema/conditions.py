"""``when``: an expectation that counts only for some values of the resolved file (section 12)."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, BeforeValidator

from node.sim.schema.units import duration_us, wants


def _conditions(value: object) -> object:
    if not isinstance(value, dict) or not value:
        raise wants("a mapping like {chain.consensus: qbft}")
    return value


When: TypeAlias = Annotated[dict[str, Any], BeforeValidator(_conditions)]
"""Dotted path of the file -> the value it must have, or a tuple of those it may have."""


def value_at(model: BaseModel, path: str) -> object:
    """Give the value of a resolved scenario at a dotted path as the file writes it.

    raises        KeyError: there is no such key.
    """
    found: object = model
    for part in path.split("."):
        if isinstance(found, BaseModel):
            found = getattr(found, _field(type(found), part))
        elif isinstance(found, Mapping):
            found = found[part]
        else:
            raise KeyError(part)
    return found


def is_met(model: BaseModel, when: Mapping[str, Any]) -> bool:
    """Say whether a resolved scenario has all values asked for."""
    return all(_fits(value_at(model, path), wanted) for path, wanted in when.items())


def _field(model: type[BaseModel], key: str) -> str:
    for name, field in model.model_fields.items():
        if key == (field.alias or name):
            return name
    raise KeyError(key)


def _fits(actual: object, wanted: object) -> bool:
    options = wanted if isinstance(wanted, tuple) else (wanted,)
    if any(actual == one and type(actual) is type(one) for one in options):
        return True
    return type(actual) is int and any(duration_us(one) == actual for one in options)
