import pytest

from node.base.errors import UsageError
from node.commands.run_ledger import open_run
from node.contracts.consent_registry import Granted
from node.sim.run_chains import find_chain
from tests.commands import consent_play


def test_the_ledger_ends_on_the_head_of_the_run():
    ledger = consent_play.ledger()
    chain = find_chain(consent_play.folder(), "h0")
    assert ledger.ledger.head.hash() == chain.head_hash
    assert ledger.ask(ledger.contracts.patients.id_of(consent_play.key("p0").address)) == 1


def test_events_come_in_the_order_of_the_chain():
    grants = [one for one in consent_play.ledger().events() if isinstance(one, Granted)]
    assert [one.nonce for one in grants] == [0, 1, 2]


def test_no_run_is_named(tmp_path):
    with pytest.raises(UsageError, match="wants the folder of a finished run"):
        open_run(tmp_path, None)
    with pytest.raises(UsageError, match="no node 'h9'"):
        open_run(consent_play.folder(), "h9")
