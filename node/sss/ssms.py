"""``ssms-1tn``, the default scheme: an encrypted record whose key is shared (1,t,n).

``K = e xor k'``: the patient holds e, the custodians share k' (Shamir, k of N), and the
ciphertext is dispersed k of N.  Secret sharing made short (Krawczyk 1993, sections 3 and 4) with
an essential share of our own; byte for byte in secret-sharing.md section 6.

Claim: computational (AES-256, SHA-256, the random stream), tamper-evident.  Python cannot promise
that dropped keys leave memory.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from node.base.limits import RECORD_IN_MEMORY_BYTES_MAX
from node.base.ports import Entropy
from node.sss.commitments import Manifest
from node.sss.deals import Deal
from node.sss.derivation import KEY_BYTES, EssentialSecret, commitment_of, record_key_of
from node.sss.drbg import SeedsUsed, fresh_stream
from node.sss.errors import (
    DuplicateShareError,
    EmptyRecordError,
    FragmentMismatchError,
    MixedRecordsError,
    RecordTooLongError,
    ShareFormatError,
    TamperedRecordError,
    WrongKeyError,
)
from node.sss.gf256 import add
from node.sss.record_key import OpenedRecord, recover_key
from node.sss.reed_solomon import disperse_into, fragment_length, gather
from node.sss.shamir import split
from node.sss.shares import (
    CONTAINER_FRAME_BYTES,
    CONTAINER_HEAD_BYTES,
    FLAG_SIMULATED,
    ZERO_SALT,
    DealHeader,
    Kind,
    Octets,
    Scheme,
    check_against,
    container_of,
    decode_container,
    octets,
    share_digest,
)
from node.sss.terms import DealTerms, Profile, check_entropy, check_plan, check_profile

NONCE_BYTES: Final = 12


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
    plain = octets(record, "a record")
    if not plain:
        raise EmptyRecordError
    if len(plain) > RECORD_IN_MEMORY_BYTES_MAX:
        raise RecordTooLongError(len(plain), RECORD_IN_MEMORY_BYTES_MAX)
    check_plan(t=terms.t, n=terms.n)
    check_entropy(entropy, profile)
    needed, count = terms.t - 1, terms.n - 1
    # the order of draws is law: the vectors replay it
    stream = fresh_stream(entropy, seeds)
    key = stream.take(KEY_BYTES)
    nonce = stream.take(NONCE_BYTES)
    e = stream.take(KEY_BYTES) if derived is None else derived.share
    random_shares = [stream.take(KEY_BYTES) for _ in range(needed - 1)]
    salts = [stream.take(KEY_BYTES) for _ in range(count + 1)]
    if derived is not None:
        salts[0] = derived.salt
    header = DealHeader(
        scheme=Scheme.SSMS,
        t=terms.t,
        n=terms.n,
        flags=FLAG_SIMULATED if profile is Profile.SIMULATION else 0,
        generation=terms.generation,
        chain_id=terms.chain_id,
        pmr_id=terms.pmr_id,
        record_version=terms.record_version,
        plaintext_length=len(plain),
        nonce=nonce,
        dealer=terms.dealer,
        commitment=commitment_of(key),
    )
    payloads = (e, *split(add(key, e), random_shares, total=count))
    holders = tuple(
        container_of(header, Kind.CUSTODIAN if index else Kind.ESSENTIAL, index, salt, payload)
        for index, (salt, payload) in enumerate(zip(salts, payloads, strict=True))
    )
    ciphertext = AESGCM(record_key_of(key)).encrypt(nonce, plain, header.encode())
    return Deal(header, holders[0], holders[1:], _fragments(header, ciphertext))


def _fragments(header: DealHeader, ciphertext: bytes) -> tuple[bytes, ...]:
    """Disperse the ciphertext straight into the containers' payloads."""
    size = fragment_length(len(ciphertext), needed=header.needed)
    buffers = [bytearray(CONTAINER_FRAME_BYTES + size) for _ in range(header.custodians)]
    end = CONTAINER_HEAD_BYTES + size
    rows = [np.frombuffer(buffer, np.uint8)[CONTAINER_HEAD_BYTES:end] for buffer in buffers]
    disperse_into(ciphertext, rows, needed=header.needed)
    empty = container_of(header, Kind.FRAGMENT, 1, ZERO_SALT, b"").head()
    for index, buffer in enumerate(buffers, start=1):
        buffer[:CONTAINER_HEAD_BYTES] = empty
        buffer[7] = index
        buffer[80:CONTAINER_HEAD_BYTES] = size.to_bytes(8)
        buffer[end:] = share_digest(memoryview(buffer)[:end])
    return tuple(bytes(buffer) for buffer in buffers)


def decrypt(manifest: Manifest, key: bytes, fragments: Iterable[Octets]) -> bytes:
    """Give the record from K and fragment containers, of which the k lowest indices are used.

    raises        FragmentMismatchError: a fragment is not the one of the manifest.
                  DuplicateShareError, ShareFormatError, MixedRecordsError, ShareMissingError.
                  WrongKeyError: K is not what the deal commits to.
                  TamperedRecordError: the fragments fit the manifest and make no authentic record.
    """
    header = manifest.header
    if commitment_of(key) != header.commitment:
        raise WrongKeyError
    payloads: dict[int, memoryview] = {}
    for encoded in fragments:
        raw = octets(encoded, "a fragment")
        fragment = decode_container(raw)
        if fragment.deal_id != header.deal_id():
            raise MixedRecordsError(header.deal_id(), fragment.deal_id)
        check_against(fragment, header)
        if fragment.kind is not Kind.FRAGMENT:
            raise ShareFormatError("kind", fragment.index)
        if fragment.index in payloads:
            raise DuplicateShareError(fragment.index)
        if raw[-32:] != manifest.fragments[fragment.index - 1].digest:
            raise FragmentMismatchError(fragment.index)
        payloads[fragment.index] = memoryview(raw)[CONTAINER_HEAD_BYTES:-32]
    ciphertext = gather(payloads, needed=header.needed, length=header.ciphertext_length)
    try:
        return AESGCM(record_key_of(key)).decrypt(header.nonce, ciphertext, header.encode())
    except InvalidTag as error:
        raise TamperedRecordError(tuple(sorted(payloads))[: header.needed]) from error


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
