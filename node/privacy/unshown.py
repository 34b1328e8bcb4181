"""Values that must not show up in a log, a trace or a message because somebody printed them."""


class Unshown:
    """Gives a class a ``repr`` of its name only; its fields are a person's."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"
