"""structlog as wardnet uses it: events are ``area.past_verb``, values are keyword fields."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

_SECRET_FIELDS: Final = frozenset({"payload", "key", "share", "e", "salt", "secret", "record"})


def drop_secrets(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Remove fields that could carry key material or record content."""
    for name in _SECRET_FIELDS.intersection(event):
        event[name] = "?"
    return event


def configure(level: str = "warning") -> None:
    """Write log lines to stderr; ``level`` is a name of the standard library's levels."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            drop_secrets,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
