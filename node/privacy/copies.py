"""A patient's copy of the own records: the entries as they were committed, sealed to the patient.

Every entry comes with the salt of its commitment, so whoever holds the copy can hold each line
against the ledger.  What the ledger gets of the copy itself is salted too: it says nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from node.base.codec import pack, unpack
from node.base.errors import CodecError
from node.base.ports import Entropy
from node.base.types import Hash32
from node.privacy.record import Record, commitment, open_ready, seal_ready
from node.privacy.sealing import open_sealed, seal
from node.privacy.unshown import Unshown

_LABEL: Final = b"wardnet/copy/v1\x00"
_SALT_BYTES: Final = 32
_ROW_FIELDS: Final = 3


@dataclass(frozen=True, slots=True, repr=False)
class CopiedEntry(Unshown):
    """One entry of a PMR, with the salt of its commitment."""

    pmr_id: int
    index: int
    salt: bytes
    record: Record


@dataclass(frozen=True, slots=True)
class SealedCopy:
    """A copy on its way to its patient."""

    commitment: Hash32
    sealed: bytes


def seal_copy(
    entries: Sequence[CopiedEntry], copy_id: int, patient_key: bytes, entropy: Entropy
) -> SealedCopy:
    """Seal the entries of a copy to the patient's X25519 key.

    raises        SealingKeyError.  RecordError: a field of a record.
    """
    rows = [
        [one.pmr_id.to_bytes(32), one.index, seal_ready(one.record, one.salt)] for one in entries
    ]
    body, salt = pack(rows), entropy.take(_SALT_BYTES)
    sealed = seal(patient_key, _info(copy_id), salt + body, entropy)
    return SealedCopy(commitment(salt, body), sealed)


def open_copy(private_key: bytes, copy_id: int, copy: SealedCopy) -> tuple[CopiedEntry, ...]:
    """Open a copy and hold it against its commitment.

    raises        SealedBoxError: another key, another copy, or changed bytes.
                  CodecError: no copy, or not the one that was committed to.
                  RecordError: a record in it.
    """
    plain = open_sealed(private_key, _info(copy_id), copy.sealed)
    salt, body = plain[:_SALT_BYTES], plain[_SALT_BYTES:]
    if len(salt) != _SALT_BYTES or commitment(salt, body) != copy.commitment:
        raise CodecError("copy", "it is not what the ledger commits to")
    rows = unpack(body, bytes_max=len(body))
    if not isinstance(rows, list):
        raise CodecError("copy", "wants a list of entries")
    return tuple(_entry(row) for row in rows)


def _entry(row: object) -> CopiedEntry:
    match row:
        case [bytes(pmr_id), int(index), bytes(envelope)]:
            salt, record = open_ready(envelope)
            return CopiedEntry(int.from_bytes(pmr_id), index, salt, record)
        case _:
            raise CodecError("copy", f"wants {_ROW_FIELDS} fields of an entry")


def _info(copy_id: int) -> bytes:
    return _LABEL + copy_id.to_bytes(32)
