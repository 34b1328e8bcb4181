"""What the tests of sharing have in common: vectors, fixed entropy, a dealt record."""

import json
from collections.abc import Sequence
from typing import Any

from node.base.rng import TreeEntropy
from node.base.types import Address
from node.sss.bundle import Bundle, bundles_of
from node.sss.deals import Deal
from node.sss.drbg import SeedsUsed
from node.sss.schemes import deal_record
from node.sss.shares import Scheme
from node.sss.ssms import deal
from node.sss.terms import DealTerms, Profile
from tests.vectors_dir import vectors

SIMULATION = Profile.SIMULATION
DEALER = Address(b"\xda" * 20)


def cases(name: str) -> list[dict[str, Any]]:
    """Give the cases of one vector file; skips or fails where there are none."""
    found: list[dict[str, Any]] = json.loads(
        (vectors("secret-sharing") / f"{name}.json").read_text()
    )
    return found


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


class FixedEntropy:
    """Gives the strings it was made of, one a call, and checks their length."""

    def __init__(self, *strings: bytes) -> None:
        self._left = list(strings)

    def take(self, count: int) -> bytes:
        given = self._left.pop(0)
        assert len(given) == count
        return given

    def below(self, bound: int) -> int:
        raise AssertionError("sharing draws no integers")


def custodian_addresses(count: int) -> list[Address]:
    return [Address(index.to_bytes(20)) for index in range(1, count + 1)]


def make_terms(*, t: int, n: int, chain_id: int = 7, generation: int = 0) -> DealTerms:
    return DealTerms(
        chain_id=chain_id,
        pmr_id=b"\x01" * 32,
        record_version=2,
        generation=generation,
        dealer=DEALER,
        t=t,
        n=n,
    )


def make_deal(record: bytes = b"a record", *, t: int = 3, n: int = 5, seed: int = 1) -> Deal:
    return deal(
        record,
        make_terms(t=t, n=n),
        entropy=TreeEntropy(seed, "deal"),
        seeds=SeedsUsed(),
        profile=SIMULATION,
    )


def holders(made: Deal, indices: Sequence[int]) -> list[bytes]:
    """Encoded containers of the given indices; 0 is the patient's."""
    every = (made.essential, *made.custodians)
    return [every[index].encode() for index in indices]


def vector_terms(case: dict[str, Any]) -> DealTerms:
    """Give the terms of a whole deal among the vectors."""
    return DealTerms(
        chain_id=case["chain_id"],
        pmr_id=unhex(case["pmr_id"]),
        record_version=case["record_version"],
        generation=case["generation"],
        dealer=Address(unhex(case["dealer"])),
        t=case["t"],
        n=case["n"],
    )


def whole_deals(name: str) -> list[dict[str, Any]]:
    """Give the cases of a vector file that are deals with containers."""
    return [case for case in cases(name) if "deal" in case]


def vector_deal(scheme: Scheme, case: dict[str, Any]) -> Deal:
    """Deal again what a case of schemes 2 or 3 says."""
    return deal_record(
        scheme,
        unhex(case["secret"]),
        vector_terms(case),
        entropy=FixedEntropy(unhex(case["seed"])),
        seeds=SeedsUsed(),
        profile=SIMULATION,
    )


def scheme_deal(
    scheme: Scheme, record: bytes = b"a record", *, t: int = 3, n: int = 5, seed: int = 1
) -> Deal:
    return deal_record(
        scheme,
        record,
        make_terms(t=t, n=n),
        entropy=TreeEntropy(seed, "deal"),
        seeds=SeedsUsed(),
        profile=SIMULATION,
    )


def files_of(made: Deal) -> tuple[Bundle, ...]:
    """Give the files of a deal's holders, index 0 .. N."""
    return bundles_of(made, made.manifest(custodian_addresses(made.header.custodians)))
