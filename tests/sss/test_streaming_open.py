from dataclasses import replace
from io import BytesIO
from itertools import combinations

import pytest

from node.base.types import Address
from node.sss import errors, streaming_open
from node.sss.bundle import Bundle, bundles_of
from node.sss.gf256 import BLOCK_BYTES
from node.sss.streaming_open import combine_stream
from node.sss.terms import Profile
from tests.sss.deals import SIMULATION, make_deal
from tests.sss.streams import split_to_files

RECORD = bytes(range(256)) * 3
_, ESSENTIAL, CUSTODIANS = split_to_files(RECORD)


class Watched(BytesIO):
    """Remembers whether anything was ever written to it."""

    was_written = False

    def write(self, data, /):
        self.was_written = True
        return super().write(data)


def _combine(files, essential=ESSENTIAL, profile=SIMULATION):
    out = Watched()
    return combine_stream(essential, files, out, profile=profile), out.getvalue()


def _refused(error, files, essential=ESSENTIAL, profile=SIMULATION):
    out = Watched()
    with pytest.raises(error) as caught:
        combine_stream(essential, files, out, profile=profile)
    assert not out.was_written
    return caught.value


def _flipped(file, at):
    raw = bytearray(file.getvalue())
    raw[at] ^= 1
    return BytesIO(raw)


def _other_share(file, payload):
    """The file with another key share of right form, which the manifest does not list."""

    bundle = Bundle.decode(file.getvalue())
    return BytesIO(replace(bundle, share=replace(bundle.share, payload=payload)).encode())


def test_every_qualified_set_gives_the_record():
    for count in (2, 3, 4):
        for chosen in combinations(range(4), count):
            found, record = _combine([CUSTODIANS[slot] for slot in reversed(chosen)])
            assert record == RECORD
            assert found.used == tuple(slot + 1 for slot in chosen[:2])
            assert (found.liars, found.bad_fragments) == ((), ())
            assert found.header.plaintext_length == len(RECORD)


@pytest.mark.parametrize("length", [1, 15, 16, 17, BLOCK_BYTES - 16, 2 * BLOCK_BYTES + 9])
@pytest.mark.parametrize(("t", "n"), [(2, 2), (3, 5), (5, 9)])
def test_records_of_any_length_come_back(length, t, n):
    record = (RECORD * (length // len(RECORD) + 1))[:length]
    _, essential, custodians = split_to_files(record, t=t, n=n)
    assert _combine(custodians[-(t - 1) :], essential)[1] == record


def test_files_of_a_deal_in_memory_open():
    made = make_deal(RECORD)
    patient, *others = (
        BytesIO(bundle.encode())
        for bundle in bundles_of(made, made.manifest([Address(bytes(20))] * 4))
    )
    assert _combine(others[2:], patient)[1] == RECORD


def test_a_flipped_bit_in_a_fragment_is_named_and_another_is_used():
    found, record = _combine([_flipped(CUSTODIANS[0], -100), *CUSTODIANS[1:]])
    assert record == RECORD
    assert (found.bad_fragments, found.used) == ((1,), (2, 3))


def test_a_flipped_digest_of_a_fragment_is_named():
    found, _ = _combine([*CUSTODIANS[:3], _flipped(CUSTODIANS[3], -1)])
    assert found.bad_fragments == (4,)


def test_too_few_good_fragments_are_refused_with_the_bad_one_named():
    error = _refused(errors.FragmentMismatchError, [CUSTODIANS[0], _flipped(CUSTODIANS[1], -100)])
    assert error.index == 2


def test_a_share_that_is_not_the_manifests_is_named_and_others_are_used():
    found, record = _combine([_other_share(CUSTODIANS[0], b"?" * 32), *CUSTODIANS[1:]])
    assert record == RECORD
    assert found.liars == (1,)


def test_with_no_share_to_spare_the_wrong_one_is_refused():
    error = _refused(
        errors.FragmentMismatchError, [_other_share(CUSTODIANS[0], b"?" * 32), CUSTODIANS[1]]
    )
    assert error.index == 1


def test_a_wrong_essential_share_is_refused():
    _refused(errors.WrongEssentialShareError, CUSTODIANS, _other_share(ESSENTIAL, b"?" * 32))


def test_a_custodians_file_is_no_essential_share():
    _refused(errors.WrongEssentialShareError, CUSTODIANS[1:], CUSTODIANS[0])


def test_one_of_two_needed_custodians_is_too_few():
    error = _refused(errors.ShareMissingError, CUSTODIANS[3:])
    assert (error.have, error.need, error.present) == (1, 2, (4,))


def test_a_custodian_given_twice_is_refused():
    assert _refused(errors.DuplicateShareError, [CUSTODIANS[1]] * 2).x == 2


def test_files_of_another_record_are_refused():
    _, _, others = split_to_files(RECORD, seed=2)
    _refused(errors.MixedRecordsError, [CUSTODIANS[0], others[1]])


def test_files_of_another_epoch_are_refused():

    bundle = Bundle.decode(CUSTODIANS[1].getvalue())
    manifest = replace(bundle.manifest, epoch=3)
    share = replace(bundle.share, epoch=3)
    later = BytesIO(replace(bundle, manifest=manifest, share=share).encode())
    assert _refused(errors.MixedEpochsError, [CUSTODIANS[0], later]).epochs == (0, 3)


@pytest.mark.parametrize("missing", [1, 40, 200, 900])
def test_a_file_that_was_cut_off_is_refused(missing):
    short = BytesIO(CUSTODIANS[1].getvalue()[:-missing])
    assert _refused(errors.ShareFormatError, [CUSTODIANS[0], short]).code == "length"


def test_an_empty_file_is_refused():
    assert _refused(errors.ShareFormatError, [CUSTODIANS[0], BytesIO()]).code == "length"


def test_a_real_opening_refuses_a_simulated_deal():
    _refused(errors.SimulatedSecretError, CUSTODIANS, profile=Profile.PRODUCTION)


def test_a_fragment_that_changes_between_the_passes_leaves_an_empty_file(monkeypatch):
    files = [BytesIO(file.getvalue()) for file in CUSTODIANS[:2]]
    honest = streaming_open._gather

    def changed(header, fragments, out):
        file = files[0]
        file.seek(-100, 2)
        file.write(b"?")
        honest(header, fragments, out)

    monkeypatch.setattr(streaming_open, "_gather", changed)
    out = Watched()
    with pytest.raises(errors.TamperedRecordError) as caught:
        combine_stream(ESSENTIAL, files, out, profile=SIMULATION)
    assert caught.value.indices == (1, 2)
    assert out.was_written
    assert out.getvalue() == b""


def test_a_fragment_that_shrinks_between_the_passes_leaves_an_empty_file(monkeypatch):
    files = [BytesIO(file.getvalue()) for file in CUSTODIANS[:2]]
    honest = streaming_open._gather

    def changed(header, fragments, out):
        files[1].truncate(700)
        honest(header, fragments, out)

    monkeypatch.setattr(streaming_open, "_gather", changed)
    out = BytesIO()
    with pytest.raises(errors.ShareFormatError, match="length"):
        combine_stream(ESSENTIAL, files, out, profile=SIMULATION)
    assert out.getvalue() == b""
