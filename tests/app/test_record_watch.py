"""What a node reads of records and members on its final chain."""

import pytest

from node.app.record_watch import RecordWatch
from node.app.validator_sets import RegistryValidators
from node.ipfs_lite.cid import make_cid
from tests.app.clinic import opened
from tests.app.ward import HOSPITALS


@pytest.fixture
def clinic():
    return opened()


def watch(clinic, n=0):
    core = clinic.net.cores[n]
    sets = RegistryValidators(core.ledger, clinic.contracts.government)
    return RecordWatch(core.chain, clinic.contracts, sets)


def test_a_record_is_named_with_who_could_keep_it(clinic):
    changes = watch(clinic).advance()
    (record,) = changes.gained
    assert record.cid == clinic.visit.filed.content.cid
    assert record.members == changes.members == tuple(sorted(one.address for one in HOSPITALS[:2]))
    assert changes.lost == ()


def test_all_nodes_read_the_same(clinic):
    clinic.net.grow(1)
    first, second = (watch(clinic, n).advance() for n in range(2))
    assert first.gained == second.gained


def test_nothing_new_is_no_change(clinic):
    watching = watch(clinic)
    watching.advance()
    assert watching.advance() is None


def test_a_further_record_is_gained_alone(clinic):
    watching = watch(clinic)
    watching.advance()
    visit = clinic.admit(clinic._patient("another"))
    (record,) = watching.advance().gained
    assert record.cid == visit.filed.content.cid


def test_blocks_without_an_entry_name_nothing(clinic):
    watching = watch(clinic)
    watching.advance()
    clinic.net.grow(2)
    assert watching.advance().gained == ()


def test_what_a_left_branch_named_is_lost_and_what_both_named_stays(clinic):
    """The watch believes a chain on which another record stood beside this one."""
    watching = watch(clinic)
    (record,) = watching.advance().gained
    watching._named[9, 0] = b"of the other branch"
    watching._read_to = bytes(32)
    changes = watching.advance()
    assert changes.gained == ()
    assert changes.lost == (b"of the other branch",)
    assert list(watching._named.values()) == [record.cid]


def test_a_record_that_is_shared_anew_has_the_new_manifest_and_no_more_the_old_one(clinic):
    watching = watch(clinic)
    watching.advance()
    cid = make_cid(b"the next manifest")
    custody = clinic.contracts.custody
    clinic.act(custody.rotate(clinic.visit.pmr_id, 0, generation=1, manifest=cid))
    changes = watching.advance()
    assert [one.cid for one in changes.gained] == [cid]
    assert changes.lost == (clinic.visit.filed.content.cid,)


def test_an_erased_record_is_lost(clinic):
    watching = watch(clinic)
    watching.advance()
    clinic.erase()
    changes = watching.advance()
    assert (changes.gained, changes.lost) == ((), (clinic.visit.filed.content.cid,))
    fresh = watch(clinic).advance()
    assert (fresh.gained, fresh.lost) == ((), ())
