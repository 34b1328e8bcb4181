"""Every misuse of shares is an error of its own, in every scheme, before any plaintext exists.

The rows are those of secret-sharing.md section 13.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from node.base.errors import WardnetError
from node.sss import errors, message, nlss, ssms, xor_1tn
from node.sss.bundle import Bundle
from node.sss.schemes import SCHEMES, open_holders
from node.sss.shares import Scheme, decode_container
from node.sss.terms import Profile
from tests.sss.deals import SIMULATION, files_of, make_terms, scheme_deal

EVERY = tuple(SCHEMES)
RECORD = b"blood group O negative"
Files = list[Bundle]


class Misuse(NamedTuple):
    """What somebody does with the files of a 2-of-4 deal, and what must be said of it."""

    act: Callable[[Scheme, Files], Any]
    error: type[WardnetError]
    facts: dict[str, Any]


def _open(files, *, profile=SIMULATION):
    return open_holders(files[0], files[1:], profile=profile)


def _at_epoch(file, epoch):
    """The file of a holder who is an epoch ahead."""
    share = replace(file.share, epoch=epoch)
    digests = list(file.manifest.digests)
    digests[share.index] = share.digest()
    return Bundle(replace(file.manifest, epoch=epoch, digests=tuple(digests)), share, file.fragment)


def _other(scheme, index):
    """The file of the same holder of another record."""
    return files_of(scheme_deal(scheme, RECORD, seed=2))[index]


def _changed_share(file, at, value):
    """Read the holder's container again after one byte of it was set."""
    raw = bytearray(file.share.encode())
    raw[at] = value
    return decode_container(raw, file.manifest.header)


def _forged(file):
    payload = bytes(len(file.share.payload))
    return replace(file, share=replace(file.share, payload=payload))


def _moved_manifest(file):
    """The same deal with another custodian's address."""
    first, *others = file.manifest.custodians
    return replace(file, manifest=replace(file.manifest, custodians=(*others, first)))


MISUSES = {
    "duplicate index": Misuse(
        lambda _, f: _open([f[0], f[1], f[1]]), errors.DuplicateShareError, {"x": 1}
    ),
    "the patient among the custodians": Misuse(
        lambda _, f: _open([f[0], f[0], f[1], f[2]]), errors.DuplicateShareError, {"x": 0}
    ),
    "mixed epochs": Misuse(
        lambda _, f: _open([f[0], f[1], _at_epoch(f[2], 1)]),
        errors.MixedEpochsError,
        {"epochs": (0, 1)},
    ),
    "mixed records": Misuse(
        lambda s, f: _open([f[0], f[1], _other(s, 2)]), errors.MixedRecordsError, {}
    ),
    "essential share of another record": Misuse(
        lambda s, f: _open([_other(s, 0), f[1], f[2]]), errors.MixedRecordsError, {}
    ),
    "another manifest of the same deal": Misuse(
        lambda _, f: _open([f[0], f[1], _moved_manifest(f[2])]), errors.MixedRecordsError, {}
    ),
    "truncated share": Misuse(
        lambda _, f: decode_container(f[1].share.encode()[:-1]),
        errors.ShareFormatError,
        {"code": "length", "index": 1},
    ),
    "truncated file": Misuse(
        lambda _, f: Bundle.decode(f[1].encode()[:-1]), errors.ShareFormatError, {"code": "length"}
    ),
    "unknown version of a share": Misuse(
        lambda _, f: _changed_share(f[1], 4, 2), errors.ShareFormatError, {"code": "format"}
    ),
    "unknown version of a file": Misuse(
        lambda _, f: Bundle.decode(f[1].encode()[:4] + b"\x02" + f[1].encode()[5:]),
        errors.ShareFormatError,
        {"code": "format"},
    ),
    "changed share": Misuse(
        lambda _, f: _changed_share(f[1], 90, f[1].share.payload[2] ^ 1),
        errors.ShareFormatError,
        {"code": "digest", "index": 1},
    ),
    "no essential share": Misuse(
        lambda _, f: _open([f[3], f[1], f[2]]), errors.WrongEssentialShareError, {}
    ),
    "wrong essential share": Misuse(
        lambda _, f: _open([_forged(f[0]), f[1], f[2]]), errors.WrongEssentialShareError, {}
    ),
    "wrong custodian share": Misuse(
        lambda _, f: _open([f[0], f[1], _forged(f[2])]), errors.FragmentMismatchError, {"index": 2}
    ),
    "too few": Misuse(
        lambda _, f: _open([f[0], f[3]]),
        errors.ShareMissingError,
        {"have": 1, "need": 2, "present": (3,)},
    ),
    "zero-length record": Misuse(lambda s, _: scheme_deal(s, b""), errors.EmptyRecordError, {}),
    "t > n": Misuse(
        lambda s, _: scheme_deal(s, t=7, n=5), errors.SharingPlanError, {"t": 7, "n": 5}
    ),
    "t < 2": Misuse(
        lambda s, _: scheme_deal(s, t=1, n=5), errors.SharingPlanError, {"t": 1, "n": 5}
    ),
    "n > 255": Misuse(
        lambda s, _: scheme_deal(s, t=3, n=256), errors.SharingPlanError, {"t": 3, "n": 256}
    ),
    "a simulation's deal in production": Misuse(
        lambda _, f: _open(f, profile=Profile.PRODUCTION), errors.SimulatedSecretError, {}
    ),
}


@pytest.fixture
def no_plaintext(monkeypatch):
    """Break everything that makes a plaintext: a right error comes before it."""

    def made(*_args, **_kwargs):
        raise AssertionError("a plaintext was about to exist")

    monkeypatch.setattr(ssms, "decrypt", made)
    monkeypatch.setattr(xor_1tn, "values_long", made)
    monkeypatch.setattr(nlss, "evaluate", made)
    monkeypatch.setattr(message, "message_commitment", made)


@pytest.mark.parametrize("scheme", EVERY, ids=lambda scheme: scheme.name)
@pytest.mark.parametrize("name", MISUSES)
def test_misuse_is_an_error_of_its_own_before_any_plaintext(scheme, name, request):
    misuse = MISUSES[name]
    files = list(files_of(scheme_deal(scheme, RECORD)))
    request.getfixturevalue("no_plaintext")
    with pytest.raises(WardnetError) as caught:
        misuse.act(scheme, files)
    assert type(caught.value) is misuse.error
    assert {fact: getattr(caught.value, fact) for fact in misuse.facts} == misuse.facts
    assert RECORD.decode() not in str(caught.value)


@pytest.mark.parametrize("scheme", EVERY, ids=lambda scheme: scheme.name)
@pytest.mark.parametrize("record", ["text", [1, 2], None, -1])
def test_a_record_is_bytes_like(scheme, record):
    with pytest.raises(TypeError, match="bytes-like"):
        scheme_deal(scheme, record)


@pytest.mark.parametrize("scheme", EVERY, ids=lambda scheme: scheme.name)
def test_the_fixture_breaks_an_opening_that_is_right(scheme, request):
    files = list(files_of(scheme_deal(scheme, RECORD)))
    assert _open(files[:3]).record == RECORD
    request.getfixturevalue("no_plaintext")
    with pytest.raises(AssertionError, match="about to exist"):
        _open(files[:3])


def test_plans_come_as_keywords_only():
    with pytest.raises(TypeError):
        make_terms(3, 5)
