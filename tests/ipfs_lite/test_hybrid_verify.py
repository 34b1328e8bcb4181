from contextlib import closing

import pytest

from node.ipfs_lite.cid import make_cid
from node.ipfs_lite.flatfs import SEALED_SUFFIX, name_of
from tests.ipfs_lite.disks import LARGE, PLAIN, SEALED, SMALL, batch_of, block_files, opened, spoil


@pytest.fixture(params=[PLAIN, SEALED], ids=["plain", "sealed"])
def store(request, tmp_path):
    with closing(opened(tmp_path, request.param)) as made:
        made.commit(batch_of(SMALL, LARGE, *(bytes((number,)) for number in range(100))))
        yield made


def test_a_whole_store_has_no_problem(store):
    assert list(store.verify()) == []


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["row", "file"])
def test_a_changed_block_is_found_and_marked(tmp_path, store, data):
    spoil(tmp_path, store, make_cid(data))
    (problem,) = store.verify()
    assert problem.multihash == make_cid(data)[2:]
    assert store.bad() == (problem.multihash,)
    assert [again.multihash for again in store.verify()] == [problem.multihash]


def test_a_missing_file_is_found(tmp_path, store):
    block_files(tmp_path)[0].unlink()
    assert [problem.what for problem in store.verify()] == ["its file is missing"]
    assert store.bad() == (make_cid(LARGE)[2:],)


def test_a_file_without_a_row_is_found(tmp_path, store):
    name = name_of(make_cid(b"stray")[2:])
    (tmp_path / "blocks" / name).parent.mkdir(exist_ok=True)
    (tmp_path / "blocks" / name).write_bytes(b"stray")
    (problem,) = store.verify()
    assert problem == (b"", f"file {name} belongs to no block")
    store.drop_strays()
    assert list(store.verify()) == []


def test_a_second_file_of_a_block_is_not_the_fault_of_the_block(tmp_path, store):
    """Whoever drops what is bad must not lose the good one with it."""
    good = block_files(tmp_path)[0]
    plain = good.name.removesuffix(SEALED_SUFFIX)
    other = f"{plain}{SEALED_SUFFIX}" if good.name == plain else plain
    good.with_name(other).write_bytes(b"x")
    assert [problem.multihash for problem in store.verify()] == [b""]
    store.drop_strays()
    assert list(store.verify()) == []
    assert block_files(tmp_path) == [good]


def test_a_block_that_was_found_corrupt_stays_so_until_it_is_put_again(tmp_path, store):
    spoil(tmp_path, store, make_cid(SMALL))
    list(store.verify())
    spoil(tmp_path, store, make_cid(SMALL))
    assert [problem.what for problem in store.verify()] == ["it was found corrupt before"]
    store.commit(batch_of(SMALL))
    assert list(store.verify()) == []


def test_a_damaged_index_is_a_problem_and_no_end(tmp_path, store):
    with store._database.batch():
        store._database.write("UPDATE usage SET blocks = 7")
    assert [problem.what for problem in store.verify()] == [
        "the index counts 7 blocks of 605 bytes, there are 102 of 605"
    ]
