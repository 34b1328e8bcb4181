import pickle

from node.workflows.custodian_errors import CustodiansMissingError


def test_numbers_and_causes_are_told() -> None:
    error = CustodiansMissingError("keep a deposit", b"\x12" * 32, 1, 2, ((3, "silent"),))
    assert str(error) == (
        "1 of 2 needed custodians of deal 0x1212121212121212 keep a deposit (index 3: silent)"
    )
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))
