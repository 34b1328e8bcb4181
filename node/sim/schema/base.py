"""What the models of the scenario language share: strictness, ids, numbers, references."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, WithJsonSchema

from node.sim.schema.units import duration_text, wants

ID_PATTERN: Final = "[a-z0-9][a-z0-9-]{0,31}"
_ID: Final = re.compile(ID_PATTERN)
_ERROR_NAME: Final = re.compile("[A-Za-z][A-Za-z0-9_]{0,63}")
REFERENCE: Final = "x-refers-to"
"""Key of a field's JSON schema that names the kind of thing the field's text must name."""


class Section(BaseModel):
    """A mapping of the file: unknown keys are errors, nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class PlacedSection(Section):
    """A mapping that knows the line it begins on, for messages at run time."""

    _line: int = PrivateAttr(default=0)

    @property
    def line(self) -> int:
        """Give the line of the file, from 1; 0 when the mapping does not come from a file."""
        return self._line

    def place_at(self, line: int) -> None:
        """Note the line; the loader does this once, before anybody else sees the model."""
        self._line = line


def is_id(value: object) -> bool:
    """Say whether a value may name a node, an actor or a step."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def refers_to(kind: str, **field: Any) -> Any:  # noqa: ANN401 - as pydantic's Field
    """Declare a field whose text names another thing of the file; see ``references``."""
    return Field(json_schema_extra={REFERENCE: kind}, **field)


def _ident(value: object) -> object:
    if not is_id(value):
        raise wants("an id of a-z, 0-9 and -, at most 32 characters")
    return value


def present(value: object) -> object:
    """Refuse an empty value where None is only for what the loader itself makes."""
    if value is None:
        raise wants("a value")
    return value


def _error_name(value: object) -> object:
    if not isinstance(value, str) or _ERROR_NAME.fullmatch(value) is None:
        raise wants("the name of an error, like GrantNotActive or EXPIRED")
    return value


def whole(low: int, high: int) -> BeforeValidator:
    """Accept whole numbers in low .. high."""

    def read(value: object) -> object:
        if type(value) is not int or not low <= value <= high:
            raise wants(f"a whole number from {low} to {high}")
        return value

    bounded = Annotated[int, Field(ge=low, le=high)]
    return BeforeValidator(read, json_schema_input_type=bounded)


def duration_field(default_us: int, alias: str) -> Any:  # noqa: ANN401 - as pydantic's Field
    """Declare a duration with a default; the JSON schema shows it as a file would."""
    shown: dict[str, Any] = {"default": duration_text(default_us)}
    return Field(default=default_us, alias=alias, json_schema_extra=shown)


def listed(what: str) -> BeforeValidator:
    """Accept lists that are not empty; ``what`` says what would be right."""
    return _shaped(what, lambda value: isinstance(value, tuple) and len(value) > 0)


def mapped(what: str) -> BeforeValidator:
    """Accept mappings; ``what`` says what would be right."""
    return _shaped(what, lambda value: isinstance(value, dict))


def _shaped(what: str, fits: Callable[[object], bool]) -> BeforeValidator:
    def read(value: object) -> object:
        if not fits(value):
            raise wants(what)
        return value

    return BeforeValidator(read)


Id: TypeAlias = Annotated[
    str, BeforeValidator(_ident), WithJsonSchema({"type": "string", "pattern": f"^{ID_PATTERN}$"})
]
ErrorName: TypeAlias = Annotated[str, BeforeValidator(_error_name)]
