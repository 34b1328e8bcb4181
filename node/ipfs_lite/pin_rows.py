"""The rows of pins in the index of a durable store."""

from collections.abc import Iterator
from typing import Final

from node.base.types import Cid
from node.ipfs_lite.blocks import Pin, PinMode, PinState
from node.storage.database import Database, Row

_COLUMNS: Final = "cid, mode, name, profile, rf_min, rf_max, created, state"
_PINS_READ_COUNT: Final = 1_000
"""Pins that a walk holds at once."""


class PinRows:
    """Reads and writes pins; what is written is part of the running batch."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, cid: Cid) -> Pin | None:
        """Give the pin of exactly this CID."""
        row = self._database.row(f"SELECT {_COLUMNS} FROM pins WHERE cid = ?", cid)  # noqa: S608
        return None if row is None else _pin(row)

    def each(self) -> Iterator[Pin]:
        """Give all pins in the order of their CIDs; they may change meanwhile."""
        last = b""
        while True:
            rows = self._database.read(
                f"SELECT {_COLUMNS} FROM pins WHERE cid > ? ORDER BY cid LIMIT ?",  # noqa: S608
                *(last, _PINS_READ_COUNT),
            )
            for row in rows:
                yield _pin(row)
                last = row[0]
            if len(rows) < _PINS_READ_COUNT:
                return

    def of_block(self, multihash: bytes) -> tuple[Pin, ...]:
        """Give the pins of every CID of one block, in the order of the CIDs."""
        rows = self._database.read(
            # every CID that is stored ends in its multihash
            f"SELECT {_COLUMNS} FROM pins WHERE substr(cid, -34) = ? ORDER BY cid",  # noqa: S608
            multihash,
        )
        return tuple(map(_pin, rows))

    def put(self, pin: Pin) -> None:
        """Set the pin of a CID."""
        self._database.write(
            "INSERT OR REPLACE INTO pins VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            *(pin.cid, pin.mode.value, pin.name, pin.profile),
            *(pin.rf_min, pin.rf_max, pin.created_s, pin.state.value),
        )

    def delete(self, cid: Cid) -> None:
        """Take the pin of a CID out."""
        self._database.write("DELETE FROM pins WHERE cid = ?", cid)


def _pin(row: Row) -> Pin:
    cid, mode, name, profile, rf_min, rf_max, created_s, state = row
    return Pin(Cid(cid), PinMode(mode), name, profile, rf_min, rf_max, created_s, PinState(state))
