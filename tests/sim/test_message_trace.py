from node.sim.message_trace import Message, mermaid


def test_every_node_takes_part_and_every_frame_is_an_arrow():
    text = mermaid(("h0", "h1"), [Message(1_500, 42_000, "h0", "h1", 0x10, 640)])
    assert text.splitlines() == [
        "sequenceDiagram",
        "    participant h0",
        "    participant h1",
        "    h0->>h1: NewBlock 640 B at 1.500 ms, 40.500 ms",
    ]


def test_a_type_that_the_table_lacks_is_shown_by_its_number():
    assert "0x7f" in mermaid((), [Message(0, 1, "h0", "h1", 0x7F, 2)])


def test_a_run_without_frames_is_a_diagram_without_arrows():
    assert "->>" not in mermaid(("h0",), [])
