"""What ``ConsentRegistry`` keeps of a grant id: the upper half.

So ``Revoked`` and complaints may carry any lower half; whoever looks a grant up by them compares
tags.
"""

from typing import Final

_TAG_BYTES: Final = 16


def tag_of(grant_id: bytes) -> bytes:
    """Give the part of a grant id by which the contract knows the grant."""
    return grant_id[:_TAG_BYTES]
