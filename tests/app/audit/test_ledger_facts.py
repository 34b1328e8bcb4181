"""What the chain says: names, operators, ids."""

from node.app.audit.ledger_facts import Party, is_well_formed
from tests.sim.audited import evidence


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


def test_insurers_read_through_the_node_of_their_operator(tmp_path_factory) -> None:
    facts = evidence(tmp_path_factory).facts
    insurer = b"\x08" * 20
    facts.parties[insurer] = Party("insurer", "Sure", facts.hospitals[3])
    assert facts.operators_of(insurer) == (facts.hospitals[3],)
    assert facts.name_of(insurer) == "insurer Sure"


def test_a_pmr_id_is_a_patient_and_a_day() -> None:
    assert is_well_formed(8543726012021) is None
    assert "no date" in (is_well_formed(8543731022021) or "")
