"""Rebuilds records of ``ssms-1tn`` that are larger than memory, from the files of their holders.

Pass 1 hashes every fragment against the manifest.  Pass 2 gathers the ciphertext into the output
file and decrypts it there.  A streaming cipher hands out what is not yet authentic, so nothing
but that file sees it: the caller gives it a name only after this has returned
(secret-sharing.md section 6, "Streaming").
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from node.sss.bundle import Bundle
from node.sss.commitments import Manifest
from node.sss.derivation import record_key_of
from node.sss.errors import (
    FragmentMismatchError,
    ShareFormatError,
    TamperedRecordError,
    WrongKeyError,
)
from node.sss.gf256 import BLOCK_BYTES, apply_matrix, lagrange_rows
from node.sss.holder_file import (
    FilePart,
    HolderFile,
    SeekableFile,
    part_digest,
    read_holder_file,
)
from node.sss.record_key import recover_key
from node.sss.schemes import one_deal
from node.sss.shares import CONTAINER_HEAD_BYTES, TAG_BYTES, DealHeader, Kind, Scheme
from node.sss.streaming import WritableFile, read_exactly, rows_block_bytes
from node.sss.terms import Profile, check_profile


@dataclass(frozen=True, slots=True)
class StreamedRecord:
    """What was opened, of whom, and who is at fault."""

    header: DealHeader
    liars: tuple[int, ...]
    """Custodians whose key share is wrong."""
    bad_fragments: tuple[int, ...]
    """Custodians whose fragment is not the one of the manifest."""
    used: tuple[int, ...]
    """Whose fragments the record is made of."""


def combine_stream(
    essential: SeekableFile,
    custodians: Iterable[SeekableFile],
    out: WritableFile,
    *,
    profile: Profile,
) -> StreamedRecord:
    """Rebuild a record from the patient's file and custodians' files; see ``combine_holders``.

    raises        ShareFormatError: a file is none of a holder, or was cut off.
    """
    patient = read_holder_file(essential)
    given = [(file, read_holder_file(file)) for file in custodians]
    return combine_holders(
        Bundle(patient.manifest, patient.share, None), given, out, profile=profile
    )


def combine_holders(
    essential: Bundle,
    custodians: Sequence[tuple[SeekableFile, HolderFile]],
    out: WritableFile,
    *,
    profile: Profile,
) -> StreamedRecord:
    """Rebuild a record into ``out``, which is empty, can be read back and has no name yet.

    A wrong key share or fragment is named and others are used, while enough are left.

    raises        SimulatedSecretError, WrongEssentialShareError, DuplicateShareError,
                  MixedRecordsError, MixedEpochsError, ShareMissingError, WrongKeyError;
                  FragmentMismatchError: too few shares or fragments are the manifest's.
                  ShareFormatError: another scheme, or a file became shorter.
                  TamperedRecordError: the tag is wrong.  After any error ``out`` is empty.
    """
    manifest = essential.manifest
    header = manifest.header
    if header.scheme is not Scheme.SSMS:
        raise ShareFormatError("scheme")
    check_profile(header, profile)
    bundles = one_deal(essential, (Bundle(one.manifest, one.share, None) for _, one in custodians))
    key, liars = _key(manifest, essential, bundles)
    fragments = {
        one.share.index: (file, one.fragment)
        for file, one in custodians
        if one.fragment is not None
    }
    bad = tuple(
        index
        for index, (file, part) in sorted(fragments.items())
        if part_digest(file, part) != manifest.fragments[index - 1].digest
        or part.stored != manifest.fragments[index - 1].digest
    )
    good = {index: one for index, one in sorted(fragments.items()) if index not in bad}
    if len(good) < header.needed:
        raise FragmentMismatchError(bad[0])
    used = tuple(good)[: header.needed]
    is_whole = False
    try:
        _gather(header, {index: good[index] for index in used}, out)
        _decrypt(header, key, out)
        is_whole = True
    except InvalidTag as error:
        raise TamperedRecordError(used) from error
    finally:
        out.truncate(header.plaintext_length if is_whole else 0)
        out.seek(0)
    return StreamedRecord(header, liars, bad, used)


def _key(
    manifest: Manifest, essential: Bundle, custodians: Mapping[int, Bundle]
) -> tuple[bytes, tuple[int, ...]]:
    """Give K and who lied; a share that is proved wrong is left out while enough are left."""
    left = {index: one.share.encode() for index, one in custodians.items()}
    liars: set[int] = set()
    while True:
        try:
            found = recover_key(manifest, (essential.share.encode(), *left.values()))
        except (FragmentMismatchError, WrongKeyError) as error:
            named = {error.index} if isinstance(error, FragmentMismatchError) else {*error.liars}
            rest = {index: one for index, one in left.items() if index not in named}
            if len(rest) == len(left) or len(rest) < manifest.header.needed:
                raise
        else:
            return found.key, tuple(sorted(liars.union(found.liars)))
        left = rest
        liars |= named


def _gather(
    header: DealHeader,
    fragments: Mapping[int, tuple[SeekableFile, FilePart]],
    out: WritableFile,
) -> None:
    """Write the padded ciphertext, a block of every slice at a time."""
    needed, size = header.needed, header.payload_length(Kind.FRAGMENT)
    matrix = lagrange_rows(tuple(fragments), range(1, needed + 1))
    block = min(size, rows_block_bytes(2 * needed))
    rows = [np.empty(block, np.uint8) for _ in range(needed)]
    for start in range(0, size, block):
        count = min(block, size - start)
        inputs = [
            np.frombuffer(_payload(file, part, start, count), np.uint8)
            for file, part in fragments.values()
        ]
        slots = [row[:count] for row in rows]
        apply_matrix(matrix, inputs, slots)
        for slot, piece in enumerate(slots):
            out.seek(slot * size + start)
            out.write(piece.data)


def _payload(file: SeekableFile, part: FilePart, start: int, count: int) -> bytes:
    file.seek(part.at + CONTAINER_HEAD_BYTES + start)
    found = read_exactly(file, count)
    if len(found) < count:
        raise ShareFormatError("length", part.index)
    return found


def _decrypt(header: DealHeader, key: bytes, out: WritableFile) -> None:
    """Put the plaintext in the place of the ciphertext.

    raises        InvalidTag.
    """
    length = header.plaintext_length
    out.seek(length)
    mode = modes.GCM(header.nonce, read_exactly(out, TAG_BYTES))
    decryptor = Cipher(algorithms.AES256(record_key_of(key)), mode).decryptor()
    decryptor.authenticate_additional_data(header.encode())
    for start in range(0, length, BLOCK_BYTES):
        out.seek(start)
        plain = decryptor.update(read_exactly(out, min(BLOCK_BYTES, length - start)))
        out.seek(start)
        out.write(plain)
    decryptor.finalize()
