"""``wardnet consent show-qr`` and ``scan``: codes, and what the registries say of them."""

import json
from dataclasses import replace

import pytest

from node.contracts.grant_book import GrantBook
from node.privacy.consent import Consent, Domain, Purpose, sign
from node.privacy.consent_file import consent_text
from node.privacy.person_codes import DoctorCode, GrantLink, PatientCode
from node.privacy.qr import qr_png, qr_svg
from tests.commands.consent_play import folder, key, ledger, run


def patient() -> PatientCode:
    return PatientCode(85_437, 1, key("p0").address)


def doctor(name: str = "d1") -> DoctorCode:
    doctors, account = ledger().contracts.doctors, key(name).address
    number = ledger().ask(doctors.id_of(account))
    return DoctorCode(85_437, number, account, ledger().ask(doctors.doctor(number)).key)


def grants() -> list[GrantLink]:
    contract = ledger().contracts.consents.address
    book = GrantBook(ledger().events())
    return [GrantLink(85_437, contract, one.grant_id) for one in book.all()]


def scanned(capsys, code: object, *words: object) -> tuple[int, str]:
    status, said, why = run(capsys, "scan", code, "--source", folder(), "--json", *words)
    assert not why
    return status, json.loads(said)["ledger"]


@pytest.mark.parametrize(("option", "draw"), [("--svg", qr_svg), ("--png", qr_png)])
def test_a_code_becomes_a_picture(capsys, tmp_path, option, draw):
    out = tmp_path / "picture"
    assert run(capsys, "show-qr", patient(), option, out)[0] == 0
    assert out.read_bytes() == draw(str(patient()))


def test_the_terminal_shows_a_code_and_its_text(capsys):
    code, said, _ = run(capsys, "show-qr", doctor())
    assert code == 0
    assert len(said.splitlines()) > 20
    assert run(capsys, "show-qr", doctor(), "--text")[1] == f"{doctor()}\n"


def test_a_signed_consent_becomes_the_link_of_its_grant(capsys, tmp_path):
    domain = Domain(85_437, ledger().contracts.consents.address)
    consent = Consent(
        pmr_id=0,
        patient=key("p0").address,
        grantee=key("d1").address,
        purpose=Purpose.TREATMENT,
        scope=1,
        grantee_key=bytes([1] * 32),
        valid_from_s=1,
        valid_until_s=2,
        nonce=0,
    )
    file = tmp_path / "consent.json"
    file.write_text(consent_text(consent, domain, sign(consent, domain, key("p0"))))
    code, said, _ = run(capsys, "show-qr", file, "--text")
    assert (code, said.startswith("ethereum:0x")) == (0, True)
    assert scanned(capsys, file) == (1, "no such grant stands on the ledger")


def test_registries_agree_with_true_codes(capsys):
    for code in (patient(), doctor(), grants()[0]):
        assert scanned(capsys, code) == (0, "agrees")


def test_registries_name_what_is_wrong_with_a_code(capsys):
    stranger = key("nobody").address
    wrong = {
        replace(patient(), chain_id=1): "this is chain 85437",
        replace(patient(), patient_id=7): "the address is of patient 1",
        replace(patient(), address=stranger): "nobody is registered under this address",
        replace(doctor(), doctor_id=9): "the address is of doctor",
        replace(doctor(), address=stranger): "no doctor has this address",
        replace(doctor(), key=bytes(32)): "the key is not the doctor's",
        grants()[1]: "the grant was revoked",
        grants()[2]: "the grant is not open at block time",
        replace(grants()[0], contract=stranger): "the contract is not this network's",
        replace(grants()[0], grant_id=bytes(32)): "no such grant",
    }
    for code, why in wrong.items():
        status, said = scanned(capsys, code)
        assert (status, why in said) == (1, True), said


def test_without_a_source_nothing_is_claimed_of_the_ledger(capsys):
    code, said, _ = run(capsys, "scan", patient())
    assert (code, "not asked" in said) == (0, True)


@pytest.mark.parametrize("what", ["nothing", "wardnet:patient/1", "ethereum:0x12@1/grant"])
def test_what_is_no_code_is_refused(capsys, what):
    for command in ("scan", "show-qr"):
        code, said, why = run(capsys, command, what)
        assert (code, said, bool(why)) == (2, "", True)


def test_two_ways_to_show_are_one_too_many(capsys, tmp_path):
    code, _, why = run(capsys, "show-qr", patient(), "--text", "--svg", tmp_path / "x")
    assert (code, "one of --svg, --png and --text" in why) == (2, True)
