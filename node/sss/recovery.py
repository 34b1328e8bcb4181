"""The master of a wallet shared among a guardian and hospitals, against the day it is lost.

Containers of kind 5: Shamir, ``needed`` of the holders, and no essential share among them.  They
leave their holders only after the registry's recovery is final (secret-sharing.md section 8).
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from node.base.types import Address
from node.sss.derivation import KEY_BYTES
from node.sss.drbg import Stream
from node.sss.errors import (
    DuplicateShareError,
    InconsistentSharesError,
    MixedEpochsError,
    MixedRecordsError,
    ShareFormatError,
    ShareMissingError,
)
from node.sss.shamir import combine, split
from node.sss.shares import Container, Kind, Octets, Scheme, decode_container
from node.sss.terms import check_plan

_LABEL: Final = b"wardnet/sss/master/v1\x00"


def master_deal_id(chain_id: int, patient: Address) -> bytes:
    """Give what stands for the deal in the containers of a patient's master."""
    return sha256(_LABEL + chain_id.to_bytes(8) + patient).digest()


def split_master(
    master: bytes,
    *,
    chain_id: int,
    patient: Address,
    needed: int,
    holders: int,
    stream: Stream,
    epoch: int = 0,
) -> tuple[Container, ...]:
    """Share a master among ``holders``, of whom ``needed`` rebuild it: index 1 .. holders.

    ``epoch``     0 the first time; a later split of the same wallet counts on, for its shares lie
                  on another polynomial and must not be mixed with the earlier ones.
    raises        SharingPlanError: not 1 <= needed <= holders <= 254.
                  ValueError: the master has not 32 bytes.
    """
    if len(master) != KEY_BYTES:
        raise ValueError(f"a master has {KEY_BYTES} bytes, not {len(master)}")
    t, n = needed + 1, holders + 1
    check_plan(t=t, n=n)
    random_shares = [stream.take(KEY_BYTES) for _ in range(needed - 1)]
    salts = [stream.take(KEY_BYTES) for _ in range(holders)]
    values = split(master, random_shares, total=holders)
    deal_id = master_deal_id(chain_id, patient)
    return tuple(
        Container(Scheme.SSMS, Kind.RECOVERY, index, t, n, epoch, deal_id, salt, value)
        for index, (salt, value) in enumerate(zip(salts, values, strict=True), start=1)
    )


def read_recovery_share(data: Octets, *, chain_id: int, patient: Address) -> Container:
    """Read one container of a patient's master.

    raises        ShareFormatError: of the container; ``kind``, not kind 5; ``length``, not 32
                  bytes.  MixedRecordsError: of another patient or chain.
    """
    share = decode_container(data)
    if share.kind is not Kind.RECOVERY:
        raise ShareFormatError("kind", share.index)
    want = master_deal_id(chain_id, patient)
    if share.deal_id != want:
        raise MixedRecordsError(want, share.deal_id)
    if len(share.payload) != KEY_BYTES:
        raise ShareFormatError("length", share.index)
    return share


def combine_master(shares: Iterable[Octets], *, chain_id: int, patient: Address) -> bytes:
    """Give the master from encoded containers of a patient.

    The containers commit to nothing: exactly ``needed`` shares with a lie among them give a wrong
    master, and the wallet finds out when e differs from the manifest's digest of index 0.

    raises        what ``read_recovery_share`` raises, and before any arithmetic:
                  DuplicateShareError, MixedEpochsError, ShareMissingError; ShareFormatError:
                  ``threshold``, shares of different plans.
                  InconsistentSharesError: more came than needed, and they do not fit together.
    """
    given = [read_recovery_share(one, chain_id=chain_id, patient=patient) for one in shares]
    if not given:
        raise ShareMissingError(0, 1, ())
    by_index: dict[int, Container] = {}
    for share in given:
        if share.index in by_index:
            raise DuplicateShareError(share.index)
        by_index[share.index] = share
    epochs = sorted({share.epoch for share in given})
    if len(epochs) != 1:
        raise MixedEpochsError(tuple(epochs))
    plan = (given[0].t, given[0].n)
    for share in given:
        if (share.t, share.n) != plan:
            raise ShareFormatError("threshold", share.index)
    needed, present = given[0].t - 1, tuple(sorted(by_index))
    if len(present) < needed:
        raise ShareMissingError(len(present), needed, present)
    basis = {index: by_index[index].payload for index in present[:needed]}
    if any(combine(basis, at=index) != by_index[index].payload for index in present[needed:]):
        raise InconsistentSharesError(present)
    return combine(basis)
