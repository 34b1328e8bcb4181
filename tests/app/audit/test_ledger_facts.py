"""What the chain says, read from its logs."""

from node.app.audit.ledger_facts import is_well_formed
from tests.sim.audited import evidence


def test_all_that_the_run_did_is_read(tmp_path_factory) -> None:
    facts = evidence(tmp_path_factory).facts
    assert sorted(facts.filings) == [
        (0, 1, 0),
        (0, 1, 1),
        (0, 2, 0),
        (101012026, 0, 0),
        (101012026, 1, 0),
        (101012026, 2, 0),
        (201012026, 0, 0),
    ]
    assert len(facts.hospitals) == 5
    assert [len(one.generations) for one in facts.filings.values()].count(2) == 1
    assert list(facts.erased) == [201012026]
    assert [line.revoked is None for line in facts.grants.values()] == [False, True]
    assert {line.epoch for line in facts.epochs.values()} >= {1}


def test_doctors_read_through_the_nodes_of_their_hospitals(tmp_path_factory) -> None:
    facts = evidence(tmp_path_factory).facts
    doctor = next(iter(facts.doctors.values()))
    assert facts.operators_of(doctor.account) == (facts.hospitals[doctor.hospital_id],)
    assert facts.operators_of(b"\x07" * 20) == (b"\x07" * 20,)


def test_accounts_are_called_what_they_are(tmp_path_factory) -> None:
    facts = evidence(tmp_path_factory).facts
    assert facts.name_of(facts.accounts[1][0]) == "patient 1"
    assert facts.name_of(facts.hospitals[2]) == "hospital 2"
    assert facts.name_of(b"\x07" * 20) == f"0x{'07' * 20}"


def test_a_pmr_id_is_a_patient_and_a_day() -> None:
    assert is_well_formed(8543726012021) is None
    assert "no date" in (is_well_formed(8543731022021) or "")
