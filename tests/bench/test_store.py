import pytest

from node.bench import store
from node.bench.store import GROUPS, measure
from node.bench.store_import import Importer
from node.ipfs_lite.profiles import DEFAULT_PROFILE


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(store, "COLLECT_BLOCKS", 200)


def _measure(groups, folder, told=None):
    tell = (lambda _: None) if told is None else told.append
    return measure(groups, 2, 1, folder=folder, peers_dir=None, tell=tell)


def test_every_row_with_a_target_says_whether_it_is_met(tmp_path):
    told = []
    found = _measure(GROUPS, tmp_path, told)
    assert len(told) > 10
    assert found["exit_code"] == 0
    assert all((row["target"] != "") == (row["is_met"] is not None) for row in found["rows"])
    assert found["absent"][0]["name"] == "ipfs-unixfs-importer"
    assert list(tmp_path.iterdir()) == []


def test_different_cids_are_told_and_fail(tmp_path, monkeypatch):
    def liars(_mebibytes, _peers_dir):
        floor = Importer(store.FLOOR, lambda: (1.0, ""))
        ours = Importer("ours", lambda: (1.0, "a"), DEFAULT_PROFILE, is_ours=True)
        return [floor, ours, Importer("theirs", lambda: (1.0, "b"), DEFAULT_PROFILE)], None

    monkeypatch.setattr(store, "importers", liars)
    found = _measure(("import",), tmp_path)
    assert found["disagreements"] == ["the CIDs of ours and theirs differ"]
    assert found["exit_code"] == 1


def test_a_peer_stands_beside_ours(tmp_path, monkeypatch):
    def both(_mebibytes, _peers_dir):
        floor = Importer(store.FLOOR, lambda: (1.0, ""))
        name = DEFAULT_PROFILE.name
        ours = Importer(f"wardnet {name}", lambda: (2.0, "a"), DEFAULT_PROFILE, is_ours=True)
        peer = Importer(f"ipfs-unixfs-importer {name}", lambda: (3.0, "a"), DEFAULT_PROFILE)
        return [floor, ours, peer], None

    monkeypatch.setattr(store, "importers", both)
    rows = {row["name"]: row for row in _measure(("import",), tmp_path)["rows"]}
    assert rows[f"wardnet {DEFAULT_PROFILE.name}"]["ratio"] == 1.5
