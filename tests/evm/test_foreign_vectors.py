"""The chain of execution-apis: 45 blocks from Homestead to Prague, and answers about them."""

import json
import random
from dataclasses import replace

import pytest

from node.base.block import Block
from node.base.errors import CallRevertedError, ConfigError, PeerError
from node.base.types import ZERO_ADDRESS, Address, Hash32
from node.evm.calls import call
from node.evm.errors import CallFailedError
from node.evm.forks import Fork
from node.evm.logs import LogFilter, get_logs
from node.evm.opcode_tracer import OpcodeTracer
from node.evm.proofs import get_proof
from node.evm.receipts import Receipt, gas_used_by
from node.evm.tracer import trace_block
from tests.evm.foreign_chain import apis, apis_book, apis_ledger

pytestmark = pytest.mark.conformance


def _with(block, **changes):
    return replace(block, header=replace(block.header, **changes))


def _mutants(raw, rng, count):
    for _ in range(count):
        data = bytearray(raw)
        for _ in range(rng.randrange(1, 4)):
            kind = rng.randrange(3)
            at = rng.randrange(len(data))
            if kind == 0:
                data[at] ^= 1 << rng.randrange(8)
            elif kind == 1:
                data[at] = rng.randrange(256)
            else:
                del data[at : at + rng.randrange(1, 5)]
        yield bytes(data)


def _judge(book, raw):
    """Take bytes as an import does; True: accepted."""
    try:
        block = Block.decode(raw, foreign=True)
        if block.header.parent_hash != book.head.hash():
            return False
        book.check(block)
    except (PeerError, ConfigError):
        return False
    return True


@pytest.mark.parametrize("number", [3, 10, 24, 28, 39, 42, 45])
def test_a_changed_block_of_the_vector_chain_is_refused_with_an_error_of_ours(number):
    book, rest = apis_book(number - 1)
    assert _judge(book, rest[0])
    rng = random.Random(number)
    accepted = [raw for raw in _mutants(rest[0], rng, 60) if raw != rest[0] and _judge(book, raw)]
    # without the seal, fields that nothing is computed from may be anything
    for raw in accepted:
        block = Block.decode(raw, foreign=True)
        plain = Block.decode(rest[0], foreign=True)
        same = {"mix_hash", "nonce", "extra_data", "difficulty", "timestamp", "parent_beacon_root"}
        fixed = {name: getattr(plain.header, name) for name in same}
        assert _with(block, **fixed) == plain


def test_the_vector_chain_reaches_the_head_that_its_makers_state():
    book, _ = apis_book()
    assert book.line[0].header.hash().hex() == (
        "79e0f5ffb6a0c9f54d507dbbadc935603ac1db86d32f7857472180a75ec11f90"
    )
    assert book.head.number == 45
    assert book.head.hash().hex() == (
        "e27a3e81bd7cfe2aec2cc9e832c73a17c93e7efcf659cf4b39883b96c48708c2"
    )


def test_blocks_of_the_vector_chain_keep_their_bytes():
    book, raws = apis_book(0)
    for raw in raws:
        block = Block.decode(raw, foreign=True)
        assert block.encode() == raw
        book.add(block)
        for encoded in book.results[block.header.hash()].encoded_receipts:
            assert Receipt.decode(encoded).encode() == encoded
    kinds = {t.type for result in book.results.values() for t in result.transactions}
    assert kinds == {0, 1, 2, 3, 4}
    assert sum(len(block.uncles) for block in book.line) == 19
    assert sum(len(block.withdrawals) for block in book.line) == 3


# -- answers of go-ethereum about this chain --


def _cases(method, *names):
    """Give the parameters and answers of cases; of several requests in one, the first."""
    for path in sorted((apis() / method).glob("*.io")):
        if not names or path.stem in names:
            lines = path.read_text().splitlines()
            asked = next(line for line in lines if line.startswith(">> "))
            answer = next(line for line in lines if line.startswith("<< "))
            yield path.stem, json.loads(asked[3:])["params"], json.loads(answer[3:])


def _address(text):
    return Address(bytes.fromhex(text[2:]))


def _at(book, tag):
    """Give the block hash of a number, tag or hash."""
    if len(tag) == 66:
        return Hash32(bytes.fromhex(tag[2:]))
    number = {"latest": book.head.number, "earliest": 0}.get(tag)
    return book.line[int(tag, 16) if number is None else number].header.hash()


def test_calls_answer_as_go_ethereum_does():
    book = apis_ledger()
    seen = 0
    for name, (request, tag), answer in _cases("eth_call"):
        at = _at(book, tag)
        fields = {"sender": _address(request["from"]), "to": _address(request["to"])}
        fields["data"] = bytes.fromhex(request.get("input", "0x")[2:])
        if "gas" in request:
            fields["gas"] = int(request["gas"], 16)
        try:
            got = {"result": "0x" + call(book.context(at), book.state(at), **fields).hex()}
        except CallRevertedError as error:
            got = {"data": "0x" + error.data.hex()}
        want = answer.get("error", answer)
        assert got.items() <= want.items(), name
        seen += 1
    assert seen == 4


def test_a_call_runs_under_the_rules_of_its_block():
    """The contract shifts, which needs Constantinople."""
    book = apis_ledger()
    to = _address("0x17e7eedce4ac02ef114a7ed9fe6e2f33feba1667")
    answers = {}
    for block in book.line:
        at = block.header.hash()
        if book.state(at).code_of(to):
            context, view = book.context(at), book.state(at)
            try:
                answer = call(context, view, sender=ZERO_ADDRESS, to=to, data=b"\xff\x01")
            except CallFailedError as error:
                answer = str(error)
            answers.setdefault(context.profile.fork, set()).add(answer)
    early = {"InvalidInstruction: Invalid opcode 0x1c @ 40"}
    assert answers == {
        fork: early if fork < Fork.CONSTANTINOPLE else {b"\xff\xee"} for fork in list(Fork)[1:]
    }


def test_proofs_are_those_of_go_ethereum():
    book = apis_ledger()
    seen = 0
    for name, (account, keys, tag), answer in _cases("eth_getProof"):
        raw_keys = [bytes.fromhex(key[2:]) for key in keys]
        proof = get_proof(book.state(_at(book, tag)), _address(account), raw_keys)
        want = answer["result"]
        assert ["0x" + node.hex() for node in proof.nodes] == want["accountProof"], name
        assert proof.storage_root.hex() == want["storageHash"][2:]
        assert hex(proof.balance) == want["balance"]
        assert proof.code_hash.hex() == want["codeHash"][2:]
        for slot, told in zip(proof.slots, want["storageProof"], strict=True):
            assert hex(slot.value) == told["value"]
            assert ["0x" + node.hex() for node in slot.nodes] == told["proof"]
        seen += 1
    assert seen == 3


@pytest.mark.parametrize(
    ("method", "read"),
    [
        ("eth_getBalance", lambda view, to: hex(view.balance(to))),
        ("eth_getTransactionCount", lambda view, to: hex(view.nonce(to))),
        ("eth_getCode", lambda view, to: "0x" + view.code_of(to).hex()),
    ],
)
def test_accounts_are_those_of_go_ethereum(method, read):
    book = apis_ledger()
    cases = list(_cases(method))
    for name, (account, *tag), answer in cases:
        view = book.state(_at(book, *tag or ["latest"]))
        assert read(view, _address(account)) == answer["result"], name
    assert len(cases) == 3


def test_storage_is_that_of_go_ethereum():
    book = apis_ledger()
    cases = [case for case in _cases("eth_getStorageAt") if "result" in case[2]]
    for name, (account, key, *_), answer in cases:
        slot = book.state().slot(_address(account), int(key, 16))
        assert slot.to_bytes(32).hex() == answer["result"][2:], name
    assert len(cases) == 2


def test_raw_headers_and_blocks_are_those_of_go_ethereum():
    book = apis_ledger()
    for method, encode in (
        ("debug_getRawBlock", lambda block: block.encode()),
        ("debug_getRawHeader", lambda block: block.header.encode()),
    ):
        ((_, (number,), answer),) = _cases(method, "get-block-n", "get-genesis")
        assert "0x" + encode(book.line[int(number, 16)]).hex() == answer["result"]


def test_receipts_are_those_of_go_ethereum():
    book = apis_ledger()
    seen = 0
    for name, (transaction_hash,), answer in _cases("eth_getTransactionReceipt"):
        place = book.transaction_place(Hash32(bytes.fromhex(transaction_hash[2:])))
        if answer["result"] is None:
            assert place is None, name
            continue
        want = answer["result"]
        receipts = book.receipts(place.block_hash)
        got = receipts[place.position]
        assert place.block_hash.hex() == want["blockHash"][2:]
        assert hex(gas_used_by(receipts, place.position)) == want["gasUsed"]
        assert hex(got.cumulative_gas_used) == want["cumulativeGasUsed"]
        assert "0x" + got.bloom.hex() == want["logsBloom"]
        assert [log["data"] for log in want["logs"]] == ["0x" + log.data.hex() for log in got.logs]
        if got.state_root is None:
            assert hex(got.status) == want["status"]
        else:
            assert "0x" + got.state_root.hex() == want["root"]
        seen += 1
    assert seen == 4


def test_logs_are_those_of_go_ethereum():
    book = apis_ledger()
    ((_, (query,), answer),) = _cases("eth_getLogs", "topic-exact-match")
    topics = tuple(
        tuple(Hash32(bytes.fromhex(word[2:])) for word in choice) for choice in query["topics"]
    )
    first, last = (int(query[key], 16) for key in ("fromBlock", "toBlock"))
    found = get_logs(book, LogFilter(topics=topics), first=first, last=last)
    assert [(hex(log.number), "0x" + log.transaction_hash.hex()) for log in found] == [
        (log["blockNumber"], log["transactionHash"]) for log in answer["result"]
    ]


@pytest.mark.parametrize(
    "name",
    [
        "trace-block-with-transactions",
        "trace-block-memory-encoding",
        "trace-block-storage-snapshot-timing",
    ],
)
def test_traces_of_homestead_blocks_are_those_of_go_ethereum(name):
    book = apis_ledger()
    ((_, (number, *_), answer),) = _cases("debug_traceBlockByNumber", name)
    tracers = trace_block(book, _at(book, number), OpcodeTracer)
    for tracer, want in zip(tracers, answer["result"], strict=True):
        told = want["result"]
        assert tracer.gas_used == told["gas"]
        steps = [(s.pc, s.name, s.gas, s.gas_cost, s.depth, list(s.stack)) for s in tracer.steps]
        assert steps == [
            (
                step["pc"],
                step["op"],
                step["gas"],
                step["gasCost"],
                step["depth"],
                [int(word, 16) for word in step["stack"]],
            )
            for step in told["structLogs"]
        ]


def test_every_block_can_be_traced():
    book = apis_ledger()
    for block in book.line[1:]:
        tracers = trace_block(book, block.header.hash(), OpcodeTracer)
        used = book.receipts(block.header.hash())[-1].cumulative_gas_used
        assert sum(tracer.gas_used for tracer in tracers) == used
