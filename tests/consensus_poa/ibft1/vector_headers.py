"""Headers as the vectors write them: fields in the names of JSON-RPC, numbers as numbers."""

from typing import Any

from node.base.header import Header


def header_of(fields: dict[str, Any]) -> Header:
    def data(name: str) -> Any:
        return bytes.fromhex(fields[name][2:])

    return Header(
        parent_hash=data("parentHash"),
        ommers_hash=data("sha3Uncles"),
        coinbase=data("miner"),
        state_root=data("stateRoot"),
        transactions_root=data("transactionsRoot"),
        receipts_root=data("receiptsRoot"),
        logs_bloom=data("logsBloom"),
        difficulty=fields["difficulty"],
        number=fields["number"],
        gas_limit=fields["gasLimit"],
        gas_used=fields["gasUsed"],
        timestamp=fields["timestamp"],
        extra_data=data("extraData"),
        mix_hash=data("mixHash"),
        nonce=data("nonce"),
        base_fee=fields.get("baseFeePerGas"),
    )
