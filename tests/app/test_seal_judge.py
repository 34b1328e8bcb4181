"""Who may seal, who gets the fees, and which head is followed."""

from dataclasses import replace

import pytest

from node.app.seal_judge import CliqueJudge, Unsealed, judge_for
from node.base.errors import ConfigError
from tests.app.sealed_chain import VANITY, A, B, C, SealedChain, clique_genesis, fresh
from tests.evm.chains import VERIFIER, genesis


def judge_of(chain, kind=CliqueJudge):
    return kind(chain.genesis, chain.ledger, VERIFIER)


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
        CliqueJudge(of, fresh(of), VERIFIER)


def test_unsealed_finds_nothing_wrong_with_any_seal():
    chain = SealedChain([A])
    header = replace(chain.make(A).header, extra_data=bytes(97), difficulty=9)
    assert judge_of(chain, Unsealed).check(header, chain.ledger.head) is None


def test_unsealed_clique_still_pays_the_signer():
    chain = SealedChain([A])
    judge = judge_of(chain, Unsealed)
    assert judge.fee_recipient(chain.make(A, vote=(C, True)).header) == A.address


def test_unsealed_clique_without_a_seal_pays_the_coinbase():
    chain = SealedChain([A])
    header = replace(chain.make(A).header, extra_data=b"", coinbase=C.address)
    assert judge_of(chain, Unsealed).fee_recipient(header) == C.address


def test_unsealed_chain_of_another_engine_pays_the_coinbase():
    chain = SealedChain([A])
    judge = Unsealed(replace(chain.genesis, engine="qbft"), chain.ledger, VERIFIER)
    header = chain.make(A, vote=(C, True)).header
    assert judge.fee_recipient(header) == C.address


def test_unsealed_follows_weight_and_after_the_merge_the_file():
    chain = SealedChain([A, B])
    judge, ledger = judge_of(chain, Unsealed), chain.ledger
    heavy, light, merged = chain.make(B), chain.make(A), chain.make(A, difficulty=0)
    for block in (heavy, light, merged):
        signer = judge.fee_recipient(block.header)
        ledger.insert(block, ledger.check(block, fee_recipient=signer))
    assert judge.prefers(light.header, heavy.header)
    assert not judge.prefers(heavy.header, light.header)
    assert judge.prefers(heavy.header, merged.header)


def test_seals_are_checked_unless_told_otherwise():
    of = clique_genesis([A])
    assert isinstance(judge_for(of, fresh(of), VERIFIER, checks_seals=True), CliqueJudge)
    assert isinstance(judge_for(of, fresh(of), VERIFIER, checks_seals=False), Unsealed)


def test_seals_that_nobody_here_can_check_are_an_error_that_says_what_to_do():
    of = genesis(engine="aura")
    with pytest.raises(ConfigError, match="--no-seal"):
        judge_for(of, fresh(of), VERIFIER, checks_seals=True)
