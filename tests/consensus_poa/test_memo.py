from node.consensus_poa.memo import Memo


def test_equal_bytes_are_worked_out_once() -> None:
    asked: list[bytes] = []

    def size(data: bytes) -> int:
        asked.append(data)
        return len(data)

    memo = Memo()
    assert [memo.of("size", data, size) for data in (b"ab", bytes([97, 98]), b"c")] == [2, 2, 1]
    assert asked == [b"ab", b"c"]


def test_a_result_that_is_none_is_remembered_too() -> None:
    asked: list[bytes] = []
    memo = Memo()
    for _ in range(2):
        assert memo.of("nothing", b"x", asked.append) is None
    assert asked == [b"x"]


def test_kinds_do_not_meet() -> None:
    memo = Memo()
    assert memo.of("size", b"ab", len) == 2
    assert memo.of("upper", b"ab", bytes.upper) == b"AB"


def test_the_oldest_result_goes_first() -> None:
    asked: list[bytes] = []

    def note(data: bytes) -> bytes:
        asked.append(data)
        return data

    memo = Memo(2)
    for data in (b"a", b"b", b"c", b"a"):
        memo.of("note", data, note)
    assert asked == [b"a", b"b", b"c", b"a"]


def test_a_table_works_out_what_it_lacks_and_forgets_the_oldest() -> None:
    asked: list[bytes] = []

    def note(data: bytes) -> int:
        asked.append(data)
        return len(data)

    memo = Memo(2)
    table = memo.table("note", note)
    assert [table[data] for data in (b"a", b"a", b"bb", b"ccc", b"a")] == [1, 1, 2, 3, 1]
    assert asked == [b"a", b"bb", b"ccc", b"a"]
    assert len(table) == 2
    assert memo.table("note", note) is table
