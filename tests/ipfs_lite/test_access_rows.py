from contextlib import closing

import pytest

from node.ipfs_lite.access_rows import AccessRows
from node.ipfs_lite.blocks import AccessRule
from node.ipfs_lite.cid import make_cid, multihash_of
from tests.ipfs_lite.counted import new_index

_ROOT, _HERE, _ABSENT = make_cid(b"root"), make_cid(b"here"), make_cid(b"absent")


@pytest.fixture
def rows(tmp_path):
    with closing(new_index(tmp_path / "index")) as database, database.batch():
        rows = AccessRows(database)
        rows.claim([multihash_of(_HERE)], _ROOT)
        rows.set_rules(_ROOT, (AccessRule(_ROOT, b"op", "owner"),))
        yield rows


@pytest.mark.parametrize("question", ["rules", "claims"])
def test_every_question_is_one_statement_whatever_is_here(rows, question):
    counts = []
    database = rows._database
    execute = database._execute
    for cid in (_HERE, _ABSENT):
        asked = []
        database._execute = lambda sql, *values, asked=asked: (
            asked.append(sql) or execute(sql, *values)
        )
        if question == "rules":
            rows.rules_for(multihash_of(cid), b"op")
        else:
            rows.claims_of(multihash_of(cid))
        counts.append(len(asked))
    del database._execute
    assert counts == [1, 1]


def test_an_access_rule_comes_back_as_it_was(rows):
    (rule,) = rows.rules_for(multihash_of(_HERE), b"op")
    assert rule == AccessRule(_ROOT, b"op", "owner")


def test_a_forgotten_root_neither_claims_nor_rules(rows):
    rows.forget(_ROOT)
    assert rows.claims_of(multihash_of(_HERE)) == ()
    rows.claim([multihash_of(_HERE)], _ROOT)
    assert rows.rules_for(multihash_of(_HERE), b"op") == ()
