"""A new store key: the data keys are encrypted under it, the blocks stay as they are.

Whoever has the old key and an old copy of the index can still read what was there then; what is
left over on the disk of blocks deleted since opens with no key any more.
"""

from typing import Final

from node.ipfs_lite.errors import StoreKeyError
from node.ipfs_lite.hybrid_open import KEY_ID, KEY_SALT, new_sealer
from node.ipfs_lite.hybrid_options import StoreOptions
from node.ipfs_lite.hybrid_parts import Parts
from node.ipfs_lite.seal import Sealer
from node.storage.meta import Meta

_ROWS_READ_COUNT: Final = 1_000


def rekey(parts: Parts, meta: Meta, options: StoreOptions) -> None:
    """Put every data key under the key or passphrase of ``options``, all in one transaction.

    A block whose data key is damaged is marked bad.
    raises        StoreKeyError: the store is not encrypted, or no new key was given.
    """
    old = parts.sealer
    if old is None:
        raise StoreKeyError("the store is not encrypted, so it has no key to change")
    new, salt = new_sealer(options)
    with parts.writing(), parts.batch():
        last = -1
        while rows := parts.rows.wrapped_keys(last, _ROWS_READ_COUNT):
            last = rows[-1][0]
            _rewrap(parts, old, new, rows)
        meta.set(KEY_ID, new.key_id)
        meta.set(KEY_SALT, salt)
    parts.sealer = new
    parts.database.truncate_log()


def _rewrap(parts: Parts, old: Sealer, new: Sealer, rows: list[tuple[int, bytes, bytes]]) -> None:
    good: list[tuple[bytes, int]] = []
    lost: list[bytes] = []
    for number, multihash, dek in rows:
        wrapped = old.rewrap(dek, new)
        if wrapped is None:
            lost.append(multihash)
        else:
            good.append((wrapped, number))
    parts.rows.set_wrapped_keys(good)
    parts.rows.mark_bad(lost)
