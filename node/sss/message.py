"""The message that schemes 2 and 3 share in place of a key: ``m = salt 32 || record``.

The commitment is over all of m, and the salt keeps it from being guessed
(secret-sharing.md sections 2 and 6).
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from itertools import combinations, islice
from typing import Final

from node.base.limits import SUBSETS_TRIED_COUNT_MAX
from node.base.limits_sharing import SECRETS_TRIED_BYTES_MAX
from node.base.ports import Entropy
from node.sss.errors import EmptyRecordError, RecordTooLongError, WrongSecretError
from node.sss.record_key import OpenedRecord
from node.sss.shares import DealHeader, Octets, octets
from node.sss.terms import DealTerms, Profile, check_entropy, check_plan

SALT_BYTES: Final = 32
_LABEL: Final = b"wardnet/sss/secret-commit/v1\x00"

Members = tuple[int, ...]
"""The indices of k custodians, ascending."""


def message_commitment(message: bytes) -> bytes:
    """Give the public commitment to m."""
    hasher = sha256(_LABEL)
    hasher.update(message)
    return hasher.digest()


def check_record(
    record: Octets, terms: DealTerms, *, bytes_max: int, entropy: Entropy, profile: Profile
) -> bytes:
    """Check what every deal without a cipher checks first, and give the record's bytes.

    raises        EmptyRecordError, RecordTooLongError, SharingPlanError, SimulatedSecretError;
                  TypeError: the record is not bytes-like.
    """
    plain = octets(record, "a record")
    if not plain:
        raise EmptyRecordError
    if len(plain) > bytes_max:
        raise RecordTooLongError(len(plain), bytes_max)
    check_plan(t=terms.t, n=terms.n)
    check_entropy(entropy, profile)
    return plain


def open_committed(
    header: DealHeader,
    present: Sequence[int],
    rebuild: Callable[[Members], bytes],
    liars_of: Callable[[Members], Members],
) -> OpenedRecord:
    """Give the record that the k lowest of ``present`` make, and who of the others lies.

    ``rebuild``   m from k custodians, right or wrong: the commitment decides, never a majority.
    ``liars_of``  who of those present does not fit k custodians that make the committed m.
    raises        WrongSecretError: the lowest do not make it; names the liars if others do.
    """
    length = SALT_BYTES + header.plaintext_length
    tries = min(SUBSETS_TRIED_COUNT_MAX, max(1, SECRETS_TRIED_BYTES_MAX // length))
    sets = islice(combinations(present, header.needed), tries)
    for tried, members in enumerate(sets):
        message = rebuild(members)
        if message_commitment(message) == header.commitment:
            liars = liars_of(members)
            if tried:
                raise WrongSecretError(liars)
            return OpenedRecord(message[SALT_BYTES:], liars)
    raise WrongSecretError
