"""What a medical device measures of its patient: readings that it signs, and batches of them.

A device signs each reading as EIP-712 typed data of the IomtRegistry of its network:

    Reading(address device,uint32 sequence,uint64 time,bytes32 kind,Measure measure)
    Measure(int64 value,uint8 decimals,bytes32 salt)

``kind`` is "<LOINC code> <UCUM unit>" in ASCII with zeros behind, the measured value is
value / 10**decimals.  The leaf of a reading is keccak256(digest), which hashes 32 bytes and so is
no inner node of a tree, which hashes 64.  All of a reading but its value can be shown: the hash of
the Measure stands for the rest, and the salt keeps it from being guessed.  Sequence numbers are
not written down: reading k of a batch has the number first_sequence + k.
Source: EIP-712; records.md section 3 (IomtRegistry); IomtRegistry.sol checks the same leaves.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

from node.base.keccak import keccak256
from node.base.keys import SIGNATURE_BYTES, recover
from node.base.limits_records import BATCH_READINGS_COUNT_MAX
from node.base.ports import Entropy, Signer
from node.base.types import Address, Hash32
from node.privacy.canonical_json import EXACT_INTEGER_MAX, key_path
from node.privacy.consent import Domain
from node.privacy.errors import ReadingSignatureError, RecordError
from node.privacy.merkle import proof_of, root_of
from node.privacy.record_fields import (
    as_object,
    check_keys,
    hex_of,
    integer_of,
    list_of,
    text_of,
)
from node.privacy.unshown import Unshown

SALT_BYTES: Final = 32
DECIMALS_MAX: Final = 9
SEQUENCE_MAX: Final = 2**32 - 1
Shown: TypeAlias = tuple[int, int, bytes, bytes]
"""Sequence, time, kind and hash of the Measure: what an alert shows of a reading."""
_ADDRESS_BYTES: Final = 20
_KIND_BYTES: Final = 32
_KIND: Final = re.compile(r"([0-9]{1,7})-([0-9]) [!-~]+")
_MEASURE: Final = b"Measure(int64 value,uint8 decimals,bytes32 salt)"
_MEASURE_TYPE: Final = keccak256(_MEASURE)
_READING_TYPE: Final = keccak256(
    b"Reading(address device,uint32 sequence,uint64 time,bytes32 kind,Measure measure)" + _MEASURE
)
_BATCH_KEYS: Final = ("device", "first_sequence", "readings")
_READING_KEYS: Final = ("time_s", "kind", "value", "decimals", "salt", "signature")


@dataclass(frozen=True, slots=True, repr=False)
class Sample(Unshown):
    """What a sensor gives, before anybody has signed it."""

    time_s: int
    """Unix time by the device's clock."""
    kind: str
    """LOINC code and UCUM unit, such as ``8867-4 /min``."""
    value: int
    """The measured value times 10**decimals."""
    decimals: int = 0


@dataclass(frozen=True, slots=True, repr=False)
class Reading(Unshown):
    """A sample with its salt and the signature of its device."""

    sample: Sample
    salt: bytes
    signature: bytes
    """65 bytes r, s, v with v 0 or 1."""


@dataclass(frozen=True, slots=True, repr=False)
class ReadingBatch(Unshown):
    """Readings ``first_sequence``, ``first_sequence + 1``, ... of one device."""

    device: Address
    first_sequence: int
    readings: tuple[Reading, ...]

    def shown(self, index: int) -> Shown:
        """Give what an alert shows of a reading."""
        reading = self.readings[index]
        sample = reading.sample
        measure = _measure_hash(sample, reading.salt)
        return self.first_sequence + index, sample.time_s, kind_word(sample.kind), measure

    def leaves(self, domain: Domain) -> tuple[Hash32, ...]:
        """Give the leaves of the batch's tree, in order."""
        places = range(len(self.readings))
        return tuple(keccak256(_digest(self.device, self.shown(k), domain)) for k in places)

    def root(self, domain: Domain) -> Hash32:
        """Give the root that the ledger has of this batch."""
        return root_of(self.leaves(domain))

    def proof(self, index: int, domain: Domain) -> tuple[Hash32, ...]:
        """Give the proof of a reading."""
        return proof_of(self.leaves(domain), index)

    def check(self, domain: Domain) -> None:
        """Check that every reading is signed by the device.  raises ReadingSignatureError."""
        for index, reading in enumerate(self.readings):
            digest = _digest(self.device, self.shown(index), domain)
            if recover(digest, reading.signature) != self.device:
                raise ReadingSignatureError(self.device, self.first_sequence + index)


def sign_readings(
    samples: Sequence[Sample],
    *,
    first_sequence: int,
    domain: Domain,
    signer: Signer,
    entropy: Entropy,
) -> ReadingBatch:
    """Sign samples with the key of their device, each under a salt of its own.

    ``domain``    of the IomtRegistry, not of the ConsentRegistry.
    raises        RecordError: a sample out of range, times that go back, no sample or too many.
    """
    device = signer.address
    readings: list[Reading] = []
    for index, sample in enumerate(samples):
        _check_sample(sample, f"readings[{index}]")
        salt = entropy.take(SALT_BYTES)
        shown = (
            first_sequence + index,
            sample.time_s,
            kind_word(sample.kind),
            _measure_hash(sample, salt),
        )
        readings.append(Reading(sample, salt, signer.sign(_digest(device, shown, domain))))
    batch = ReadingBatch(device, first_sequence, tuple(readings))
    _check_order(batch)
    return batch


def kind_word(kind: str) -> bytes:
    """Give a kind as the ledger has it: ASCII, zeros behind.

    raises        RecordError: no LOINC code with its check digit and a unit, or over 32 bytes.
    """
    _check_kind(kind, "")
    return kind.encode("ascii").ljust(_KIND_BYTES, b"\0")


def batch_document(batch: ReadingBatch) -> dict[str, object]:
    """Give a batch as the JSON object that it is committed by."""
    return {
        "device": batch.device.hex(),
        "first_sequence": batch.first_sequence,
        "readings": [
            {
                "time_s": one.sample.time_s,
                "kind": one.sample.kind,
                "value": one.sample.value,
                "decimals": one.sample.decimals,
                "salt": one.salt.hex(),
                "signature": one.signature.hex(),
            }
            for one in batch.readings
        ],
    }


def read_batch(document: Mapping[str, object]) -> ReadingBatch:
    """Read the object of a batch, strictly.  Signatures are looked at by ``check`` only.

    raises        RecordError: a key is missing, unknown or of a wrong type, or times go back.
    """
    check_keys(document, _BATCH_KEYS, "")
    readings: list[Reading] = []
    for index, each in enumerate(list_of(document, "readings")):
        path = f"readings[{index}]"
        fields = as_object(each, path)
        check_keys(fields, _READING_KEYS, path)
        sample = Sample(
            time_s=integer_of(fields, "time_s", EXACT_INTEGER_MAX, path=path),
            kind=text_of(fields, "kind", path),
            value=integer_of(
                fields, "value", EXACT_INTEGER_MAX, at_least=-EXACT_INTEGER_MAX, path=path
            ),
            decimals=integer_of(fields, "decimals", DECIMALS_MAX, path=path),
        )
        _check_kind(sample.kind, path)
        salt = hex_of(fields, "salt", SALT_BYTES, path)
        readings.append(Reading(sample, salt, hex_of(fields, "signature", SIGNATURE_BYTES, path)))
    batch = ReadingBatch(
        Address(hex_of(document, "device", _ADDRESS_BYTES)),
        integer_of(document, "first_sequence", SEQUENCE_MAX),
        tuple(readings),
    )
    _check_order(batch)
    return batch


def _check_order(batch: ReadingBatch) -> None:
    count = len(batch.readings)
    if not 1 <= count <= BATCH_READINGS_COUNT_MAX:
        raise RecordError("readings", f"has {count}, wants 1 to {BATCH_READINGS_COUNT_MAX}")
    if batch.first_sequence + count - 1 > SEQUENCE_MAX:
        raise RecordError("first_sequence", f"leads beyond {SEQUENCE_MAX}")
    times = [one.sample.time_s for one in batch.readings]
    for index, (before, after) in enumerate(pairwise(times), start=1):
        if after < before:
            raise RecordError(f"readings[{index}].time_s", "is before the reading before it")


def _check_sample(sample: Sample, path: str) -> None:
    """Refuse in a sample what ``read_batch`` would refuse in its record."""
    fields = {"time_s": sample.time_s, "value": sample.value, "decimals": sample.decimals}
    integer_of(fields, "time_s", EXACT_INTEGER_MAX, path=path)
    integer_of(fields, "value", EXACT_INTEGER_MAX, at_least=-EXACT_INTEGER_MAX, path=path)
    integer_of(fields, "decimals", DECIMALS_MAX, path=path)
    _check_kind(sample.kind, path)


def _check_kind(kind: str, path: str) -> None:
    found = _KIND.fullmatch(kind)
    if found is None or len(kind) > _KIND_BYTES:
        raise RecordError(key_path(path, "kind"), "wants a LOINC code and a UCUM unit")
    if _check_digit(found[1]) != int(found[2]):
        raise RecordError(key_path(path, "kind"), "has a LOINC code with a wrong check digit")


def _check_digit(digits: str) -> int:
    """Give the Mod 10 check digit of a LOINC code (LOINC Users' Guide, appendix C)."""
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[::-2])
    return -(doubled + sum(int(digit) for digit in digits[-2::-2])) % 10


def _measure_hash(sample: Sample, salt: bytes) -> Hash32:
    value = sample.value.to_bytes(32, signed=True)
    return keccak256(_MEASURE_TYPE + value + sample.decimals.to_bytes(32) + salt)


def _digest(device: Address, shown: Shown, domain: Domain) -> Hash32:
    sequence, time_s, kind, measure = shown
    place = device.rjust(32, b"\0") + sequence.to_bytes(32) + time_s.to_bytes(32)
    return domain.digest(keccak256(_READING_TYPE + place + kind + measure))
