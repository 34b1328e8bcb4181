"""msgpack from strangers: every limit the decoder knows, and a budget it does not.

Each part is needed: 10 MiB of nested empty arrays cost 736 MiB with the defaults and 99 MiB with
all limits but no budget (network.md, section 2).
"""

from typing import Final

import msgpack

from node.base.errors import FrameError
from node.base.limits import ARRAY_ITEMS_COUNT_MAX

_ARRAY_ITEMS_MAX: Final = 8_192
"""Items of one array."""


def unpack_bounded(
    payload: bytes, *, arrays_max: int, text_bytes_max: int, binary_bytes_max: int
) -> object:
    """Decode the one value that fills ``payload``; arrays come as tuples, maps not at all.

    raises        FrameError: malformed, trailing bytes, invalid UTF-8, any limit exceeded, more
                  than ``arrays_max`` arrays or ARRAY_ITEMS_COUNT_MAX items in all of them.
                  Floats, an empty map and an empty ext object still pass: the caller checks types.
    """
    arrays_left = arrays_max
    items_left = ARRAY_ITEMS_COUNT_MAX

    def spend(items: tuple[object, ...]) -> tuple[object, ...]:
        nonlocal arrays_left, items_left
        arrays_left -= 1
        items_left -= len(items)
        if arrays_left < 0 or items_left < 0:
            raise FrameError(
                f"more than {arrays_max} arrays or {ARRAY_ITEMS_COUNT_MAX} items in one frame"
            )
        return items

    try:
        value: object = msgpack.unpackb(
            payload,
            raw=False,
            use_list=False,
            strict_map_key=True,
            max_str_len=text_bytes_max,
            max_bin_len=binary_bytes_max,
            max_array_len=_ARRAY_ITEMS_MAX,
            max_map_len=0,
            max_ext_len=0,
            timestamp=0,
            list_hook=spend,
        )
    except ValueError as error:  # every exception of the decoder is one, ExtraData too
        raise FrameError(f"no msgpack: {str(error) or type(error).__name__}") from error
    return value
