"""What the tests of sharing have in common: vectors, fixed entropy, a dealt record."""

import json
from collections.abc import Sequence
from typing import Any

from node.base.rng import TreeEntropy
from node.base.types import Address
from node.sss.drbg import SeedsUsed
from node.sss.ssms import Deal, deal
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
