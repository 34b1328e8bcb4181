"""The essential share as a line of text that fits into a QR code.

``WARDNET:`` and the container of 152 bytes in base32 (RFC 4648) without padding: 252 characters
of the alphanumeric mode, version 9-M (privacy-and-interop.md section 9).  Whoever has this line
has the patient's share.
"""

from base64 import b32decode, b32encode
from binascii import Error
from typing import Final

from node.sss.errors import EssentialTextError, ShareFormatError
from node.sss.shares import (
    AEAD_SCHEMES,
    CONTAINER_FRAME_BYTES,
    Container,
    Kind,
    decode_container,
)

PREFIX: Final = "WARDNET:"
_CONTAINER_BYTES: Final = CONTAINER_FRAME_BYTES + 32
_DIGITS: Final = -(-_CONTAINER_BYTES * 8 // 5)
TEXT_CHARACTERS: Final = len(PREFIX) + _DIGITS
_PADDING: Final = "=" * (-_DIGITS % 8)


def to_text(share: Container) -> str:
    """Give the line of an essential share.

    raises        EssentialTextError: a custodian's share, or a scheme whose essential share is as
                  long as the record.
    """
    if share.kind is not Kind.ESSENTIAL:
        raise EssentialTextError(f"this is the share of custodian {share.index}")
    if share.scheme not in AEAD_SCHEMES:
        raise EssentialTextError(
            f"the essential share of scheme {share.scheme.value} is as long as the record "
            f"({len(share.payload)} bytes), only the one of ssms-1tn has a fixed size"
        )
    return PREFIX + b32encode(share.encode()).decode().rstrip("=")


def from_text(text: str) -> Container:
    """Read the line of an essential share strictly.

    raises        ShareFormatError: ``text``, it is no such line; ``kind``, it is no essential
                  share; or what ``decode_container`` finds.
    """
    digits = text.removeprefix(PREFIX)
    if digits == text or len(digits) != _DIGITS:
        raise ShareFormatError("text")
    try:
        raw = b32decode(digits + _PADDING)
    except (Error, ValueError) as error:  # ValueError: not ASCII
        raise ShareFormatError("text") from error
    container = decode_container(raw)
    if container.kind is not Kind.ESSENTIAL:
        raise ShareFormatError("kind", container.index)
    if to_text(container) != text:  # bits behind the last byte
        raise ShareFormatError("text")
    return container
