"""``wardnet share verify``: whether shares belong to the committed record."""

import json
from dataclasses import replace

import pytest

from node.sss.bundle import Bundle
from node.sss.essential_text import to_text
from node.sss.shares import Scheme
from tests.commands.share_play import SCHEMES, SharePlay, real_bundles, spoil, write_bundles


@pytest.fixture
def play(tmp_path, capfdbinary):
    return SharePlay(tmp_path, capfdbinary)


def _wrong(play, *files):
    """Give exit code and, by file, what is wrong with it."""
    status, out, _ = play.run("verify", *files)
    lines = [line for line in out.decode().splitlines() if line.startswith("WRONG    ")]
    return status, dict(line.removeprefix("WRONG    ").split(": ", 1) for line in lines)


def _manifest_file(play, essential, name="manifest"):
    return play.file(name, Bundle.decode(essential.read_bytes()).manifest.encode())


def _changed(path):
    """A holder changes the own share and makes its digest fit again."""
    bundle = Bundle.decode(path.read_bytes())
    payload = bytes(len(bundle.share.payload))
    share = replace(bundle.share, payload=payload)
    path.write_bytes(replace(bundle, share=share).encode())


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_file_of_a_deal_belongs_to_its_manifest(play, scheme):
    essential, custodians = play.split(scheme=scheme)
    manifest = _manifest_file(play, essential)
    found = play.json("verify", manifest, essential, *custodians)
    assert (found["scheme"], found["manifest_of"]) == (scheme, str(manifest))
    assert (
        found["manifest_id"] == Bundle.decode(essential.read_bytes()).manifest.manifest_id().hex()
    )
    assert [one["file"] for one in found["files"]] == [str(essential), *map(str, custodians)]
    assert [one["index"] for one in found["files"]] == [0, 1, 2, 3, 4]
    want = "committed" if scheme == "ssms-feldman" else "listed"
    assert {one["verdict"] for one in found["files"]} == {want}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_share_that_its_holder_changed_is_named(play, scheme):
    essential, custodians = play.split(scheme=scheme)
    _changed(custodians[2])
    status, wrong = _wrong(play, essential, *custodians)
    assert (status, list(wrong)) == (1, [str(custodians[2])])
    assert "its holder changed it" in wrong[str(custodians[2])]


def _misdealt(scheme, index):
    """The files of a dealer who gave a custodian a wrong share and listed it."""
    files = real_bundles(scheme=scheme)
    old = files[index].share
    share = replace(old, payload=bytes(len(old.payload)))
    manifest = files[0].manifest
    digests = list(manifest.digests)
    digests[index] = share.digest()
    manifest = replace(manifest, digests=tuple(digests))
    files[index] = replace(files[index], share=share)
    return [replace(one, manifest=manifest) for one in files]


@pytest.mark.parametrize("index", [0, 3])
def test_a_dealer_who_lied_is_told_from_a_holder(play, index):
    essential, custodians = write_bundles(
        play.folder / "deal", _misdealt(Scheme.SSMS_FELDMAN, index)
    )
    named = (essential, *custodians)[index]
    status, wrong = _wrong(play, essential, *custodians)
    assert (status, list(wrong)) == (1, [str(named)])
    assert "the dealer lied" in wrong[str(named)]


def test_one_custodian_alone_sees_that_the_dealer_lied(play):
    _, custodians = write_bundles(play.folder / "deal", _misdealt(Scheme.SSMS_FELDMAN, 3))
    assert _wrong(play, custodians[2])[0] == 1
    assert _wrong(play, custodians[1]) == (0, {})


def test_in_other_schemes_a_lie_that_is_listed_stays_unseen_until_the_opening(play):
    _, custodians = write_bundles(play.folder / "deal", _misdealt(Scheme.SSMS, 3))
    assert _wrong(play, *custodians) == (0, {})


def test_the_manifest_decides_before_the_patient_and_the_patient_before_the_first(play):
    essential, custodians = play.split()
    manifest = _manifest_file(play, essential)
    assert play.json("verify", *custodians)["manifest_of"] == str(custodians[0])
    assert play.json("verify", *custodians, essential)["manifest_of"] == str(essential)
    assert play.json("verify", *custodians, essential, manifest)["manifest_of"] == str(manifest)


def test_a_custodian_who_changed_share_and_manifest_is_named(play):
    essential, custodians = play.split(scheme="ssms-feldman")
    bundle = Bundle.decode(custodians[0].read_bytes())
    share = replace(bundle.share, payload=(7).to_bytes(32))
    digests = list(bundle.manifest.digests)
    digests[1] = share.digest()
    manifest = replace(bundle.manifest, digests=tuple(digests))
    custodians[0].write_bytes(replace(bundle, share=share, manifest=manifest).encode())
    document = json.loads(play.run("verify", essential, *custodians, "--json")[1])
    assert document["exit_code"] == 1
    (first, *others) = document["files"][1:]
    assert first["faults"] == [
        "it is not the share that the manifest lists: its holder changed it",
        "the manifest in it is not the one that decides",
    ]
    assert not any(one["faults"] for one in others)


def test_a_changed_fragment_is_named(play):
    essential, custodians = play.split(scheme="ssms-feldman")
    spoil(custodians[1], -40)
    status, wrong = _wrong(play, essential, *custodians)
    assert (status, list(wrong)) == (1, [str(custodians[1])])
    assert "fragment" in wrong[str(custodians[1])]


def test_damaged_files_are_named_and_the_others_still_checked(play):
    essential, custodians = play.split()
    custodians[0].write_bytes(custodians[0].read_bytes()[:-1])
    other = play.file("notes.txt", b"no share")
    status, wrong = _wrong(play, other, essential, *custodians)
    assert (status, list(wrong)) == (1, [str(other), str(custodians[0])])
    assert "cut off" in wrong[str(custodians[0])]


def test_a_scalar_that_is_not_below_the_order_is_named(play):
    bundles = real_bundles(scheme=Scheme.SSMS_FELDMAN)
    bundles[1] = replace(bundles[1], share=replace(bundles[1].share, payload=b"\xff" * 32))
    essential, custodians = write_bundles(play.folder / "deal", bundles)
    status, wrong = _wrong(play, essential, *custodians)
    assert (status, list(wrong)) == (1, [str(custodians[0])])
    assert "below the order" in wrong[str(custodians[0])]


def test_files_of_another_record_or_epoch_do_not_belong(play):
    essential, _ = play.split("one")
    _, others = play.split("two")
    late = Bundle.decode(essential.read_bytes())
    late = replace(late, share=replace(late.share, epoch=1))
    later = play.file("later", late.encode())
    status, wrong = _wrong(play, essential, others[0], later)
    assert (status, list(wrong)) == (1, [str(others[0]), str(later)])
    assert "another record" in wrong[str(others[0])]
    assert "epoch 1" in wrong[str(later)]


def test_the_line_of_a_qr_code_is_checked_like_a_file(play):
    essential, custodians = play.split(scheme="ssms-feldman")
    line = play.file("line", to_text(Bundle.decode(essential.read_bytes()).share).encode())
    found = play.json("verify", custodians[0], line)
    assert [one["verdict"] for one in found["files"]] == ["committed", "committed"]
    assert _wrong(play, line) == (1, {str(line): "there is no manifest to check it against"})


def test_two_manifests_that_differ_are_an_error(play):
    one, other = play.split("one")[0], play.split("two")[0]
    files = [_manifest_file(play, one, "m1"), _manifest_file(play, other, "m2")]
    assert "another manifest" in play.bad("verify", *files, one)[1]


def test_a_manifest_alone_has_nothing_to_check(play):
    manifest = _manifest_file(play, play.split()[0])
    assert play.bad("verify", manifest) == (
        2,
        "wants holders' files to check against the manifest",
    )


def test_a_manifest_with_a_changed_point_is_named(play):
    essential, custodians = play.split(scheme="ssms-feldman")
    manifest = _manifest_file(play, essential)
    spoil(manifest, -1)
    status, wrong = _wrong(play, manifest, *custodians)
    assert (status, list(wrong)) == (1, [str(manifest)])
    assert "public point" in wrong[str(manifest)]


def test_a_file_that_is_not_there_is_an_error(play):
    assert play.bad("verify", play.folder / "nothing")[0] == 2


def test_nothing_secret_is_printed(play):
    essential, custodians = play.split(scheme="ssms-feldman")
    _changed(custodians[0])
    play.run("verify", essential, *custodians)
    play.run("verify", essential, *custodians, "--json")
    for path in (essential, *custodians):
        share = Bundle.decode(path.read_bytes()).share
        assert share.salt.hex().encode() not in play.printed
        assert share.payload.hex().encode() not in play.printed or not any(share.payload)
