import pytest

from node.sim.run_folder import RunFolderError, point_latest, write_run


def test_all_files_and_the_results_are_there(tmp_path):
    folder = tmp_path / "a" / "b"
    write_run(folder, {"history.jsonl": "{}\n"}, "done")
    assert sorted(path.name for path in folder.iterdir()) == ["history.jsonl", "results.json"]
    assert (folder / "results.json").read_text() == "done"


def test_a_run_that_fails_half_way_leaves_no_results(tmp_path):
    write_run(tmp_path, {}, "old")
    (tmp_path / "report.html").mkdir()
    with pytest.raises(RunFolderError, match=r"report\.html"):
        write_run(tmp_path, {"report.html": "x"}, "new")
    assert not (tmp_path / "results.json").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match="file"):
        write_run(tmp_path / "file" / "run", {}, "x")


def test_latest_names_the_newest_run(tmp_path):
    for name in ("one", "two"):
        (tmp_path / "s" / name).mkdir(parents=True)
        point_latest(tmp_path / "s" / name, tmp_path)
    assert (tmp_path / "latest").resolve() == tmp_path / "s" / "two"


def test_latest_is_a_text_file_where_links_are_refused(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("no links here")

    monkeypatch.setattr("pathlib.Path.symlink_to", refuse)
    (tmp_path / "run").mkdir()
    point_latest(tmp_path / "run", tmp_path)
    assert (tmp_path / "latest").read_text() == "run\n"


def test_bytes_and_files_in_a_folder_of_their_own_are_written(tmp_path):
    write_run(tmp_path / "run", {"chains/a.gz": b"\xff\x00", "é.txt": "é\n"}, "done")
    assert (tmp_path / "run" / "chains" / "a.gz").read_bytes() == b"\xff\x00"
    assert (tmp_path / "run" / "é.txt").read_bytes() == "é\n".encode()


def test_what_an_earlier_run_left_under_other_names_goes(tmp_path):
    write_run(tmp_path, {"chains/a.gz": b"a", "chains/b.gz": b"b", "note.txt": "mine"}, "old")
    (tmp_path / "chains" / "README").write_text("mine")
    write_run(tmp_path, {"chains/b.gz": b"B"}, "new", stale=("chains/*.gz",))
    assert sorted(path.name for path in (tmp_path / "chains").iterdir()) == ["README", "b.gz"]
    assert (tmp_path / "note.txt").read_text() == "mine"


def test_an_old_file_that_cannot_go_is_named_and_leaves_no_results(tmp_path):
    write_run(tmp_path, {}, "old")
    (tmp_path / "chains" / "a.gz").mkdir(parents=True)
    with pytest.raises(RunFolderError, match=r"a\.gz"):
        write_run(tmp_path, {}, "new", stale=("chains/*.gz",))
    assert not (tmp_path / "results.json").exists()


def test_what_comes_in_pieces_is_written_in_their_order(tmp_path):
    write_run(tmp_path, {"nodes/h0/store.car": iter((b"one", b"two"))}, "done")
    assert (tmp_path / "nodes" / "h0" / "store.car").read_bytes() == b"onetwo"
