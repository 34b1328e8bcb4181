"""Looking after a store: garbage, rot, keys, erasure."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from node.base.keys import PrivateKey
from node.commands.main import main
from node.commands.store_dir import open_dir
from node.ipfs_lite.cid import from_text
from node.ipfs_lite.erase_order import write_order
from tests.commands.store_play import StorePlay

_OWNER_SECRET = b"\x07" * 32
_OWNER = PrivateKey.from_bytes(_OWNER_SECRET)
_BIG = b"a distinctive needle " * 40_000


@pytest.fixture
def play(tmp_path, capfdbinary):
    return StorePlay(tmp_path, capfdbinary)


def _everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def _order(play, root):
    text = write_order(from_text(root), 1_800_000_000, _OWNER)
    return play.file("order.json", text.encode())


def _rot(play):
    """Turn one bit of the newest block file."""
    path = next((play.data / "blocks").rglob("*.data*"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_a_whole_store_verifies(play):
    play.add(play.file("f", _BIG))
    assert play.run("verify")[:2] == (0, b"")


def test_a_turned_bit_is_found_named_and_served_to_nobody(play):
    root = play.add(play.file("f", _BIG))
    _rot(play)
    status, out, _ = play.run("verify")
    assert (status, out.decode().startswith(root)) == (1, True)
    status, out, err = play.run("cat", root)
    assert (status, out) == (3, b"")
    assert root in err


def test_what_is_no_block_is_told_and_dropped(play):
    play.add(play.file("f", _BIG))
    with closing(open_dir(play.data)) as store, store._database.batch():
        store._database.write("UPDATE usage SET blocks = 9")
    (good,) = (play.data / "blocks").rglob("*.data.enc")
    stray = good.with_name(good.name.removesuffix(".enc"))
    stray.write_bytes(b"x")
    for words in (("verify",), ("verify", "--drop")):
        status, out, err = play.run(*words)
        assert (status, err[:10]) == (1, "2 problems"), err
        assert [b"counts 9 blocks" in out, b"belongs to no block" in out] == [True, True]
    assert (good.exists(), stray.exists()) == (True, False)
    assert play.run("verify")[2].startswith("1 problems")


def test_gc_puts_wrong_counts_right_when_it_is_told_to_count_again(play):
    root = play.add(play.file("f", _BIG))
    with closing(open_dir(play.data)) as store, store._database.batch():
        store._database.write("UPDATE blocks SET direct = 0")
    status, out, err = play.run("gc", "--check")
    assert (status, out) == (0, b"")
    assert "1 counts were wrong" in err
    assert play.good("cat", root) == _BIG


def test_dropped_blocks_can_be_added_again(play):
    path = play.file("f", _BIG)
    root = play.add(path)
    _rot(play)
    assert play.run("verify", "--drop")[0] == 1
    assert play.add(path) == root
    assert play.run("verify")[0] == 0
    assert play.good("cat", root) == _BIG


def test_adding_again_heals_without_dropping(play):
    path = play.file("f", _BIG)
    root = play.add(path)
    _rot(play)
    play.run("verify")
    play.add(path)
    assert play.good("cat", root) == _BIG


def test_another_store_gives_what_has_rotted(play):
    path = play.file("f", _BIG)
    root, other = play.add(path), play.folder / "other"
    _rot(play)
    play.good("init", data=other)
    status, out, _ = play.run("verify", "--heal-from", other)
    assert (status, b"healed" in out) == (1, False)
    play.good("add", path, data=other)
    assert b"healed" in play.good("verify", "--heal-from", other)
    assert play.good("cat", root) == _BIG
    assert play.run("verify")[0] == 0
    assert play.bad("verify", "--heal-from", play.folder / "none")[0] == 2


def test_stat_counts(play):
    play.add(play.file("f", _BIG))
    found = play.json("stat", "--json")
    assert found["blocks"] == 1
    assert found["bytes"] == len(_BIG)
    assert found["hash_on_read"] is True


def test_an_encrypted_store_has_no_plaintext_on_disk_and_an_open_one_has(play):
    for name, option, seen in (("sealed", "--encrypted", False), ("open", "--no-encrypted", True)):
        data = play.folder / name
        play.good("init", option, data=data)
        play.good("add", play.file("f", _BIG), data=data)
        assert (_BIG[:64] in _everything(data)) is seen


def test_a_new_key_opens_what_the_old_one_sealed(play):
    root = play.add(play.file("f", _BIG))
    old = (play.data / "store.key").read_bytes()
    play.good("rekey")
    assert (play.data / "store.key").read_bytes() != old
    assert play.good("cat", root) == _BIG
    (play.data / "store.key").write_bytes(old)
    status, why = play.bad("cat", root)
    assert (status, "key" in why) == (3, True)


def test_erased_bytes_are_in_no_file_any_more(play):
    play.good("init", "--no-encrypted")
    small = b"a short needle of its own " * 20
    play.file("tree/big", _BIG)
    play.file("tree/small", small)
    root = play.add(play.folder / "tree")
    assert _BIG[:64] in _everything(play.data)
    assert small in _everything(play.data)
    order = _order(play, root)
    receipt = json.loads(play.good("erase", order, "--owner", f"0x{_OWNER.address.hex()}"))
    assert len(receipt["erased"]) == 3
    assert receipt["kept"] == []
    everything = _everything(play.data)
    assert _BIG[:64] not in everything
    assert small[:26] not in everything
    assert "erased by order" in play.bad("add", play.folder / "tree")[1]


def test_what_another_pin_holds_is_kept_and_named(play):
    play.file("tree/big", _BIG)
    root = play.add(play.folder / "tree")
    other = play.add(play.folder / "tree" / "big")
    words = ("erase", _order(play, root), "--owner", f"0x{_OWNER.address.hex()}")
    receipt = json.loads(play.good(*words))
    assert (len(receipt["erased"]), len(receipt["kept"])) == (1, 1)
    assert play.good("cat", other) == _BIG
    assert len(json.loads(play.good(*words, "--force"))["erased"]) >= 1
    assert "not found" in play.bad("cat", other)[1]


def test_an_order_of_somebody_else_destroys_nothing(play):
    root = play.add(play.file("f", _BIG))
    status, why = play.bad("erase", _order(play, root), "--owner", "0x" + "11" * 20)
    assert (status, "is signed by" in why) == (2, True)
    assert play.good("cat", root) == _BIG
    assert play.bad("erase", play.file("o", b"{}"), "--owner", "0x")[0] == 2
    assert play.bad("erase", play.folder / "none", "--owner", "0x")[0] == 2


def test_an_owner_writes_the_order_that_a_store_carries_out(play, capfdbinary):
    root = play.add(play.file("f", _BIG))
    key = play.file("key", b"0x" + _OWNER_SECRET.hex().encode() + b"\n")
    capfdbinary.readouterr()
    assert main(["store", "order", root, "--key", str(key)]) == 0
    told = capfdbinary.readouterr()
    owner = told.err.decode().split()[-1]
    path = play.file("order.json", told.out)
    assert len(json.loads(play.good("erase", path, "--owner", owner))["erased"]) == 1


@pytest.mark.parametrize("content", [b"", b"0x00", b"zz" * 32, b"00" * 32, b"ff" * 4_000])
def test_a_key_that_is_none_is_named(play, capfdbinary, content):
    key = play.file("key", content)
    cid = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
    assert main(["store", "order", cid, "--key", str(key)]) == 2
    assert str(key) in capfdbinary.readouterr().err.decode()
