"""Folders of durable custody stores: opened, searched byte by byte, spoilt."""

from itertools import count

from node.base.keys import PrivateKey
from node.base.rng import TreeEntropy
from node.base.types import Hash32
from node.privacy.custody_sqlite import SqliteCustodyStore, open_custody_store
from node.privacy.custody_sqlite_open import FILE_NAME, KEYS_FOLDER, CustodyOptions

KEY = bytes(range(32))
_OPENINGS = count()
"""No two openings draw the same: keys would come twice."""
OWNER = PrivateKey.from_bytes(b"\x41" * 32)


def options(**changes) -> CustodyOptions:
    made = {
        "genesis_hash": Hash32(b"\x07" * 32),
        "custodian": OWNER.address,
        "key": KEY,
        "entropy": TreeEntropy(next(_OPENINGS), "custody store"),
    }
    return CustodyOptions(**{**made, **changes})


def opened(folder, **changes) -> SqliteCustodyStore:
    return open_custody_store(folder, options(**changes))


def key_files(folder):
    return sorted((folder / KEYS_FOLDER).iterdir())


def files_with(folder, sought: bytes) -> list[str]:
    """Give the names of all files of a folder, whatever they are, in which the bytes occur."""
    assert len(sought) >= 16
    return [
        path.name
        for path in sorted(folder.rglob("*"))
        if path.is_file() and sought in path.read_bytes()
    ]


def database_of(folder):
    return folder / FILE_NAME
