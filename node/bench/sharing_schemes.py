"""Whole deals and openings of the sharing schemes, digests included, on one record."""

from hashlib import sha256
from typing import Final

from node.base.rng import SystemEntropy
from node.base.types import Address
from node.bench.sharing_kernels import random_rows
from node.bench.sharing_tasks import Task
from node.sss import nlss, xor_1tn
from node.sss.commitments import Manifest
from node.sss.deals import Deal
from node.sss.drbg import SeedsUsed
from node.sss.keyed_deal import KeyedDeal
from node.sss.schemes import deal_record
from node.sss.shares import Scheme
from node.sss.ssms import deal_into, decrypt, decrypt_into
from node.sss.terms import DealTerms, Profile

PLANS: Final = ((3, 5), (5, 9))
NLSS_PLANS: Final = ((3, 5), (5, 7))
NLSS_BYTES_MAX: Final = 2 * 2**20
ONE_HASH: Final = "SHA-256 pass"
_PRODUCTION: Final = Profile.PRODUCTION


def scheme_tasks(length: int) -> list[Task]:
    """Give one SHA-256 pass over the record, and deals and openings of each scheme."""
    record = random_rows(1, length)[0].tobytes()
    digests: list[bytes] = []

    def hash_once() -> None:
        digests[:] = [sha256(record).digest()]

    return [
        Task(ONE_HASH, length, hash_once, lambda: digests == [sha256(record).digest()]),
        *(task for t, n in PLANS for task in _ssms_tasks(record, t, n)),
        *(task for t, n in PLANS for task in _plain_tasks(Scheme.XOR, record, t, n)),
        *(
            task
            for t, n in NLSS_PLANS
            for task in _plain_tasks(Scheme.NLSS_Q, record[:NLSS_BYTES_MAX], t, n)
        ),
    ]


def terms_of(t: int, n: int) -> DealTerms:
    """Give terms of a deal that belongs to no chain."""
    return DealTerms(
        chain_id=0,
        pmr_id=bytes(32),
        record_version=0,
        generation=0,
        dealer=Address(bytes(20)),
        t=t,
        n=n,
    )


def _ssms_tasks(record: bytes, t: int, n: int) -> list[Task]:
    rooms: list[bytearray] = []
    dealt: list[KeyedDeal] = []
    room, opened = bytearray(), bytearray(len(record))

    def deal_once() -> None:
        made = deal_into(
            record,
            terms_of(t, n),
            rooms,
            entropy=SystemEntropy(),
            seeds=SeedsUsed(),
            profile=_PRODUCTION,
        )
        dealt[:] = [made]

    def manifest_of_last() -> Manifest:
        last = dealt[0]
        # a manifest lists the digests at the ends, so nothing else is copied
        ends = tuple(bytes(memoryview(each)[-32:]) for each in rooms)
        made = Deal(last.header, last.essential, last.custodians, ends)
        return made.manifest([Address(bytes(20))] * (n - 1))

    def deal_is_right() -> bool:
        fragments = [memoryview(each) for each in rooms[: t - 1]]
        return decrypt(manifest_of_last(), dealt[0].key, fragments) == record

    def open_once() -> None:
        fragments = [memoryview(each) for each in rooms[n - t :]]
        manifest = manifest_of_last()
        decrypt_into(manifest, dealt[0].key, fragments, room=room, record=opened)

    return [
        Task(f"ssms-1tn deal ({t},{n})", len(record), deal_once, deal_is_right),
        Task(f"ssms-1tn open ({t},{n})", len(record), open_once, lambda: bytes(opened) == record),
    ]


def _plain_tasks(scheme: Scheme, record: bytes, t: int, n: int) -> list[Task]:
    """Give deal and opening of a scheme without fragments."""
    opening = {Scheme.XOR: xor_1tn.open_record, Scheme.NLSS_Q: nlss.open_record}[scheme]
    name = {Scheme.XOR: "xor-1tn", Scheme.NLSS_Q: "nlss-q"}[scheme]
    dealt: list[Deal] = []
    opened: list[bytes] = []

    def deal_once() -> None:
        made = deal_record(
            scheme,
            record,
            terms_of(t, n),
            entropy=SystemEntropy(),
            seeds=SeedsUsed(),
            profile=_PRODUCTION,
        )
        made.manifest([Address(bytes(20))] * (n - 1))
        dealt[:] = [made]

    def opened_by(indices: range) -> bytes:
        made = dealt[0]
        manifest = made.manifest([Address(bytes(20))] * (n - 1))
        shares = [made.essential, *(made.custodians[index - 1] for index in indices)]
        encoded = [share.encode() for share in shares]
        return opening(manifest, encoded, profile=_PRODUCTION).record

    def open_once() -> None:
        opened[:] = [opened_by(range(n - t + 1, n))]

    return [
        Task(
            f"{name} deal ({t},{n})",
            len(record),
            deal_once,
            lambda: opened_by(range(1, t)) == record,
        ),
        Task(f"{name} open ({t},{n})", len(record), open_once, lambda: opened == [record]),
    ]
