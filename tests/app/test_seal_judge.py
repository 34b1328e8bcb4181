"""Who may seal, who gets the fees, and which head is followed."""

from dataclasses import replace

import pytest

from node.app.genesis_engines import header_form, kept_genesis
from node.app.seal_judge import EngineJudge, Unsealed, judge_for
from node.base.errors import ConfigError
from node.evm.genesis import Genesis
from tests.app.bft_chain import MEMBERS, BftChain, genesis_json
from tests.app.registry_chain import Chain
from tests.app.sealed_chain import VANITY, A, B, C, SealedChain, clique_genesis, fresh
from tests.evm.chains import VERIFIER, genesis


def judge_of(chain, *, checks_seals=True):
    return judge_for(chain.genesis, chain.ledger, VERIFIER, checks_seals=checks_seals)


def test_clique_finds_nothing_in_a_right_header():
    chain = SealedChain([A, B])
    assert judge_of(chain).check(chain.make(B).header, chain.ledger.head) is None


def test_clique_names_the_rule_that_a_header_breaks():
    chain = SealedChain([A, B])
    header = chain.make(B, difficulty=1).header
    assert judge_of(chain).check(header, chain.ledger.head) == "wrong_difficulty"


def test_clique_pays_the_signer_whatever_the_coinbase_says():
    chain = SealedChain([A, B])
    header = chain.make(B, vote=(C, True)).header
    assert judge_of(chain).fee_recipient(header) == B.address


def test_clique_follows_weight_and_of_equals_the_same_one_in_any_order():
    chain = SealedChain([A, B, C])
    judge, ledger = judge_of(chain), chain.ledger
    heavy, light, other = chain.make(B), chain.make(A), chain.make(C)
    for block in (heavy, light, other):
        signer = judge.fee_recipient(block.header)
        ledger.insert(block, ledger.check(block, fee_recipient=signer))
    assert judge.prefers(light.header, heavy.header)
    assert not judge.prefers(heavy.header, light.header)
    assert judge.prefers(light.header, other.header) != judge.prefers(other.header, light.header)


@pytest.mark.parametrize("extra", [b"", VANITY, VANITY + bytes(19 + 65), VANITY + bytes(65)])
def test_clique_wants_signers_in_its_genesis(extra):
    of = genesis(extra_data=extra)
    with pytest.raises(ConfigError, match="extraData"):
        judge_for(of, fresh(of), VERIFIER, checks_seals=True)


def test_unsealed_finds_nothing_wrong_with_any_seal():
    chain = SealedChain([A])
    header = replace(chain.make(A).header, extra_data=bytes(97), difficulty=9)
    assert judge_of(chain, checks_seals=False).check(header, chain.ledger.head) is None


def test_unsealed_clique_still_pays_the_signer():
    chain = SealedChain([A])
    judge = judge_of(chain, checks_seals=False)
    assert judge.fee_recipient(chain.make(A, vote=(C, True)).header) == A.address


def test_unsealed_clique_without_a_seal_pays_the_coinbase():
    chain = SealedChain([A])
    header = replace(chain.make(A).header, extra_data=b"", coinbase=C.address)
    assert judge_of(chain, checks_seals=False).fee_recipient(header) == C.address


def test_unsealed_chain_of_another_engine_pays_the_coinbase():
    chain = SealedChain([A])
    judge = Unsealed(replace(chain.genesis, engine="qbft"), chain.ledger, VERIFIER)
    header = chain.make(A, vote=(C, True)).header
    assert judge.fee_recipient(header) == C.address


def test_unsealed_follows_weight_and_after_the_merge_the_file():
    chain = SealedChain([A, B])
    judge, ledger = judge_of(chain, checks_seals=False), chain.ledger
    heavy, light, merged = chain.make(B), chain.make(A), chain.make(A, difficulty=0)
    for block in (heavy, light, merged):
        signer = judge.fee_recipient(block.header)
        ledger.insert(block, ledger.check(block, fee_recipient=signer))
    assert judge.prefers(light.header, heavy.header)
    assert not judge.prefers(heavy.header, light.header)
    assert judge.prefers(heavy.header, merged.header)


def test_seals_are_checked_unless_told_otherwise():
    of = clique_genesis([A])
    assert isinstance(judge_for(of, fresh(of), VERIFIER, checks_seals=True), EngineJudge)
    assert isinstance(judge_for(of, fresh(of), VERIFIER, checks_seals=False), Unsealed)


def test_seals_that_nobody_here_can_check_are_an_error_that_says_what_to_do():
    of = genesis(engine="ethash")
    with pytest.raises(ConfigError, match="--no-seal"):
        judge_for(of, fresh(of), VERIFIER, checks_seals=True)


@pytest.mark.parametrize(
    ("engine", "decides"),
    [("qbft", True), ("ibft", True), ("istanbul", True), ("ibft2", True), ("aura", False)],
)
def test_every_engine_has_a_judge_and_bft_ones_decide(engine, decides):
    of = kept_genesis(Genesis.from_json(genesis_json(engine), foreign=True))
    if engine == "aura":
        of = replace(clique_genesis([A]), engine=engine, engine_settings={})
    judge = judge_for(of, fresh(of), VERIFIER, checks_seals=True)
    assert (judge.decides, judge.reads_state) == (decides, False)
    assert judge.form is header_form(of) or engine == "ibft2"


def test_a_contract_that_names_the_validators_is_read_from_state():
    chain = Chain(validators=4)
    settings = {"validatorcontractaddress": f"0x{chain.government.address.hex()}"}
    of = replace(chain.genesis, engine="aura", engine_settings=settings)
    assert judge_for(of, fresh(of), VERIFIER, checks_seals=True).reads_state


@pytest.mark.parametrize("engine", ["qbft", "ibft", "ibft2"])
def test_who_is_paid_does_not_depend_on_whether_seals_are_checked(engine):
    chain = BftChain(genesis_json(engine))
    full = chain.make(builder=MEMBERS[2], vote=None if engine != "ibft" else (C.address, True))
    kept, _ = chain.form.split(full.header)
    for checks_seals in (True, False):
        judge = judge_for(chain.genesis, chain.ledger, VERIFIER, checks_seals=checks_seals)
        assert judge.fee_recipient(kept) == MEMBERS[2].address
