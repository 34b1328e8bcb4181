from node.bench.errors import CandidateFaultError


def test_fault_names_the_candidate() -> None:
    assert str(CandidateFaultError("anvil", "ended with 1")) == "anvil: ended with 1"


def test_fault_is_of_the_environment() -> None:
    assert CandidateFaultError.exit_code == 3
