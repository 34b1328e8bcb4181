import pytest

from node.base.keys import MemoVerifier
from node.base.types import Address
from node.bench.workload import (
    CHAIN_ID,
    CONTRACT_NAMES,
    FUNCTIONS,
    REGISTRY,
    SENDER,
    TOKEN,
    digest,
    workload,
)
from node.contracts.compile import load_artifact
from node.evm.receipts import created_address
from node.evm.transactions import decode_transaction
from tests.contracts.abi_items import types_of


def decoded(raws: tuple[bytes, ...]) -> list:
    verifier = MemoVerifier()
    return [decode_transaction(raw, verifier) for raw in raws]


@pytest.mark.parametrize("name", CONTRACT_NAMES)
def test_functions_are_bound_as_they_are_compiled(name: str) -> None:
    compiled = {
        f"{item['name']}({','.join(types_of(item['inputs']))})": types_of(item["outputs"])
        for item in load_artifact(name).abi
        if item["type"] == "function"
    }
    bound = {each.signature: each.outputs for each in FUNCTIONS[name]}
    assert bound.items() <= compiled.items()


def test_deployments_make_the_contracts_that_are_called() -> None:
    work = workload(2)
    assert [created_address(each) for each in decoded(work.deployments)] == [TOKEN, REGISTRY]
    assert [each.to for each in decoded(work.calls)] == [TOKEN, REGISTRY]


def test_all_is_one_sender_in_order_at_no_price() -> None:
    work = workload(5)
    found = decoded(work.deployments + work.calls)
    assert [each.nonce for each in found] == list(range(7))
    assert {each.sender for each in found} == {SENDER.address}
    assert {(each.type, each.chain_id, each.max_fee) for each in found} == {(0, CHAIN_ID, 0)}


def test_longer_workload_begins_as_a_shorter_one() -> None:
    assert workload(6).calls[:3] == workload(3).calls


def test_no_call_comes_twice() -> None:
    calls = decoded(workload(40).calls)
    assert len({(each.to, each.data) for each in calls}) == 40


def test_digest_covers_every_answer() -> None:
    asked: list[tuple[Address, bytes]] = []

    def zeros(to: Address, data: bytes) -> bytes:
        asked.append((to, data))
        return bytes(32)

    plain = digest(20, zeros)
    assert len(asked) == len(set(asked)) >= 40
    for odd in asked:
        changed = digest(20, lambda to, data, odd=odd: bytes(32 - ((to, data) == odd)))
        assert changed != plain


def test_digest_asks_for_first_and_last_and_what_lies_behind() -> None:
    numbers: dict[Address, set[int]] = {TOKEN: set(), REGISTRY: set()}

    def note(to: Address, data: bytes) -> bytes:
        if len(data) == 36 and not any(data[4:16]):
            numbers[to].add(int.from_bytes(data[4:]))
        return b""

    digest(201, note)
    assert {0, 100, 101} <= numbers[TOKEN]
    assert {0, 99, 100} <= numbers[REGISTRY]


def test_answer_cannot_slide_into_the_next_one() -> None:
    answers = [b"ab", b"c"] + [b""] * 40
    moved = [b"a", b"bc"] + [b""] * 40
    first, second = iter(answers), iter(moved)
    assert digest(4, lambda *_: next(first)) != digest(4, lambda *_: next(second))
