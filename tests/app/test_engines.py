"""What a node must know about an engine."""

import pytest

from node.app.engines import aura_plan, clique_plan, ibft1_plan, qbft_plan
from node.base.types import Address
from node.consensus_poa.aura.options import AuraOptions
from node.consensus_poa.clique.options import CliqueOptions
from node.consensus_poa.ibft1.options import Ibft1Options
from node.consensus_poa.qbft.options import QbftOptions
from node.consensus_poa.wal import WalEntry
from node.evm.forks import LONDON

A, B = Address(b"\x01" * 20), Address(b"\x02" * 20)


def test_clique_founds_a_chain_that_lists_its_signers():
    plan = clique_plan(CliqueOptions(period=3, epoch=9))
    assert plan.genesis_extra((A, B)) == bytes(32) + A + B + bytes(65)
    assert (plan.profile, plan.settings) == (LONDON, {"period": 3, "epoch": 9})
    assert not plan.has_finality


@pytest.mark.parametrize("count", [1, 128, 200])
def test_clique_keeps_the_newest_seals_of_its_log(count):
    entries = [WalEntry("seal", bytes(32), A, bytes([n])).encode() for n in range(count)]
    kept = clique_plan(CliqueOptions()).prune_log(entries, 0)
    assert list(kept) == entries[-128:]


@pytest.mark.parametrize(
    ("plan", "is_named"),
    [
        (clique_plan(CliqueOptions()), False),
        (ibft1_plan(Ibft1Options()), False),
        (qbft_plan(QbftOptions(validators_from="header")), False),
        (qbft_plan(QbftOptions(validators_from="contract")), True),
        (aura_plan(AuraOptions()), True),
    ],
)
def test_the_genesis_names_the_registry_where_the_set_comes_from_it(plan, is_named):
    named = plan.settings_of(A).get("validatorcontractaddress")
    assert named == ("0x" + "01" * 20 if is_named else None)
    assert plan.settings.items() <= plan.settings_of(A).items()
