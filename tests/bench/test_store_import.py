import json
import shutil

import pytest

from node.bench.errors import CandidateFaultError
from node.bench.store_import import FLOOR, PACKAGE, importers


def test_equal_bytes_have_the_cid_of_the_plain_writer_and_the_floor_has_none():
    found, why = importers(2, None)
    assert [one.name for one in found] == [FLOOR, "wardnet unixfs-v1-2025", "wardnet kubo-cidv1"]
    assert why is not None
    cids = [one.run()[1] for one in found]
    assert cids[0] == ""
    assert len(set(cids)) == 3
    assert cids == [one.run()[1] for one in importers(2, None)[0]]


@pytest.fixture
def peer(tmp_path, monkeypatch):
    """Put a package in place and a program named node on PATH that prints what is asked."""
    entry = tmp_path / "node_modules" / PACKAGE / "dist" / "src" / "index.js"
    entry.parent.mkdir(parents=True)
    entry.write_text("")

    def answer(text):
        program = tmp_path / "node"
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{text}\nEND\n")
        program.chmod(0o755)
        monkeypatch.setattr(shutil, "which", lambda _name: str(program))
        found, why = importers(2, tmp_path)
        assert why is None
        return next(one for one in found if not one.is_ours and one.profile is not None)

    return answer


def test_a_peer_tells_its_own_cpu_and_cid(peer):
    one = peer(json.dumps({"cpu_s": 0.5, "cid": "bafy"}))
    assert one.run() == (0.5, "bafy")


def test_a_peer_that_says_something_else_is_at_fault(peer):
    with pytest.raises(CandidateFaultError, match=PACKAGE):
        peer("no json").run()


def test_without_the_package_it_is_said_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _name: "node")
    assert PACKAGE in importers(2, tmp_path)[1]
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert importers(2, tmp_path)[1] == "no node on PATH"
