import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base.limits import PATH_BYTES_MAX
from node.ipfs_lite.cid import DAG_CBOR, to_text
from node.ipfs_lite.dagpb import Link
from node.ipfs_lite.errors import BadPathError, NotFoundError
from node.ipfs_lite.hamt import Named, write_shards
from node.ipfs_lite.paths import IpfsPath, parse_path, resolve
from node.ipfs_lite.profiles import DEFAULT_PROFILE
from node.ipfs_lite.unixfs_data import EMPTY_DIRECTORY
from node.ipfs_lite.unixfs_dirs import write_directory, write_symlink
from node.ipfs_lite.unixfs_write import write_bytes
from tests.ipfs_lite.shelf import Shelf


class World:
    """/a/b is a file, /a/s a symlink, /a/c a block of dag-cbor; /h is sharded and holds a file."""

    def __init__(self):
        self.shelf = shelf = Shelf()
        put = shelf.__setitem__
        self.file = write_bytes(b"content", put)
        self.link = write_symlink(b"b", put)
        foreign = shelf.add(b"\xa0", DAG_CBOR)
        self.a = shelf.node(
            [
                Link(self.file.cid, "b", 1),
                Link(foreign, "c", 1),
                Link(self.link.cid, "s", 1),
                Link(shelf.file([], [], own=b"x"), "f", 1),
            ],
            EMPTY_DIRECTORY,
        )
        names = [Named(f"n{index}", self.file) for index in range(600)]
        self.h = write_shards(names, put, DEFAULT_PROFILE)
        root = write_directory(
            [Named("a", self.file._replace(cid=self.a)), Named("h", self.h)], put
        )
        self.root = root.cid

    def resolve(self, rest):
        return resolve(self.get, parse_path(f"/ipfs/{to_text(self.root)}{rest}"))

    def get(self, cid):
        try:
            return self.shelf.get_block(cid)
        except KeyError as error:
            raise NotFoundError(to_text(cid)) from error


@pytest.fixture
def world():
    return World()


@pytest.mark.parametrize("rest", ["", "/", "/.", "//", "/a/..", "/x/../", "/./a/b/../.."])
def test_a_path_without_names_is_its_root_and_fetches_nothing(world, rest):
    assert world.resolve(rest) == (world.root, ())


@pytest.mark.parametrize("rest", ["/a/b", "/a/./b", "//a//b/", "/a/../a/b", "/x/../a/y/../b"])
def test_a_path_leads_to_its_file_over_the_blocks_that_were_read(world, rest):
    assert world.resolve(rest) == (world.file.cid, (world.root, world.a))


def test_the_prefix_may_be_left_out(world):
    assert parse_path(f"{to_text(world.root)}/a") == IpfsPath(world.root, ("a",))


def test_a_path_reads_back_from_its_text(world):
    path = IpfsPath(world.root, ("a", "b"))
    assert parse_path(str(path)) == path


def test_a_path_goes_through_the_shards_on_its_way_and_no_others(world):
    found = world.resolve("/h/n17")
    assert found.cid == world.file.cid
    assert found.visited[:2] == (world.root, world.h.cid)
    assert 2 <= len(found.visited) <= 4
    assert list(found.visited) == world.shelf.read


def test_a_symlink_is_given_and_not_followed(world):
    assert world.resolve("/a/s").cid == world.link.cid


@pytest.mark.parametrize(
    ("rest", "why"),
    [
        ("/..", "above the root"),
        ("/a/../..", "above the root"),
        ("/../a", "above the root"),
        ("/x", "no entry 'x'"),
        ("/a/x/b", "no entry 'x'"),
        ("/h/x", "no entry 'x'"),
        ("/a/b/c", "is a file, nothing lies below it"),
        ("/a/f/c", "is a file, nothing lies below it"),
        ("/a/s/c", "is a symlink, nothing lies below it"),
        ("/a/c/x", "no UnixFS"),
        ("/a/\udcff", "not UTF-8"),
        ("/a" * 3_000, "at most 4096"),
    ],
)
def test_a_path_that_leads_nowhere_says_why(world, rest, why):
    with pytest.raises(BadPathError, match=why):
        world.resolve(rest)


def test_the_longest_path_is_read(world):
    text = f"/ipfs/{to_text(world.root)}"
    parse_path(text + "/" * (PATH_BYTES_MAX - len(text)))
    with pytest.raises(BadPathError):
        parse_path(text + "/" * (PATH_BYTES_MAX - len(text) + 1))


@pytest.mark.parametrize("text", ["", "/", "/ipfs/", "/ipfs//a", "/ipns/x", "ipfs/a", "Qm"])
def test_a_path_without_a_cid_is_refused(text):
    with pytest.raises(BadPathError, match="CID"):
        parse_path(text)


def test_a_missing_directory_is_not_found(world):
    del world.shelf[world.a]
    with pytest.raises(NotFoundError):
        world.resolve("/a/b")


def test_the_block_at_the_end_may_be_missing(world):
    del world.shelf[world.file.cid]
    assert world.resolve("/a/b").cid == world.file.cid


@given(st.text(max_size=30))
def test_any_text_is_a_path_or_no_path(text):
    try:
        parse_path(text)
    except BadPathError:
        return
