"""``wardnet consent list``: who may read mine, and whose may I read."""

import json

import pytest

from node.privacy.person_codes import checksum
from tests.commands.consent_play import folder, key, run


def listed(capsys, *words: object) -> list[dict]:
    code, said, _ = run(capsys, "list", folder(), "--json", *words)
    assert code == 0
    return json.loads(said)["grants"]


def test_a_patient_sees_who_may_read_until_when(capsys):
    rows = listed(capsys, "--patient", "1")
    assert [row["state"].partition(",")[0] for row in rows] == ["open", "revoked", "ended"]
    assert [row["record"] for row in rows][1:] == ["all", "all"]
    assert [row["purpose"] for row in rows] == ["TREAT", "PATRQT", "TREAT"]
    assert rows == listed(capsys, "--patient", checksum(key("p0").address))


def test_a_doctor_and_a_hospital_see_whose_records_they_may_read(capsys):
    (held,) = listed(capsys, "--grantee", checksum(key("d1").address))
    assert held["patient"] == checksum(key("p0").address)
    assert [row["state"] for row in listed(capsys, "--grantee", checksum(key("h2").address))] == [
        "revoked"
    ]
    assert listed(capsys, "--grantee", checksum(key("d0").address)) == []


def test_all_grants_stand_in_columns(capsys):
    code, said, _ = run(capsys, "list", folder())
    assert code == 0
    assert len(said.splitlines()) == 4
    assert said.split()[:3] == ["grant", "patient", "grantee"]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--patient", "1", "--grantee", "0x" + "11" * 20), "not both"),
        (("--patient", "99"), "nobody has Patient-ID 99"),
        (("--patient", "x"), "wants a Patient-ID"),
        (("--grantee", "0x12"), "no address"),
        (("--node", "h9"), "no node 'h9'"),
    ],
)
def test_wrong_words_are_named(capsys, words, what):
    code, said, why = run(capsys, "list", folder(), *words)
    assert (code, said) == (2, "")
    assert what in why
