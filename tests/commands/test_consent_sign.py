"""``wardnet consent sign``: offline, from a file with a key, or for a wallet."""

import json
import stat

import pytest

from node.privacy.consent import ALL_SECTIONS, Purpose, scope_of
from node.privacy.consent_file import read_consent, read_signed
from node.privacy.person_codes import DoctorCode, checksum
from tests.commands.consent_play import key, run

SECRET = "11" * 32
CONTRACT = "0x" + "07" * 20
GRANTEE = DoctorCode(85_437, 3, key("d1").address, bytes([5] * 32))
TERMS = ("--contract", CONTRACT, "--for", "12h", "--nonce", "2", "--from", "1000")


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "key"
    path.write_text(f"0x{SECRET}\n")
    return path


def test_what_is_signed_is_what_was_asked_for(capsys, key_file):
    words = ("--pmr", "8543726012021", "--scope", "diagnosis,later", "--purpose", "PATRQT")
    code, said, _ = run(capsys, "sign", GRANTEE, "--key", key_file, *TERMS, *words)
    assert code == 0
    signed, domain = read_signed(said)
    consent = signed.consent
    assert (consent.grantee, consent.grantee_key) == (GRANTEE.address, GRANTEE.key)
    assert (consent.pmr_id, consent.nonce) == (8_543_726_012_021, 2)
    assert (consent.valid_from_s, consent.valid_until_s) == (1000, 1000 + 12 * 3600)
    assert (consent.purpose, consent.scope) == (
        Purpose.PATIENT_REQUEST,
        scope_of(("diagnosis", "later")),
    )
    assert (domain.chain_id, checksum(domain.verifying_contract)) == (85_437, CONTRACT)


def test_a_file_is_new_and_its_owners(capsys, key_file, tmp_path):
    out = tmp_path / "consent.json"
    words = ("sign", GRANTEE, "--key", key_file, *TERMS, "--out", out)
    assert run(capsys, *words)[:2] == (0, "")
    assert read_signed(out.read_text())[0].consent.scope == ALL_SECTIONS
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    code, _, why = run(capsys, *words)
    assert (code, "exists already" in why) == (2, True)


def test_for_a_wallet_it_stays_unsigned(capsys):
    patient = checksum(key("p0").address)
    code, said, _ = run(capsys, "sign", GRANTEE, "--patient", patient, *TERMS)
    assert code == 0
    assert "signature" not in json.loads(said)
    assert read_consent(said)[0].patient == key("p0").address


def test_an_account_and_a_key_stand_for_a_code(capsys, key_file):
    who = f"{checksum(GRANTEE.address)}:0x{GRANTEE.key.hex()}"
    code, said, _ = run(capsys, "sign", who, "--key", key_file, *TERMS)
    assert (code, read_signed(said)[0].consent.grantee_key) == (0, GRANTEE.key)


def test_a_key_of_zeros_is_refused_here_as_it_is_on_chain(capsys, key_file):
    who = f"{checksum(GRANTEE.address)}:0x{'00' * 32}"
    code, said, why = run(capsys, "sign", who, "--key", key_file, *TERMS)
    assert (code, said) == (2, "")
    assert "all zeros" in why


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        (("--pmr", "85437"), "Patient-ID"),
        (("--pmr", "x"), "no PMR-ID"),
        (("--purpose", "FUN"), "choose one of TREAT"),
        (("--scope", "diagnosis,dreams"), "dreams"),
        (("--for", "12"), "no duration"),
        (("--for", "0s"), "no duration"),
        (("--chain-id", "1"), "of chain 85437"),
        (("--contract", "0x12"), "no address"),
        (("--patient", "0x" + "11" * 20), "wants --key to sign with, or --patient"),
    ],
)
def test_wrong_words_are_named(capsys, key_file, changed, what):
    code, said, why = run(capsys, "sign", GRANTEE, "--key", key_file, *TERMS, *changed)
    assert (code, said) == (2, "")
    assert what in why


@pytest.mark.parametrize(
    "who", ["", "nobody", f"{CONTRACT}:0x12", f"wardnet:patient/85437/1/{CONTRACT}"]
)
def test_a_grantee_is_a_doctor_or_an_account_with_a_key(capsys, key_file, who):
    code, said, why = run(capsys, "sign", who, "--key", key_file, *TERMS)
    assert (code, said) == (2, "")
    assert why


@pytest.mark.parametrize("text", ["", "11" * 31, "zz" * 32, "11" * 33])
def test_a_file_without_a_key_is_refused_and_not_shown(capsys, tmp_path, text):
    path = tmp_path / "key"
    path.write_text(text)
    code, _, why = run(capsys, "sign", GRANTEE, "--key", path, *TERMS)
    assert (code, "wants 64 hexadecimal digits" in why) == (2, True)
    assert not text or text not in why


def test_a_zero_key_is_refused(capsys, tmp_path):
    path = tmp_path / "key"
    path.write_text("00" * 32)
    code, said, why = run(capsys, "sign", GRANTEE, "--key", path, *TERMS)
    assert (code, said) == (2, "")
    assert why
