"""Every refusal that the Solidity sources can make was provoked, every event was looked at.

The sources are read (solidity_sources.py), what the tests of this folder did is written down
(provoked.py), and the two are compared here, behind all others (conftest.py).  A ``require`` that
nobody provokes fails the build.  A run of only a part of the folder says nothing and is skipped.
"""

from collections.abc import Iterable
from typing import Final

import pytest

from tests.contracts import solidity_sources
from tests.contracts.provoked import EVENTS, REFUSALS, Key
from tests.contracts.solidity_sources import (
    changing,
    emissions,
    errors_declared,
    refusals,
    refusing_words,
    sites,
)

CANNOT_HAPPEN: Final[dict[Key, str]] = {
    ("GovernmentRegistry", "propose", "NotGovernment"): "it is the government itself that calls",
    ("GovernmentRegistry", "vote", "NotGovernment"): "it is the government itself that calls",
    ("GovernmentRegistry", "propose", "MemberLimit"): "of 64 members none enacts alone",
    ("GovernmentRegistry", "rotateKey", "FieldMissing"): "nobody signs for the zero address",
    ("ConsentRegistry", "upholdComplaint", "GrantNotActive"): "a grant is ended only if it runs",
    ("ConsentRegistry", "upholdComplaint", "GrantUnknown"): "a grant is ended only if it runs",
    ("GovernmentRegistry", "propose", "GrantNotActive"): "a grant is ended only if it runs",
    ("GovernmentRegistry", "propose", "GrantUnknown"): "a grant is ended only if it runs",
    ("GovernmentRegistry", "vote", "GrantNotActive"): "a grant is ended only if it runs",
    ("GovernmentRegistry", "vote", "GrantUnknown"): "a grant is ended only if it runs",
    ("PatientRegistry", "finishRecovery", "NotPatientRegistry"): "it is that registry that calls",
    ("LabRegistry", "file", "NotFiler"): "it is the lab registry itself that calls",
    ("IomtRegistry", "fileReadings", "NotFiler"): "it is the device registry itself that calls",
    ("LabRegistry", "file", "LabNotListed"): "who was ordered is listed, and nobody is taken off",
    ("InsuranceRegistry", "fileClaim", "NotFiler"): "it is the insurance registry that calls",
    ("InsuranceRegistry", "fileClaim", "RecordUnknown"): "its entries were read before",
    ("IomtRegistry", "fileReadings", "RecordUnknown"): "a device is bound to a record that is",
    ("LabRegistry", "file", "RecordUnknown"): "an order is of a record that is",
}
"""What reading the text allows for, and no call can reach."""


NEVER_TOLD: Final[dict[Key, str]] = {
    ("PmrMultiToken", "dispute", "Locked"): "the refusal before it is an entry of the same kind",
}
"""The same of events."""


def _lines(keys: Iterable[Key]) -> list[str]:
    return [f"{contract}.{function}: {name}" for contract, function, name in sorted(keys)]


# reading the sources


def test_no_refusal_of_the_sources_is_overlooked() -> None:
    """A second reading counts the words; the first one found as many places."""
    assert len(sites()) == refusing_words() > 100


def test_every_declared_error_is_raised_somewhere() -> None:
    assert {site.error for site in sites()} == errors_declared()


def test_every_place_that_refuses_is_behind_something_that_can_be_called() -> None:
    behind = set().union(*refusals().values())
    assert set(sites()) - behind == set()


def test_refusals_are_found_through_other_contracts_libraries_and_modifiers() -> None:
    known = refusals()
    assert ("LabRegistry", "file", "InvalidDate") in known
    assert ("PmrToken", "consult", "DoctorNotActive") in known
    assert ("HospitalRegistry", "verify", "NotGovernment") in known
    assert len(known["GovernmentRegistry", "vote", "HospitalStatusWrong"]) == 2


def test_a_new_refusal_of_a_source_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the library that reads dates, so behind each function that takes one."""
    before, read = refusals(), solidity_sources._text

    def changed(name: str) -> str:
        return read(name).replace(
            "int256 distance =", "require(ddmmyyyy != 7, EntryUnknown()); int256 distance ="
        )

    monkeypatch.setattr(solidity_sources, "_text", changed)
    solidity_sources._functions.cache_clear()
    after = refusals()
    solidity_sources._functions.cache_clear()
    assert after.keys() - before.keys() == {
        ("PmrToken", "consult", "EntryUnknown"),
        ("PmrMultiToken", "consult", "EntryUnknown"),
    }


def test_what_cannot_happen_is_in_the_sources() -> None:
    assert CANNOT_HAPPEN.keys() <= refusals().keys()


# what the tests did; these run last, and only behind all others


@pytest.mark.usefixtures("whole_folder")
def test_every_refusal_of_the_sources_is_provoked() -> None:
    """By as many tests as there are places that refuse with this error."""
    wanted = {key: len(places) for key, places in refusals().items() if key not in CANNOT_HAPPEN}
    short = [key for key, count in wanted.items() if len(REFUSALS.get(key, ())) < count]
    assert _lines(short) == []


@pytest.mark.usefixtures("whole_folder")
def test_what_cannot_happen_never_did() -> None:
    assert _lines(CANNOT_HAPPEN.keys() & REFUSALS.keys()) == []


@pytest.mark.usefixtures("whole_folder")
def test_nothing_refuses_in_a_way_that_the_sources_do_not_show() -> None:
    ours = {key for key in REFUSALS if key[2] in errors_declared()}
    assert _lines(ours - refusals().keys()) == []


@pytest.mark.usefixtures("whole_folder")
def test_every_event_of_every_call_is_looked_at() -> None:
    assert NEVER_TOLD.keys() <= emissions()
    assert _lines(emissions() - EVENTS.keys() - NEVER_TOLD.keys()) == []


@pytest.mark.usefixtures("whole_folder")
def test_what_is_never_told_never_was() -> None:
    assert _lines(NEVER_TOLD.keys() & EVENTS.keys()) == []


@pytest.mark.usefixtures("whole_folder")
def test_every_function_that_changes_state_is_refused_and_tells() -> None:
    """A transfer never succeeds; the government tells that a hospital was turned down, and the
    patients' registry that a wallet moved."""
    silent = {
        ("PmrToken", "transferFrom"),
        ("PmrToken", "safeTransferFrom"),
        ("HospitalRegistry", "suspend"),
        ("HospitalRegistry", "revoke"),
        ("ConsentRegistry", "moveWallet"),
    }
    assert changing() - {key[:2] for key in REFUSALS} == set()
    assert changing() - {key[:2] for key in EVENTS} == silent
