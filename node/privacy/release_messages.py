"""Bytes of a release request and of a custodian's signed receipt (secret-sharing.md section 9)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from hashlib import sha256
from typing import Final, Self

from node.base.keccak import keccak256
from node.base.keys import SIGNATURE_BYTES, recover
from node.base.ports import Signer
from node.base.types import ZERO_HASH, Address, Hash32
from node.privacy.release_errors import BadReceiptError, ReleaseFormatError

REQUEST_BYTES: Final = 241
RECEIPT_BYTES: Final = 297
SEALED_BYTES: Final = 80
"""A released share: enc 32, ciphertext 32, tag 16."""
OWNER_GRANT_ID: Final = ZERO_HASH
"""What stands for a grant where a patient acts on an own record: no consent hashes to it."""
UNSIGNED: Final = bytes(SIGNATURE_BYTES)
_REQUEST_MAGIC: Final = b"WSR1"
_RECEIPT_MAGIC: Final = b"WSC1"
_REQUEST_BODY_BYTES: Final = REQUEST_BYTES - SIGNATURE_BYTES
_RECEIPT_BODY_BYTES: Final = RECEIPT_BYTES - SIGNATURE_BYTES
_REQUEST_LABEL: Final = b"wardnet/release-request/v1\x00"
_RECEIPT_LABEL: Final = b"wardnet/release-receipt/v1\x00"
_RELEASE_LABEL: Final = b"wardnet/release/v1\x00"
_DEPOSIT_LABEL: Final = b"wardnet/deposit/v1\x00"


class Status(IntEnum):
    """What a custodian says to a request."""

    RELEASED = 0
    BAD_REQUEST = 1
    UNKNOWN_GRANT = 2
    NOT_YET = 3
    EXPIRED = 4
    REVOKED = 5
    NOT_LICENSED = 6
    REPLAY = 7
    HEAD_UNKNOWN = 8
    STALE_STATE = 9
    WRONG_EPOCH = 10
    NO_DEPOSIT = 11
    OUT_OF_SCOPE = 12
    RATE_LIMIT = 13
    SUSPENDED = 14


@dataclass(frozen=True, slots=True)
class Head:
    """A block that a custodian holds for final."""

    number: int
    hash: Hash32
    timestamp_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A grantee asks the custodian of one index for its share of one deal."""

    index: int
    chain_id: int
    grant_id: bytes
    deal_id: bytes
    epoch: int
    grantee: Address
    head_number: int
    head_hash: Hash32
    nonce: bytes
    signature: bytes = UNSIGNED

    def body(self) -> bytes:
        """Give the 176 bytes that are signed."""
        return b"".join(
            (
                _REQUEST_MAGIC,
                bytes((1, self.index, 0, 0)),
                self.chain_id.to_bytes(8),
                self.grant_id,
                self.deal_id,
                self.epoch.to_bytes(4),
                self.grantee,
                self.head_number.to_bytes(8),
                self.head_hash,
                self.nonce,
            )
        )

    def request_id(self) -> Hash32:
        """Give what the grantee signs and the receipt names."""
        return keccak256(_REQUEST_LABEL + self.body())

    def signed(self, signer: Signer) -> Self:
        """Give the request with the signer's signature."""
        return replace(self, signature=signer.sign(self.request_id()))

    def is_signed_by_grantee(self) -> bool:
        """Say whether the signature recovers to ``grantee``."""
        return recover(self.request_id(), self.signature) == self.grantee

    def encode(self) -> bytes:
        """Give the 241 bytes."""
        return self.body() + self.signature

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a request strictly; the signature is not checked here.

        raises        ReleaseFormatError: ``length``, ``magic``, ``format``, ``index``,
                      ``reserved``.
        """
        _check_front("request", raw, REQUEST_BYTES, _REQUEST_MAGIC)
        if not 1 <= raw[5] <= 254:
            raise ReleaseFormatError("request", "index")
        if raw[6:8] != bytes(2):
            raise ReleaseFormatError("request", "reserved")
        return cls(
            index=raw[5],
            chain_id=int.from_bytes(raw[8:16]),
            grant_id=raw[16:48],
            deal_id=raw[48:80],
            epoch=int.from_bytes(raw[80:84]),
            grantee=Address(raw[84:104]),
            head_number=int.from_bytes(raw[104:112]),
            head_hash=Hash32(raw[112:144]),
            nonce=raw[144:176],
            signature=raw[_REQUEST_BODY_BYTES:],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A custodian's signed word on one request, refusals included; one hash chain each."""

    index: int
    status: Status
    request_id: Hash32
    grant_id: bytes
    deal_id: bytes
    epoch: int
    head: Head
    sequence: int
    previous: Hash32
    sealed_hash: bytes
    signature: bytes = UNSIGNED

    def body(self) -> bytes:
        """Give the 232 bytes that are signed."""
        return b"".join(
            (
                _RECEIPT_MAGIC,
                bytes((1, self.index, self.status, 0)),
                self.request_id,
                self.grant_id,
                self.deal_id,
                self.epoch.to_bytes(4),
                bytes(4),
                self.head.number.to_bytes(8),
                self.head.hash,
                self.head.timestamp_s.to_bytes(8),
                self.sequence.to_bytes(8),
                self.previous,
                self.sealed_hash,
            )
        )

    def receipt_id(self) -> Hash32:
        """Give what the custodian signs and the next receipt names."""
        return keccak256(_RECEIPT_LABEL + self.body())

    def signed(self, signer: Signer) -> Self:
        """Give the receipt with the signer's signature."""
        return replace(self, signature=signer.sign(self.receipt_id()))

    def signer(self) -> Address | None:
        """Give the account that signed, None for a signature that cannot stand."""
        return recover(self.receipt_id(), self.signature)

    def encode(self) -> bytes:
        """Give the 297 bytes."""
        return self.body() + self.signature

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read a receipt strictly; the signature is not checked here.

        raises        ReleaseFormatError: ``length``, ``magic``, ``format``, ``index``, ``status``,
                      ``reserved``, ``sealed``.
        """
        _check_front("receipt", raw, RECEIPT_BYTES, _RECEIPT_MAGIC)
        if not 1 <= raw[5] <= 254:
            raise ReleaseFormatError("receipt", "index")
        # a bad request never gets a receipt
        if raw[6] > Status.SUSPENDED or raw[6] == Status.BAD_REQUEST:
            raise ReleaseFormatError("receipt", "status")
        if raw[7] or raw[108:112] != bytes(4):
            raise ReleaseFormatError("receipt", "reserved")
        sealed_hash = raw[200:_RECEIPT_BODY_BYTES]
        if (raw[6] == Status.RELEASED) != (sealed_hash != ZERO_HASH):
            raise ReleaseFormatError("receipt", "sealed")
        return cls(
            index=raw[5],
            status=Status(raw[6]),
            request_id=Hash32(raw[8:40]),
            grant_id=raw[40:72],
            deal_id=raw[72:104],
            epoch=int.from_bytes(raw[104:108]),
            head=Head(
                int.from_bytes(raw[112:120]),
                Hash32(raw[120:152]),
                int.from_bytes(raw[152:160]),
            ),
            sequence=int.from_bytes(raw[160:168]),
            previous=Hash32(raw[168:200]),
            sealed_hash=sealed_hash,
            signature=raw[_RECEIPT_BODY_BYTES:],
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What leaves a custodian: a receipt and, if it releases, the sealed share."""

    receipt: Receipt
    sealed: bytes = b""

    def encode(self) -> bytes:
        """Give receipt || sealed."""
        return self.receipt.encode() + self.sealed

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Read an answer strictly.

        raises        ReleaseFormatError: of the receipt, or ``sealed`` where the sealed share is
                      missing, surplus, or not the one that the receipt names.
        """
        receipt = Receipt.decode(raw[:RECEIPT_BYTES])
        sealed = raw[RECEIPT_BYTES:]
        wanted = SEALED_BYTES if receipt.status is Status.RELEASED else 0
        if len(sealed) != wanted or (sealed and sha256(sealed).digest() != receipt.sealed_hash):
            raise ReleaseFormatError("answer", "sealed")
        return cls(receipt, sealed)


def release_info(request_id: Hash32, index: int) -> bytes:
    """Give what a released share is sealed for: one request to one index."""
    return _RELEASE_LABEL + request_id + bytes((index,))


def deposit_info(grant_id: bytes, index: int) -> bytes:
    """Give what a deposit is sealed for: one grant at one index."""
    return _DEPOSIT_LABEL + grant_id + bytes((index,))


def check_chain(receipts: Iterable[Receipt], custodian: Address) -> None:
    """Check that receipts are a custodian's whole chain from its first.

    raises        BadReceiptError: a gap, a wrong link, or a signature of somebody else.
    """
    previous = ZERO_HASH
    for sequence, receipt in enumerate(receipts):
        if receipt.sequence != sequence:
            why = f"sequence {receipt.sequence}, wants {sequence}"
            raise BadReceiptError(receipt.index, why)
        if receipt.previous != previous:
            raise BadReceiptError(receipt.index, f"receipt {sequence} names another previous one")
        if receipt.signer() != custodian:
            raise BadReceiptError(receipt.index, f"receipt {sequence} is signed by somebody else")
        previous = receipt.receipt_id()


def _check_front(what: str, raw: bytes, length: int, magic: bytes) -> None:
    if len(raw) != length:
        raise ReleaseFormatError(what, "length")
    if raw[:4] != magic:
        raise ReleaseFormatError(what, "magic")
    if raw[4] != 1:
        raise ReleaseFormatError(what, "format")
