"""``ssms-1tn``, the default scheme: an encrypted record whose key is shared (1,t,n).

``K = e xor k'``: the patient holds e, the custodians share k' (Shamir, k of N), and the
ciphertext is dispersed k of N.  Secret sharing made short (Krawczyk 1993, sections 3 and 4) with
an essential share of our own; byte for byte in secret-sharing.md section 6.

Claim: computational (AES-256, SHA-256, the random stream), tamper-evident.  Python cannot promise
that dropped keys leave memory.
"""

from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from node.base.limits import RECORD_IN_MEMORY_BYTES_MAX
from node.base.ports import Entropy
from node.sss.commitments import Manifest
from node.sss.deals import Deal
from node.sss.derivation import EssentialSecret, commitment_of, record_key_of
from node.sss.drbg import SeedsUsed
from node.sss.errors import (
    EmptyRecordError,
    RecordTooLongError,
    TamperedRecordError,
    WrongKeyError,
)
from node.sss.fragments import checked_payloads, container_bytes, write_fragments
from node.sss.keyed_deal import KeyedDeal, draw_deal
from node.sss.record_key import OpenedRecord, recover_key
from node.sss.reed_solomon import gather
from node.sss.shares import Kind, Octets, octets
from node.sss.terms import DealTerms, Profile, check_profile


def deal(
    record: Octets,
    terms: DealTerms,
    *,
    entropy: Entropy,
    seeds: SeedsUsed,
    profile: Profile,
    derived: EssentialSecret | None = None,
) -> Deal:
    """Encrypt a record and share it so that e AND any t-1 of the n-1 custodians open it.

    ``record``    1 .. RECORD_IN_MEMORY_BYTES_MAX bytes.
    ``entropy``   48 bytes are taken; the system's in production, a seeded one in a simulation.
    ``derived``   the essential share from the patient's wallet; None draws a random one.
    raises        EmptyRecordError, RecordTooLongError, SharingPlanError, SeedReuseError;
                  SimulatedSecretError: the source of entropy does not fit the profile.
                  TypeError: the record is not bytes-like.
    """
    rooms: list[bytearray] = []
    dealt = deal_into(
        record, terms, rooms, entropy=entropy, seeds=seeds, profile=profile, derived=derived
    )
    return Deal(dealt.header, dealt.essential, dealt.custodians, tuple(map(bytes, rooms)))


def deal_into(
    record: Octets,
    terms: DealTerms,
    rooms: list[bytearray],
    *,
    entropy: Entropy,
    seeds: SeedsUsed,
    profile: Profile,
    derived: EssentialSecret | None = None,
) -> KeyedDeal:
    """Deal like ``deal``, with the fragments of index 1 .. N written to ``rooms``.

    ``rooms``     memory of an earlier deal of this length, which is used again, or anything else,
                  which is replaced: whoever deals many records saves a third of the time.
    raises        as ``deal``.
    """
    plain = octets(record, "a record")
    if not plain:
        raise EmptyRecordError
    if len(plain) > RECORD_IN_MEMORY_BYTES_MAX:
        raise RecordTooLongError(len(plain), RECORD_IN_MEMORY_BYTES_MAX)
    dealt = draw_deal(
        len(plain), terms, entropy=entropy, seeds=seeds, profile=profile, derived=derived
    )
    size, count = container_bytes(dealt.header), dealt.header.custodians
    if [len(room) for room in rooms] != [size] * count:
        rooms[:] = [bytearray(size) for _ in range(count)]
    write_fragments(dealt, plain, rooms)
    return dealt


def decrypt(manifest: Manifest, key: bytes, fragments: Iterable[Octets]) -> bytes:
    """Give the record from K and fragment containers, of which the k lowest indices are used.

    raises        FragmentMismatchError: a fragment is not the one of the manifest.
                  DuplicateShareError, ShareFormatError, MixedRecordsError, ShareMissingError.
                  WrongKeyError: K is not what the deal commits to.
                  TamperedRecordError: the fragments fit the manifest and make no authentic record.
    """
    header = manifest.header
    ciphertext, used = _ciphertext(manifest, key, fragments, bytearray())
    try:
        return AESGCM(record_key_of(key)).decrypt(header.nonce, ciphertext, header.encode())
    except InvalidTag as error:
        raise TamperedRecordError(used) from error


def decrypt_into(
    manifest: Manifest,
    key: bytes,
    fragments: Iterable[Octets],
    *,
    room: bytearray,
    record: bytearray,
) -> None:
    """Decrypt like ``decrypt``, into memory that may serve again.

    ``room``      of an earlier record of this length; it is replaced if its length does not fit.
    ``record``    takes the plaintext, and has its length.
    raises        as ``decrypt``; the record is zeros where its tag was wrong.
                  ValueError: ``record`` has another length.
    """
    header = manifest.header
    ciphertext, used = _ciphertext(manifest, key, fragments, room)
    cipher = AESGCM(record_key_of(key))
    try:
        cipher.decrypt_into(header.nonce, ciphertext, header.encode(), record)
    except InvalidTag as error:
        record[:] = bytes(len(record))
        raise TamperedRecordError(used) from error


def _ciphertext(
    manifest: Manifest, key: bytes, fragments: Iterable[Octets], room: bytearray
) -> tuple[memoryview, tuple[int, ...]]:
    """Give the ciphertext, not yet authentic, and the indices that it was made of."""
    header = manifest.header
    if commitment_of(key) != header.commitment:
        raise WrongKeyError
    payloads = checked_payloads(manifest, fragments)
    size = header.needed * header.payload_length(Kind.FRAGMENT)
    if len(room) != size:
        room[:] = bytes(size)
    length = header.ciphertext_length
    ciphertext = gather(payloads, needed=header.needed, length=length, room=room)
    return ciphertext, tuple(sorted(payloads))[: header.needed]


def open_record(
    manifest: Manifest,
    shares: Iterable[Octets],
    fragments: Iterable[Octets],
    *,
    profile: Profile,
) -> OpenedRecord:
    """Rebuild a record from the patient's share, custodians' shares and fragments.

    ``shares``    containers of kind 0 and 1 of one epoch, in any order.
    raises        SimulatedSecretError, and what ``recover_key`` and ``decrypt`` raise.
    """
    check_profile(manifest.header, profile)
    found = recover_key(manifest, shares)
    return OpenedRecord(decrypt(manifest, found.key, fragments), found.liars)
