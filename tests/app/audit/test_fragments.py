"""Fragments: with their custodians, and with nobody else but who may read."""

from dataclasses import replace

from node.app.audit.evidence import Evidence, Piece
from node.app.audit.fragments import check_fragments
from node.app.audit.source import Shelf
from node.ipfs_lite.cid import multihash_of
from node.sim.run_stores import KeptBlocks
from tests.sim.audited import evidence


def findings(one: Evidence) -> list[tuple[str, str]]:
    check_fragments(one)
    return [(found.rule, found.what) for found in one.report.findings]


def with_rows(factory, change) -> Evidence:
    """Give evidence in which the first custodian of the first deal has other blocks."""
    deal = next(evidence(factory).current())
    key = multihash_of(deal.manifest.fragments[0].cid)

    def tamper(shelf: Shelf) -> Shelf:
        if shelf.address != deal.holders[0]:
            return shelf
        rows = {name: shelf.blocks.stored(name) or b"" for name in shelf.blocks.multihashes()}
        change(rows, key)
        return replace(shelf, blocks=KeptBlocks(rows))

    return evidence(factory, shelf=tamper)


def test_whole_fragments_are_given_in_order(tmp_path_factory) -> None:
    one = evidence(tmp_path_factory)
    sound = check_fragments(one)
    assert one.report.is_clean
    assert {len(raws) for raws in sound.values()} == {3}


def test_a_fragment_that_is_gone_is_named(tmp_path_factory) -> None:
    ((rule, what),) = findings(with_rows(tmp_path_factory, lambda rows, key: rows.pop(key)))
    assert rule == "fragment"
    assert what.startswith("fragment 1 at ")


def test_a_fragment_that_rotted_is_named_with_its_block(tmp_path_factory) -> None:
    def rot(rows, key) -> None:
        rows[key] = rows[key][:-1] + bytes((rows[key][-1] ^ 1,))

    rules = [rule for rule, _ in findings(with_rows(tmp_path_factory, rot))]
    assert rules == ["fragment", "store"]


def test_a_block_of_no_record_that_rotted_is_named(tmp_path_factory) -> None:
    one = with_rows(
        tmp_path_factory, lambda rows, _key: rows.update({b"\x12\x20" + bytes(32): b"x"})
    )
    ((rule, what),) = findings(one)
    assert rule == "store"
    assert "has other bytes than its name says" in what


def strayed(factory, address: str) -> tuple[Evidence, Piece]:
    """Give evidence in which a node keeps fragment 1 of a visit that it is no custodian of."""
    one = evidence(factory)
    deal = next(deal for deal in one.current() if deal.filing.pmr_id)
    shelf = next(two for two in one.shelves if two.name == address)
    index = next(x for x, holder in enumerate(deal.holders, 1) if holder != shelf.address)
    piece = Piece(shelf, index, multihash_of(deal.manifest.fragments[index - 1].cid))
    one.pieces[deal.deal_id].append(piece)
    return one, piece


def test_a_fragment_with_a_stranger_is_named(tmp_path_factory) -> None:
    one, piece = strayed(tmp_path_factory, "h4")
    ((rule, what),) = findings(one)
    assert (rule, what) == ("fragment", f"h4 keeps fragment {piece.index} and may not")


def test_the_home_of_the_patient_may_keep_one_for_a_while(tmp_path_factory) -> None:
    one, _ = strayed(tmp_path_factory, "h0")
    assert findings(one) == []


def test_the_reader_may_while_the_grant_stands_and_not_after(tmp_path_factory) -> None:
    ended, _ = strayed(tmp_path_factory, "h1")
    assert [rule for rule, _ in findings(ended)] == ["fragment"]
    standing, _ = strayed(tmp_path_factory, "h1")
    for line in standing.facts.grants.values():
        line.revoked = None
    assert findings(standing) == []
