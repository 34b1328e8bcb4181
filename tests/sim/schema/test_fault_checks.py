"""Names that faults bring; mistakes of the file are in test_injection."""

from node.sim.schema.fault_checks import clone_ids


def test_clones_are_named_after_their_originals_once():
    faults = (
        {"do": "clone_key", "nodes": ("h0", "h1")},
        {"do": "clone_key", "nodes": "h0"},
        {"do": "crash", "nodes": "h2"},
        "no mapping",
    )
    assert clone_ids({"faults": faults}) == ("h0-clone", "h1-clone")


def test_data_of_the_wrong_shape_has_no_clones():
    assert clone_ids({"faults": 3}) == ()
    assert clone_ids({}) == ()
