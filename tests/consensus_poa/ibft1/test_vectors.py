"""IBFT 1 against published headers and the published loss of agreement (section 12)."""

import json
from itertools import pairwise, product
from typing import Any

import pytest

from node.base.errors import CodecError
from node.base.header import Header
from node.base.rng import TreeEntropy
from node.consensus_poa.ibft1.engine import Ibft1Engine
from node.consensus_poa.ibft1.header import (
    Ibft1HeaderForm,
    IstanbulExtra,
    recover_committers,
    recover_proposer,
)
from node.consensus_poa.ibft1.options import Ibft1Options
from node.consensus_poa.interface import Capabilities
from tests.consensus_poa.chains import VERIFIER, FakeChain
from tests.consensus_poa.ibft1.trace_driver import TraceDriver
from tests.consensus_poa.ibft1.vector_headers import header_of
from tests.vectors_dir import vectors

pytestmark = pytest.mark.conformance
FOLDER = vectors("consensus")
FORM = Ibft1HeaderForm()


def load(name: str) -> list[Any]:
    path = FOLDER / f"{name}.json"
    found: list[Any] = json.loads(path.read_text())["vectors"]
    assert found, f"{path} holds no vectors"
    return found


def parametrised(entries: list[Any]) -> list[Any]:
    return [pytest.param(vector, id=vector["id"]) for vector in entries]


HEADERS = load("ibft1_headers")


@pytest.mark.parametrize("vector", parametrised(HEADERS))
def test_a_published_header_survives_its_codecs(vector: Any) -> None:
    header = header_of(vector["header"])
    assert Header.decode(header.encode()) == header
    assert IstanbulExtra.decode(header.extra_data).encode() == header.extra_data
    assert FORM.join(*FORM.split(header)) == header


@pytest.mark.parametrize("vector", parametrised(HEADERS))
def test_a_published_header_has_its_hash(vector: Any) -> None:
    canonical, _ = FORM.split(header_of(vector["header"]))
    assert f"0x{canonical.hash().hex()}" == vector["expect"]["hash"]


@pytest.mark.parametrize("vector", parametrised(HEADERS))
def test_a_published_header_has_its_people(vector: Any) -> None:
    header, expect = header_of(vector["header"]), vector["expect"]
    proposer = recover_proposer(header, VERIFIER)
    assert (f"0x{proposer.hex()}" if proposer else None) == expect["proposer"]
    listed = IstanbulExtra.decode(header.extra_data).validators
    assert [f"0x{address.hex()}" for address in listed] == expect["validators"]
    committers = [f"0x{a.hex()}" if a else None for a in recover_committers(header, VERIFIER)]
    assert committers == expect["committers"]


def successive() -> list[Any]:
    ordered = sorted(HEADERS, key=lambda vector: vector["number"])
    pairs = [
        pytest.param(parent, child, id=child["id"])
        for parent, child in pairwise(ordered)
        if child["header"]["parentHash"] == parent["expect"]["hash"]
    ]
    assert pairs
    return pairs


@pytest.mark.parametrize(("parent", "child"), successive())
@pytest.mark.parametrize("is_strict", [False, True])
def test_a_published_header_passes_all_checks_on_its_parent(
    parent: Any, child: Any, is_strict: bool
) -> None:
    above, full = FORM.split(header_of(parent["header"]))[0], header_of(child["header"])
    chain = chain_up_to(above)
    assert engine_on(chain, is_strict).verify_header(full, above) is None


@pytest.mark.parametrize(("parent", "child"), successive())
def test_a_published_header_fails_without_its_seals(parent: Any, child: Any) -> None:
    above, full = FORM.split(header_of(parent["header"]))[0], header_of(child["header"])
    bare, _ = FORM.split(full)
    assert engine_on(chain_up_to(above)).verify_header(bare, above) == "empty_committed_seals"


def chain_up_to(last: Header) -> FakeChain:
    """Give a chain of the published headers up to one of them."""
    headers = sorted(
        (FORM.split(header_of(vector["header"]))[0] for vector in HEADERS), key=lambda h: h.number
    )
    chain = FakeChain(headers[0])
    for header in headers[1:]:
        if header.number <= last.number:
            chain.add(header)
    return chain


def engine_on(chain: FakeChain, is_strict: bool = False) -> Ibft1Engine:
    options = Ibft1Options(strict_seals=is_strict, london_block=2**63)
    return Ibft1Engine(options, Capabilities(chain, VERIFIER, TreeEntropy(1, "import")))


# -- the loss of agreement ----------------------------------------------------------------------


def attack(vector: Any, **switches: Any) -> TraceDriver:
    setup = json.loads((FOLDER / "ibft1_attack_trace.json").read_text())["setup"]
    driver = TraceDriver(setup, Ibft1Options(period=5, relays=False, **switches))
    driver.follow(vector["steps"])
    return driver


TRACES = parametrised(load("ibft1_attack_trace"))


@pytest.mark.parametrize("vector", TRACES)
def test_the_trace_decides_as_published_without_lock_and_with_old_rounds(vector: Any) -> None:
    driver = attack(vector, lock="off", old_rounds="count")
    assert driver.missing == []
    assert driver.decisions() == vector["final_decisions"]
    assert len(driver.decided_hashes()) == 2


SAFE = [pair for pair in product(("on", "off"), ("drop", "count")) if pair != ("off", "count")]


@pytest.mark.parametrize("vector", TRACES)
@pytest.mark.parametrize(("lock", "old_rounds"), SAFE)
def test_the_trace_decides_one_value_at_most_with_a_safe_switch(
    vector: Any, lock: str, old_rounds: str
) -> None:
    driver = attack(vector, lock=lock, old_rounds=old_rounds)
    assert driver.missing != []
    assert len(driver.decided_hashes()) <= 1
    driver.flood()
    assert len(driver.decided_hashes()) <= 1


def test_a_committed_list_that_is_no_list_is_refused() -> None:
    with pytest.raises(CodecError):
        IstanbulExtra.decode(bytes(32) + b"\xc3\xc0\x80\x80")
