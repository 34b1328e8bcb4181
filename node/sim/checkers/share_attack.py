"""What an attacker makes of shares: every key that they could stand for is tried on the record.

No rule of the sharing scheme is asked; the scheme's own checks would refuse, and a check that
refuses proves nothing about what the bytes give away.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from node.sss.derivation import commitment_of, record_key_of
from node.sss.gf256 import add
from node.sss.reed_solomon import gather
from node.sss.shamir import combine
from node.sss.shares import DealHeader, Kind, decode_container


def candidate_keys(custodians: Mapping[int, bytes], essential: bytes | None) -> Iterator[bytes]:
    """Give every 32 bytes worth trying as K.

    The value at 0 of the polynomial through every set of custodians' shares (a single share is
    its own constant), the essential share itself, and the sums of the two.
    """
    if essential is not None:
        yield essential
    for size in range(1, len(custodians) + 1):
        for chosen in combinations(sorted(custodians), size):
            value = combine({index: custodians[index] for index in chosen})
            yield value
            if essential is not None:
                yield add(value, essential)


def break_open(
    header: DealHeader,
    fragments: Sequence[bytes],
    custodians: Mapping[int, bytes],
    essential: bytes | None,
) -> bytes | None:
    """Try all candidate keys; give the record, or its key where only the commitment matches.

    ``fragments``   at least t-1 encoded containers of kind 2: ciphertext is nobody's secret.
    ``custodians``  payloads by index, as they lie in the custodians' stores.
    returns         None if no candidate opens anything.
    """
    ciphertext = _ciphertext(header, fragments)
    associated = header.encode()
    for key in candidate_keys(custodians, essential):
        for cipher_key in (record_key_of(key), key):
            try:
                return AESGCM(cipher_key).decrypt(header.nonce, ciphertext, associated)
            except InvalidTag:
                continue
        if commitment_of(key) == header.commitment:
            return key
    return None


def _ciphertext(header: DealHeader, fragments: Sequence[bytes]) -> bytes:
    payloads = {
        one.index: one.payload
        for one in map(decode_container, fragments)
        if one.kind is Kind.FRAGMENT
    }
    return bytes(gather(payloads, needed=header.needed, length=header.ciphertext_length))
