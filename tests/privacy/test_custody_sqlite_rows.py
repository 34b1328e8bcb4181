from itertools import combinations

import pytest

from node.base.errors import CorruptStoreError
from node.privacy.custody_sqlite_rows import Kept, place, step_place
from node.privacy.custody_store import Holding
from tests.privacy.custody_folder import opened

DEAL, GRANT = b"d" * 32, b"g" * 32
HOLDING = Holding(b"manifest", b"share")


def test_no_two_places_have_one_name():
    places = [
        place("lent", b"ab", b"c"),
        place("lent", b"a", b"bc"),
        place("lent", b"abc"),
        place("holdings", b"abc"),
        step_place(b"abc", 0),
        step_place(b"abc", 1),
    ]
    assert all(a != b for a, b in combinations(places, 2))


def test_what_is_kept_counts_its_objects_and_knows_when_it_is_empty():
    assert Kept(None, {}, (), None).is_empty
    assert not Kept(None, {}, (), b"renewal").is_empty
    assert Kept(HOLDING, {GRANT: b"lent"}, (b"1", b"2"), None).objects == 4
    assert "share" not in repr(Kept(HOLDING, {}, (), None))


@pytest.mark.parametrize(
    "kept",
    [
        Kept(HOLDING, {}, [], None),
        Kept(None, {GRANT: b"lent"}, [b"step"], None),
        Kept(HOLDING, {GRANT: b"lent", DEAL: b""}, [b"1", b"2", b"3"], b"renewal"),
        Kept(Holding(b"", b""), {}, [], b"renewal"),
    ],
)
def test_what_is_kept_is_read_again(tmp_path, kept):
    with opened(tmp_path) as store:
        store._rows.replace(DEAL, kept)
        assert store._rows.kept(DEAL) == kept
        assert store._rows.count(DEAL) == kept.objects


def test_the_digest_of_a_renewal_alone_is_kept_too(tmp_path):
    with opened(tmp_path) as store:
        store._rows.replace(DEAL, Kept(None, {}, (), b"renewal"))
        assert store._rows.kept(DEAL) == Kept(None, {}, (), b"renewal")
        assert not store.is_clear_of(DEAL)


def test_rows_without_a_key_are_named(tmp_path):
    with opened(tmp_path) as store:
        store.put_holding(DEAL, HOLDING)
        with store._database.batch():
            store._database.write("DELETE FROM deal_keys")
        with pytest.raises(CorruptStoreError, match="has rows and no key"):
            store.holding(DEAL)


def _fail_while_adding(store) -> None:
    with store._rows.adding(DEAL) as key:
        store._rows.write_lent(key, DEAL, GRANT, b"lent")
        raise ZeroDivisionError


def test_a_batch_that_fails_keeps_nothing_and_the_deal_is_as_before(tmp_path):
    with opened(tmp_path) as store:
        store.put_holding(DEAL, HOLDING)
        with pytest.raises(ZeroDivisionError):
            _fail_while_adding(store)
        assert store._rows.kept(DEAL) == Kept(HOLDING, {}, [], None)
