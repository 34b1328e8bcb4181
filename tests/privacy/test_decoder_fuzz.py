"""Every decoder of shares and releases under mutations (secret-sharing.md section 14)."""

from hashlib import sha256

import pytest

from node.base.rng import TreeEntropy
from node.base.types import Address, Cid, Hash32
from node.privacy.deposits import join_deposit, split_deposit
from node.privacy.erasure import ErasureCertificate
from node.privacy.release_errors import CustodyError, ReleaseFormatError
from node.privacy.release_messages import Answer, Head, Receipt, Request, Status
from node.privacy.renewals import join_renewal, split_renewal
from node.sss.bundle import Bundle
from node.sss.commitments import Manifest
from node.sss.drbg import SeedsUsed, Stream
from node.sss.errors import MixedRecordsError, ShareFormatError
from node.sss.recovery import read_recovery_share, split_master
from node.sss.refresh import delta_shares, grant_shares
from node.sss.schemes import deal_record
from node.sss.shares import DealHeader, Scheme, decode_container, share_digest
from node.sss.terms import Profile
from tests.privacy.decoder_fuzz import Decoder, fuzz
from tests.sss.deals import DEALER, custodian_addresses, make_deal, make_terms

MUTATIONS = 1_000
MUTATIONS_SLOW = 10_000
DEALS = (make_deal(), make_deal(b"x" * 999, t=2, n=3), make_deal(t=5, n=9))
OTHER_DEALS = tuple(
    deal_record(
        scheme,
        b"a record",
        make_terms(t=3, n=5),
        entropy=TreeEntropy(1, scheme.name),
        seeds=SeedsUsed(),
        profile=Profile.SIMULATION,
    )
    for scheme in (Scheme.XOR, Scheme.NLSS_Q)
)
CIDS = [Cid(b"\x01\x55\x12\x20" + bytes([x]) * 32) for x in range(8)]


def _stream(last: int) -> Stream:
    return Stream(bytes(47) + bytes([last]), SeedsUsed())


def _manifest(deal) -> Manifest:
    count = deal.header.custodians
    cids = CIDS[:count] if deal.fragments else None
    return deal.manifest(custodian_addresses(count), cids)


def _lent(deal, seed: int = 1):
    return grant_shares(deal.header, b"e" * 32, epoch=0, stream=_stream(seed))


def _step(deal, epoch: int = 1):
    return delta_shares(deal.header, b"e" * 32, b"f" * 32, epoch=epoch, stream=_stream(epoch + 9))


def _request(number: int) -> Request:
    return Request(
        index=number + 1,
        chain_id=7,
        grant_id=bytes([number]) * 32,
        deal_id=b"d" * 32,
        epoch=number,
        grantee=DEALER,
        head_number=9,
        head_hash=Hash32(b"h" * 32),
        nonce=b"n" * 32,
        signature=bytes(range(65)),
    )


def _receipt(status: Status, sealed: bytes = b"") -> Receipt:
    return Receipt(
        index=1,
        status=status,
        request_id=Hash32(b"r" * 32),
        grant_id=b"g" * 32,
        deal_id=b"d" * 32,
        epoch=3,
        head=Head(9, Hash32(b"h" * 32), 1_500),
        sequence=4,
        previous=Hash32(b"p" * 32),
        sealed_hash=sha256(sealed).digest() if sealed else bytes(32),
        signature=bytes(65),
    )


def _with_digest(raw: bytes) -> bytes:
    return raw[:-32] + share_digest(raw[:-32]) if len(raw) >= 32 else raw


def _with_digests(raw: bytes) -> bytes:
    """The same for containers of 152 bytes one behind the other."""
    return b"".join(_with_digest(raw[at : at + 152]) for at in range(0, len(raw), 152))


def _encoded(value) -> bytes:
    return value.encode()


def _all_encoded(values) -> bytes:
    return b"".join(one.encode() for one in values)


PLACE = {"chain_id": 7, "patient": Address(b"\xaa" * 20)}
_MASTERS = split_master(bytes(32), **PLACE, needed=2, holders=3, stream=_stream(1))
_SHARES = tuple(
    share
    for deal in DEALS
    for share in (
        deal.essential.encode(),
        deal.custodians[0].encode(),
        deal.fragments[1],
        _lent(deal)[0].encode(),
        _step(deal)[1].encode(),
    )
)
_BUNDLES = tuple(
    Bundle(_manifest(deal), share, fragment).encode()
    for deal in DEALS
    for share, fragment in (
        (deal.essential, None),
        (deal.custodians[1], deal.fragments[1]),
    )
)
_OTHER_BUNDLES = tuple(
    Bundle(_manifest(deal), share, None).encode()
    for deal in OTHER_DEALS
    for share in (deal.essential, deal.custodians[1])
)
_FORMAT, _RELEASE = (ShareFormatError,), (ReleaseFormatError,)

DECODERS = [
    Decoder(
        "deal header",
        tuple(deal.header.encode() for deal in DEALS),
        DealHeader.decode,
        _encoded,
        _FORMAT,
    ),
    Decoder("share container", _SHARES, decode_container, _encoded, _FORMAT, _with_digest),
    Decoder(
        "share container of a deal",
        _SHARES[:5],
        lambda raw: decode_container(raw, DEALS[0].header),
        _encoded,
        _FORMAT,
        _with_digest,
    ),
    Decoder(
        "recovery share",
        tuple(share.encode() for share in _MASTERS),
        lambda raw: read_recovery_share(raw, **PLACE),
        _encoded,
        (ShareFormatError, MixedRecordsError),
        _with_digest,
    ),
    Decoder(
        "manifest",
        tuple(_manifest(deal).encode() for deal in DEALS),
        Manifest.decode,
        _encoded,
        _FORMAT,
    ),
    Decoder(
        "manifest of any scheme",
        tuple(_manifest(deal).encode() for deal in (DEALS[0], *OTHER_DEALS)),
        lambda raw: Manifest.decode(raw, schemes=tuple(Scheme)),
        _encoded,
        _FORMAT,
    ),
    Decoder(
        "bundle",
        (*_BUNDLES, *_OTHER_BUNDLES),
        Bundle.decode,
        _encoded,
        (ShareFormatError, MixedRecordsError),
        _with_digest,
    ),
    Decoder(
        "request",
        tuple(_request(number).encode() for number in range(3)),
        Request.decode,
        _encoded,
        _RELEASE,
    ),
    Decoder(
        "receipt",
        tuple(
            _receipt(status, b"sealed" if status is Status.RELEASED else b"").encode()
            for status in (Status.RELEASED, Status.EXPIRED, Status.SUSPENDED)
        ),
        Receipt.decode,
        _encoded,
        _RELEASE,
    ),
    Decoder(
        "answer",
        (
            Answer(_receipt(Status.RELEASED, b"s" * 80), b"s" * 80).encode(),
            Answer(_receipt(Status.REPLAY)).encode(),
        ),
        Answer.decode,
        _encoded,
        _RELEASE,
    ),
    Decoder(
        "deposit",
        tuple(join_deposit(_lent(deal)[0], _step(deal)[0]) for deal in DEALS),
        split_deposit,
        _all_encoded,
        (CustodyError, ShareFormatError),
        _with_digests,
    ),
    Decoder(
        "renewal letter",
        tuple(
            join_renewal([_step(DEALS[0], epoch)[0] for epoch in range(1, count + 1)])
            for count in (1, 2, 5)
        ),
        split_renewal,
        _all_encoded,
        (CustodyError, ShareFormatError),
        _with_digests,
    ),
    Decoder(
        "erasure certificate",
        tuple(
            ErasureCertificate(
                index=index,
                chain_id=7,
                deal_id=b"d" * 32,
                head_number=9,
                head_hash=Hash32(b"h" * 32),
                objects_destroyed=4,
                signature=bytes(range(65)),
            ).encode()
            for index in (1, 254)
        ),
        ErasureCertificate.decode,
        _encoded,
        _RELEASE,
    ),
]
EVERY = pytest.mark.parametrize("decoder", DECODERS, ids=lambda one: one.name)


@EVERY
def test_what_is_not_mutated_is_read(decoder):
    for raw in decoder.samples:
        assert decoder.encode(decoder.decode(raw)) == raw


@EVERY
def test_mutations_are_read_strictly_or_refused_by_a_typed_error(decoder):
    outcomes = fuzz(decoder, MUTATIONS, seed=1)
    assert len(outcomes) >= 3, outcomes


@EVERY
@pytest.mark.slow
def test_ten_thousand_mutations_are_read_strictly_or_refused(decoder):
    fuzz(decoder, MUTATIONS_SLOW, seed=2)


# ---- the fuzz itself finds what it is for


def _planted(decode) -> Decoder:
    return Decoder("planted", _SHARES, decode, _encoded, _FORMAT, _with_digest)


def test_a_decoder_that_makes_room_for_a_claimed_length_is_found():
    def decode(raw):
        room = bytearray(min(int.from_bytes(raw[80:88]), 10**7))
        return decode_container(raw) if room is not None else None

    with pytest.raises(AssertionError):
        fuzz(_planted(decode), MUTATIONS, seed=1)


def test_a_decoder_that_reads_behind_the_end_is_found():
    def decode(raw):
        return raw[100] and decode_container(raw)

    with pytest.raises(AssertionError) as caught:
        fuzz(_planted(decode), MUTATIONS, seed=1)
    assert isinstance(caught.value.__cause__, IndexError)


def test_a_decoder_that_overlooks_a_byte_is_found():
    def decode(raw):
        return decode_container(_with_digest(raw[:-1] + b"\x00"))

    with pytest.raises(AssertionError):
        fuzz(_planted(decode), MUTATIONS, seed=1)
