"""Manifests that name what is not theirs: naming a block gives no right to it, nor takes one."""

from time import process_time

import pytest

from node.app import custody_desk
from node.base.types import Hash32
from node.ipfs_lite.blocks import BlockClass, EraseOrder
from node.ipfs_lite.cid import DAG_PB, RAW, encode_uvarint, make_cid, multihash_of
from node.ipfs_lite.dagpb import Link, Node, encode
from node.ipfs_lite.errors import ReadOnlyError
from node.p2p.messages import Custody, CustodyKept, XBlock, XGive, XWant, XWantEntry
from node.p2p.wire import decode
from node.privacy.handover import seal_share
from node.sss.ssms import deal
from node.sss.terms import DealTerms, Profile
from node.workflows.requests import Drop
from tests.app.clinic import opened
from tests.app.ward import CHAIN_ID, HOSPITALS

ONE, TWO, THREE = HOSPITALS[:3]
KEEPER = 1


@pytest.fixture
def clinic():
    """Give a network in which core 1 keeps a fragment for ONE, and THREE has read the manifest."""
    clinic = opened()
    clinic.net.introduce(THREE)
    return clinic


def fragment(clinic):
    return clinic.manifest.fragments[clinic.second - 1].cid


def hand_over(clinic, named, seed=1):
    """Let THREE hand over a deal of its own whose manifest names that block for core 1."""
    terms = DealTerms(
        chain_id=CHAIN_ID,
        pmr_id=seed.to_bytes(32),
        record_version=99,
        generation=0,
        dealer=THREE.address,
        t=2,
        n=3,
    )
    made = deal(
        b"anything",
        terms,
        entropy=clinic.entropy,
        seeds=clinic.seeds,
        profile=Profile.SIMULATION,
    )
    manifest = made.manifest((ONE.address, TWO.address), [make_cid(b"other"), named]).encode()
    key = clinic.hospitals[KEEPER].custody_key
    sealed = seal_share(made.custodians[1], key, clinic.entropy)
    message = Custody(
        deal=Hash32(made.header.deal_id()), manifest=manifest, sealed=sealed, rid=seed
    )
    clinic.net.say(THREE, KEEPER, message)
    clinic.net.settle()
    return make_cid(manifest)


def answers(clinic, peer):
    return [decode(raw) for _, to, raw in clinic.net.sent if to == peer.address]


def rules(clinic, peer, cid):
    """Give the rules by ingest; the patient's hospital may read the fragments by the ledger."""
    store = clinic.net.cores[KEEPER].store.store
    found = store.rules_for(multihash_of(cid), peer.address)
    return sorted(rule.source for rule in found if rule.source != "grant")


def test_naming_a_block_of_another_deal_gives_no_right_to_it(clinic):
    hand_over(clinic, fragment(clinic))
    assert rules(clinic, THREE, fragment(clinic)) == []
    entries = (XWantEntry(fragment(clinic), 1, 4),)
    clinic.net.say(THREE, KEEPER, XWant(full=False, entries=entries))
    gives = [one for one in answers(clinic, THREE) if isinstance(one, XGive)]
    assert [give.blocks for give in gives if give.blocks] == []


def test_naming_a_block_of_another_deal_claims_nothing_for_the_own_manifest(clinic):
    manifest = hand_over(clinic, fragment(clinic))
    store = clinic.net.cores[KEEPER].store.store
    assert manifest not in store.claims_of(multihash_of(fragment(clinic)))


def test_naming_a_block_of_another_deal_takes_no_right_of_its_owner(clinic):
    before = rules(clinic, ONE, fragment(clinic))
    hand_over(clinic, fragment(clinic))
    assert rules(clinic, ONE, fragment(clinic)) == before == ["owner"]


def test_handing_over_what_everybody_may_read_opens_nothing_that_is_not(clinic):
    """The victim's manifest has a claim on the fragment, and THREE can give its bytes."""
    manifest = clinic.manifest.encode()
    name = make_cid(manifest)
    hand_over(clinic, name)
    clinic.net.say(THREE, KEEPER, XGive((XBlock(name[:4], manifest),), (), (), 0))
    clinic.net.settle()
    assert any(isinstance(one, CustodyKept) for one in answers(clinic, THREE))
    assert rules(clinic, THREE, fragment(clinic)) == []


def test_who_gives_the_bytes_owns_them_beside_the_first_owner(clinic):
    store = clinic.net.cores[KEEPER].store.store
    data, name = store.get(fragment(clinic)), fragment(clinic)
    hand_over(clinic, name)
    clinic.net.say(THREE, KEEPER, XGive((XBlock(name[:4], data),), (), (), 0))
    assert rules(clinic, THREE, name) == rules(clinic, ONE, name) == ["owner"]


def test_what_is_here_already_is_asked_for_like_what_is_not(clinic):
    """Else an acknowledgement would tell what a custodian keeps."""
    told = []
    for seed, named in enumerate((fragment(clinic), make_cid(b"nowhere"))):
        clinic.net.sent.clear()
        hand_over(clinic, named, seed + 1)
        clinic.net.sleep(31)
        wants = [one for one in answers(clinic, THREE) if isinstance(one, XWant)]
        told.append([[entry[1:] for entry in want.entries] for want in wants])
        assert not any(isinstance(one, CustodyKept) for one in answers(clinic, THREE))
        assert all(entry.cid == named for want in wants for entry in want.entries)
    assert told[0] == told[1] != []


def test_a_fragment_that_was_erased_by_order_is_refused_and_stops_nothing(clinic):
    core, name = clinic.net.cores[KEEPER], fragment(clinic)
    data = core.store.store.get(name)
    core.store.store.erase(EraseOrder(bytes(32), name, at_s=1))
    hand_over(clinic, name)
    clinic.net.say(THREE, KEEPER, XGive((XBlock(name[:4], data),), (), (), 0))
    (told,) = clinic.net.noted(KEEPER, "custody.fragment_missing")
    assert "erased" in told["why"]
    assert not core.store.store.has(name)


def nested(levels, width=1000):
    """Give blocks of a file that links one child so often per level, the root last."""
    leaf = bytes(1)
    blocks, child, size, tsize = [leaf], make_cid(leaf), 1, 1
    for _ in range(levels):
        message = b"\x08\x02" + b"\x18" + encode_uvarint(size * width)
        message += (b"\x20" + encode_uvarint(size)) * width
        data = encode(Node(tuple(Link(child, "", tsize) for _ in range(width)), message))
        size, tsize = size * width, len(data) + width * tsize
        blocks.append(data)
        child = make_cid(data, DAG_PB)
    return blocks, child


def test_a_small_graph_that_is_a_huge_file_is_not_unfolded(clinic):
    blocks, name = nested(3)
    hand_over(clinic, name)
    for data in reversed(blocks):
        prefix = make_cid(data, DAG_PB if data != blocks[0] else RAW)[:4]
        clinic.net.say(THREE, KEEPER, XGive((XBlock(prefix, data),), (), (), 0))
    began = process_time()
    clinic.net.settle()
    assert process_time() - began < 1


def test_dropping_a_small_graph_that_is_a_huge_file_looks_at_each_block_once(clinic):
    blocks, name = nested(3)
    core = clinic.net.cores[KEEPER]
    for data in blocks:
        cid = make_cid(data, RAW if data == blocks[0] else DAG_PB)
        core.store.store.put(cid, data, BlockClass.SEALED)
    began = process_time()
    clinic.net.ask(KEEPER, Drop(name))
    assert process_time() - began < 1
    assert not any(core.store.store.has(make_cid(data, DAG_PB)) for data in blocks)


def test_fragments_that_never_come_are_waited_for_up_to_a_number(clinic, monkeypatch):
    monkeypatch.setattr(custody_desk, "OPEN_INGESTS_COUNT_MAX", 2)
    for seed in range(1, 5):
        hand_over(clinic, make_cid(b"nowhere %d" % seed), seed)
    refused = clinic.net.noted(KEEPER, "custody.message_refused")
    assert ["busy" in told["why"] for told in refused] == [True, True]
    assert len(clinic.net.cores[KEEPER].store._fetches) == 2
    clinic.net.sleep(31)
    hand_over(clinic, make_cid(b"nowhere"), 5)
    assert len(clinic.net.noted(KEEPER, "custody.message_refused")) == 2
    assert len(clinic.net.cores[KEEPER].custody._ingests) == 1


def test_a_disk_that_fails_when_a_fragment_is_claimed_stops_no_node(clinic, monkeypatch):
    data = b"a fragment of THREE"
    core, name = clinic.net.cores[KEEPER], make_cid(data)

    def fail(file, root):
        raise ReadOnlyError("the disk failed")

    monkeypatch.setattr(core.store, "claim", fail)
    hand_over(clinic, name)
    clinic.net.say(THREE, KEEPER, XGive((XBlock(name[:4], data),), (), (), 0))
    (told,) = clinic.net.noted(KEEPER, "custody.fragment_missing")
    assert "the disk failed" in told["why"]
    assert not any(isinstance(one, CustodyKept) for one in answers(clinic, THREE))
