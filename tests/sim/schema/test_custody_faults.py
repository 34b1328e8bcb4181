import pytest

from tests.sim.schema.texts import CAST, HEAD, lines, scenario


@pytest.mark.parametrize(
    "kind", ["withhold_share", "corrupt_share", "rogue_custodian", "own_clock"]
)
def test_a_custodians_fault_lasts_and_names_custodians(kind: str) -> None:
    text = HEAD + f"faults: [{{do: {kind}, at: 1s, lasting: 5s, custodians: [h0, h1]}}]\n"
    fault = scenario(text).faults[0]
    assert (fault.do, fault.custodians.ids, fault.lasting_us) == (kind, ("h0", "h1"), 5_000_000)
    told = lines(text.replace("h1]", "h9]"))
    assert next(one.split(" ", 1)[1] for one in told).startswith(
        "faults[0].custodians[1]: wants a node"
    )


@pytest.mark.parametrize("kind", ["essential_stolen", "essential_lost"])
def test_a_wallets_fault_is_of_one_instant_and_one_patient(kind: str) -> None:
    text = CAST + f"faults: [{{do: {kind}, at: 1s, patient: pat-2}}]\n"
    assert scenario(text).faults[0].patient == "pat-2"
    assert "wants a patient of actors.patients" in lines(text.replace("pat-2", "pat-9"))[0]
    assert len(lines(text.replace("at: 1s", "at: 1s, lasting: 1s"))) == 1
