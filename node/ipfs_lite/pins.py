"""What a pin asks for and what of it stands (content-store.md, section 9)."""

from dataclasses import replace

from node.base.limits import NAME_BYTES_MAX
from node.base.types import Cid
from node.ipfs_lite.blocks import Pin, PinMode, PinState
from node.ipfs_lite.cid import to_text
from node.ipfs_lite.errors import PinConflictError
from node.ipfs_lite.graph import is_linking


def is_deep(pin: Pin) -> bool:
    """Say whether a pin means what lies below its block too.

    A recursive pin of a raw CID does not, even when the same bytes are also a node.
    """
    return pin.mode is PinMode.RECURSIVE and is_linking(pin.cid)


def holds(pin: Pin) -> bool:
    """Say whether a pin holds blocks now."""
    return pin.state is PinState.PINNED


def settled(old: Pin | None, new: Pin) -> Pin:
    """Give the pin of a CID after ``new`` was asked for where ``old`` is.

    A pin that stands is not given up for one that is only queued or has failed: until its fetch
    has ended, its blocks would be garbage.

    raises        PinConflictError: direct where a recursive one is, or a bad name.
    """
    _check_name(new)
    if old is None:
        return new
    if old.mode is PinMode.RECURSIVE and new.mode is PinMode.DIRECT:
        raise PinConflictError(
            to_text(new.cid), "is pinned recursively already: unpin it before pinning it directly"
        )
    if holds(old) and not holds(new):
        return old
    return replace(new, created_s=old.created_s) if old.mode is new.mode else new


def _check_name(pin: Pin) -> None:
    try:
        name_bytes = len(pin.name.encode())
    except UnicodeEncodeError as error:
        raise PinConflictError(to_text(pin.cid), "the name of its pin is not UTF-8") from error
    if name_bytes > NAME_BYTES_MAX:
        raise PinConflictError(
            to_text(pin.cid),
            f"the name of its pin has {name_bytes} bytes, at most {NAME_BYTES_MAX}",
        )


def reason_of_own(mode: PinMode) -> str:
    """Say in words that a pin of its own keeps a block."""
    return "pinned recursively" if mode is PinMode.RECURSIVE else "pinned directly"


def reason_below(cid: Cid) -> str:
    """Say in words that a pin above keeps a block."""
    return f"below the pin {to_text(cid)}"


def reason_guarded(session: str) -> str:
    """Say in words that a running add, import or fetch keeps a block."""
    return f"guarded by {session}"
