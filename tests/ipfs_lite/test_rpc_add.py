"""Adding over the RPC: trees of forms, options, classes, guards and pins."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base.errors import ConfigError, PeerError
from node.ipfs_lite.blocks import BlockClass
from node.ipfs_lite.cid import from_text, multihash_of, to_text
from node.ipfs_lite.errors import HttpRefusedError
from node.ipfs_lite.profiles import PROFILES
from node.ipfs_lite.rpc_add import GUARD_SECONDS, profile_of
from node.ipfs_lite.rpc_params import Params
from node.ipfs_lite.unixfs_tree import TreeFile, TreeFolder, TreeLink, write_tree
from node.ipfs_lite.unixfs_write import write_bytes
from tests.ipfs_lite.rpc_calls import FILE, FOLDER, SYMLINK, Rpc, files, form

HELLO = b"hello world"
HELLO_V0 = "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD"
HELLO_V1_WRAPPED = "bafybeihykld7uyxzogax6vgyvag42y7464eywpf55gxi5qpoisibh3c5wa"
HELLO_RAW = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"


@pytest.mark.parametrize(
    ("options", "cid"),
    [
        ("", HELLO_RAW),
        ("cid-version=1", HELLO_RAW),
        ("cid-version=0", HELLO_V0),
        ("profile=unixfs-v0-2015", HELLO_V0),
        ("cid-version=1&raw-leaves=false", HELLO_V1_WRAPPED),
    ],
)
def test_options_decide_the_cid(options: str, cid: str) -> None:
    assert Rpc().add(HELLO, options) == cid


def test_the_answer_has_name_hash_and_the_size_of_the_blocks() -> None:
    assert Rpc().lines("add?cid-version=0", files(x=HELLO)) == [
        {"Name": "x", "Hash": HELLO_V0, "Size": "19"}
    ]


def test_a_file_without_a_name_is_called_by_its_hash() -> None:
    [line] = Rpc().lines("add", form(("", HELLO, FILE)))
    assert line["Name"] == line["Hash"] == HELLO_RAW


def test_a_tree_has_the_cids_of_the_tree_writer() -> None:
    rpc = Rpc()
    sent = form(
        ("top", b"", FOLDER),
        ("top%2Fempty", b"", FOLDER),
        ("top%2Fb%2Fdeep", b"2", FILE),
        ("top%2Fa", b"1", FILE),
        ("top%2Flink", b"b/deep", SYMLINK),
        ("top%2Fb%2Fz", b"3", FILE),
    )
    lines = rpc.lines("add", sent)
    tree = TreeFolder(
        (
            ("empty", TreeFolder(())),
            ("a", TreeFile((b"1",))),
            ("b", TreeFolder((("deep", TreeFile((b"2",))), ("z", TreeFile((b"3",)))))),
            ("link", TreeLink(b"b/deep")),
        )
    )
    wanted = write_tree(tree, None)
    assert lines[-1] == {"Name": "top", "Hash": to_text(wanted.cid), "Size": str(wanted.dag_bytes)}
    assert [line["Name"] for line in lines] == [
        *("top/b/deep", "top/a", "top/link", "top/b/z", "top/empty", "top/b", "top")
    ]
    assert [pin.cid for pin in rpc.store.pins()] == [wanted.cid]
    assert rpc.got(f"cat?arg={lines[-1]['Hash']}/b/deep") == b"2"


def test_each_entry_at_the_top_has_its_pin() -> None:
    rpc = Rpc()
    lines = rpc.lines("add", form(("a", b"1", FILE), ("d/b", b"2", FILE), ("c", b"3", FILE)))
    roots = {line["Name"]: from_text(line["Hash"]) for line in lines}
    assert {pin.cid for pin in rpc.store.pins()} == {roots["a"], roots["d"], roots["c"]}


def test_a_wrapped_upload_has_one_root_without_a_name() -> None:
    rpc = Rpc()
    lines = rpc.lines("add?wrap-with-directory=true", form(("a", b"1", FILE), ("c", b"3", FILE)))
    assert [line["Name"] for line in lines] == ["a", "c", ""]
    assert [pin.cid for pin in rpc.store.pins()] == [from_text(lines[-1]["Hash"])]
    assert rpc.got(f"cat?arg={lines[-1]['Hash']}/c") == b"3"


def test_only_hashing_stores_nothing_and_needs_no_class() -> None:
    rpc = Rpc(default_class=None)
    assert rpc.add(HELLO, "only-hash=true") == HELLO_RAW
    assert rpc.store.count() == 0


def test_without_a_pin_the_blocks_are_garbage_at_once() -> None:
    rpc = Rpc()
    rpc.add(HELLO, "pin=false")
    assert list(rpc.store.pins()) == []
    assert len(rpc.lines("repo/gc")) == 1


def test_an_upload_without_class_is_refused_before_anything_is_kept() -> None:
    rpc = Rpc(default_class=None)
    assert rpc.refused("add", files(x=HELLO))[0] == 400
    assert rpc.store.count() == 0


def test_the_class_is_that_of_the_blocks() -> None:
    rpc = Rpc()
    rpc.add(HELLO, "class=sealed")
    assert rpc.store.class_of(from_text(HELLO_RAW)) is BlockClass.SEALED


@pytest.mark.parametrize(
    ("hidden", "names"), [("false", ["d/a", "d"]), ("true", ["d/a", "d/.b", "d"])]
)
def test_hidden_files_are_left_out_where_that_is_asked(hidden: str, names: list[str]) -> None:
    sent = form(("d/a", b"1", FILE), ("d/.b", b"2", FILE))
    assert [line["Name"] for line in Rpc().lines(f"add?hidden={hidden}", sent)] == names


def test_progress_is_told_before_each_file() -> None:
    lines = Rpc().lines("add?progress=true", files(x=HELLO))
    assert lines[0] == {"Name": "x", "Bytes": 11}
    assert lines[1]["Hash"] == HELLO_RAW


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        (form(("d/a", b"1", FILE), ("d/a", b"2", FILE)), "'d/a' comes twice in the form"),
        (form(("d/a", b"1", FILE), ("d/a/b", b"2", FILE)), "'d/a' is a file and a folder"),
        (form(("d/a/b", b"1", FILE), ("d/a", b"2", FILE)), "'d/a' comes twice in the form"),
        (form(), "the form has no file: wants one part per file or folder"),
        (form(("/".join("a" * 33), b"1", FILE)), "a path of 33 names, at most 32"),
        (form(("/".join("a" * 7_000), b"1", FOLDER)), "a path of 7000 names, at most 32"),
    ],
)
def test_forms_that_are_no_tree_are_refused(sent: bytes, sentence: str) -> None:
    rpc = Rpc()
    assert rpc.refused("add", sent) == (400, sentence)
    assert list(rpc.store.pins()) == []


def test_a_path_of_the_most_names_is_taken() -> None:
    lines = Rpc().lines("add", form(("/".join("a" * 32), b"1", FILE)))
    assert len(lines) == 32


def test_the_same_file_twice_is_one_entry() -> None:
    sent = form(("d/a", b"1", FILE), ("d/a", b"1", FILE))
    lines = Rpc().lines("add", sent)
    assert lines[-1]["Hash"] == Rpc().lines("add", form(("d/a", b"1", FILE)))[-1]["Hash"]


@pytest.mark.parametrize(
    "texts",
    [
        {"chunker": "rabin"},
        {"chunker": "size-"},
        {"chunker": "size--1"},
        {"chunker": "size-0"},
        {"chunker": "size-2097152"},
        {"profile": "kubo-cidv1", "cid-version": "0"},
    ],
)
def test_options_that_do_not_go_together_are_refused(texts: dict[str, str]) -> None:
    with pytest.raises((HttpRefusedError, ConfigError)):
        profile_of(Params(texts=texts))


def test_a_changed_profile_does_not_keep_its_name() -> None:
    changed = profile_of(Params(texts={"profile": "kubo-cidv1", "chunker": "size-1000"}))
    assert (changed.name, changed.chunk_bytes, changed.links_max) == ("kubo-cidv1+", 1000, 174)
    same = profile_of(Params(texts={"profile": "kubo-cidv1", "chunker": "size-262144"}))
    assert same is PROFILES["kubo-cidv1"]


class GoneError(PeerError):
    """A client goes away."""


def test_an_upload_that_breaks_leaves_only_garbage() -> None:
    rpc = Rpc()
    whole = form(*((f"d/{n}", bytes((n,)) * 9, FILE) for n in range(200)))

    def broken() -> Iterator[bytes]:
        yield whole[: len(whole) - 100]
        assert list(rpc.store.collect(now_s=rpc.now_s)) == [], "the guard holds what came"
        raise GoneError

    assert rpc.refused("add", broken())[0] == 500
    assert rpc.store.count() > 0, "one batch was committed"
    assert list(rpc.store.pins()) == []
    rpc.lines("repo/gc")
    assert rpc.store.count() == 0


def test_a_long_upload_is_guarded_from_its_newest_block_on() -> None:
    rpc = Rpc()
    whole = form(*((f"d/{n}", bytes((n,)) * 9, FILE) for n in range(250)))

    def slow() -> Iterator[bytes]:
        for at in range(0, len(whole), 5_000):
            yield whole[at : at + 5_000]
            rpc.now_s += GUARD_SECONDS // 4
            list(rpc.store.collect(now_s=rpc.now_s))

    lines = b"".join(rpc.answer("add", slow()).body).splitlines()
    assert len(lines) == 251
    assert len(list(rpc.store.pins())) == 1


@given(st.binary(max_size=3_000), st.integers(1, 700), st.integers(1, 900))
def test_pieces_of_the_body_do_not_matter(data: bytes, chunk: int, step: int) -> None:
    rpc = Rpc()
    sent = files(x=data)
    pieces = [sent[at : at + step] for at in range(0, len(sent), step)]
    rpc.answer(f"add?chunker=size-{chunk}&cid-version=1", pieces)
    [pin] = rpc.store.pins()
    profile = profile_of(Params(texts={"chunker": f"size-{chunk}", "cid-version": "1"}))
    assert multihash_of(pin.cid) == multihash_of(write_bytes(data, lambda *_: None, profile).cid)
    assert rpc.got(f"cat?arg={to_text(pin.cid)}") == data


def test_version_0_with_raw_leaves_has_a_v0_root_over_raw_leaves() -> None:
    rpc = Rpc()
    root = rpc.add(HELLO * 2, "cid-version=0&raw-leaves=true&chunker=size-11")
    assert root.startswith("Qm")
    assert rpc.got(f"block/get?arg={HELLO_RAW}") == HELLO
