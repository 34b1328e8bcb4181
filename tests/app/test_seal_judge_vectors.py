"""Published headers, judged by the function that ``chain import`` calls for each header.

A vector is one header: its parent is another vector where there is one, else a stand-in of which
only the hash is published.
"""

import json
from dataclasses import replace
from typing import Any

import pytest

from node.app.seal_judge import EngineJudge, judge_for
from node.base.block import Block
from node.base.header import Header
from node.base.header_form import HeaderForm
from node.base.types import Address, Hash32
from node.consensus_poa.ibft1.header import Ibft1HeaderForm, IstanbulExtra
from node.consensus_poa.ibft1.votes import Voting
from node.consensus_poa.qbft.header import QbftExtra, QbftForm, with_extra
from node.consensus_poa.quorum import quorum
from node.evm.genesis import Genesis
from node.evm.ledger import Ledger
from node.storage.chain_data import StoredBlock
from node.storage.ledger_store import MemoryLedgerStore
from tests.app.bft_chain import FORKS, genesis_json
from tests.consensus_poa.ibft1.vector_headers import header_of
from tests.evm.chains import VERIFIER
from tests.vectors_dir import vectors

pytestmark = pytest.mark.conformance
FOLDER = vectors("consensus")


def load(name: str) -> list[Any]:
    path = FOLDER / f"{name}.json"
    found: list[Any] = json.loads(path.read_text())["vectors"]
    assert found, f"{path} holds no vectors"
    return found


def data(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def stand_in(header: Header, extra: bytes) -> Header:
    """Give a parent that fits the header, with the published hash."""
    parent = replace(
        header,
        number=header.number - 1,
        timestamp=header.timestamp - 1,
        gas_used=header.gas_limit // 2,
        extra_data=extra,
    )
    object.__setattr__(parent, "_hash", header.parent_hash)
    return parent


def judge_on(engine: str, parent: Header, parent_hash: Hash32, **settings: int) -> EngineJudge:
    """Give the judge of a chain of such headers that has ``parent`` stored."""
    names = [name for name in FORKS if name != "londonBlock" or parent.base_fee is not None]
    text = genesis_json(engine, dict.fromkeys(names, 0), settings=settings)
    genesis = Genesis.from_json(text, foreign=True)
    store = MemoryLedgerStore()
    ledger = Ledger(genesis, verifier=VERIFIER, store=store)
    store.chain.put(StoredBlock(parent_hash, Block(parent, ()), 1, (), ()))
    judge = judge_for(genesis, ledger, VERIFIER, checks_seals=True)
    assert isinstance(judge, EngineJudge)
    return judge


# -- QBFT


QBFT = [pytest.param(one, id=one["id"]) for one in load("qbft_headers")]


def qbft_case(vector: Any) -> tuple[EngineJudge, Header, Header]:
    header = Header.decode(data(vector["header_rlp"]), foreign=True)
    extra = replace(QbftExtra.decode(header.extra_data), round=0, seals=())
    parent = stand_in(header, extra.encode())
    # an epoch at the parent: the set is the one that it lists
    return judge_on("qbft", parent, header.parent_hash, epochlength=parent.number), header, parent


@pytest.mark.parametrize("vector", QBFT)
def test_a_published_header_of_qbft_is_right(vector):
    judge, header, parent = qbft_case(vector)
    assert judge.check(header, parent) is None


@pytest.mark.parametrize("vector", QBFT)
def test_a_published_header_of_qbft_with_too_few_or_changed_seals_is_refused(vector):
    judge, header, parent = qbft_case(vector)
    extra = QbftExtra.decode(header.extra_data)
    need = quorum(len(extra.validators))
    few = with_extra(header, replace(extra, seals=extra.seals[: need - 1]))
    assert judge.check(few, parent) == "not_enough_seals"
    twice = with_extra(header, replace(extra, seals=extra.seals[:1] * need))
    assert judge.check(twice, parent) == "duplicate_seal"
    other_round = with_extra(header, replace(extra, round=extra.round + 1))
    assert judge.check(other_round, parent) in ("unauthorized_seal", "invalid_seal")
    fewer = with_extra(header, replace(extra, validators=extra.validators[1:]))
    assert judge.check(fewer, parent) == "mismatching_validators"


# -- IBFT 1


IBFT1 = {data(one["expect"]["hash"]): one for one in load("ibft1_headers")}
ABOVE = [pytest.param(one, id=one["id"]) for one in IBFT1.values() if one["number"] > 0]


def ibft1_case(vector: Any) -> tuple[EngineJudge, Header, Header]:
    header = header_of(vector["header"])
    known = IBFT1.get(header.parent_hash)
    listed = tuple(sorted(Address(data(one)) for one in vector["expect"]["validators"]))
    if known is not None:
        parent, _ = Ibft1HeaderForm().split(header_of(known["header"]))
    else:
        parent = stand_in(header, IstanbulExtra(bytes(32), listed).encode())
    judge = judge_on("ibft", parent, header.parent_hash)
    if parent.number:  # its own past is not published, what it leads to is
        history = judge._engine._height.history
        history.keep(header.parent_hash, Voting(parent.number, listed))
    return judge, header, parent


@pytest.mark.parametrize("vector", ABOVE)
def test_a_published_header_of_ibft1_is_right_and_paid_to_its_proposer(vector):
    judge, header, parent = ibft1_case(vector)
    assert judge.check(header, parent) is None
    kept, _ = judge.form.split(header)
    assert judge.fee_recipient(kept) == data(vector["expect"]["proposer"])


@pytest.mark.parametrize("vector", ABOVE)
def test_a_published_header_of_ibft1_with_other_seals_is_refused(vector):
    judge, header, parent = ibft1_case(vector)
    extra = IstanbulExtra.decode(header.extra_data)
    seals = extra.committed_seals

    def check(**changes: Any) -> str | None:
        return judge.check(replace(header, extra_data=replace(extra, **changes).encode()), parent)

    assert check(committed_seals=()) == "empty_committed_seals"
    assert check(committed_seals=seals[:1]) == "too_few_committed_seals"
    assert check(committed_seals=(*seals, seals[0])) == "duplicate_committed_seal"
    assert check(committed_seals=(*seals[1:], extra.proposer_seal)) == "invalid_committed_seal"
    assert check(validators=extra.validators[1:]) == "mismatching_validators"
    assert check(proposer_seal=seals[0]) in ("invalid_proposer_seal", "unauthorized_proposer")


# -- both


FORMS: list[tuple[HeaderForm, Header]] = [
    *((QbftForm(), Header.decode(data(one.values[0]["header_rlp"]))) for one in QBFT),
    *((Ibft1HeaderForm(), header_of(one["header"])) for one in IBFT1.values()),
]


@pytest.mark.parametrize(("form", "header"), FORMS)
def test_a_published_header_is_parted_and_joined_to_its_bytes(form, header):
    assert form.join(*form.split(header)).encode() == header.encode()
