"""Chains of QBFT, IBFT 1 and IBFT 2.0 with real seals, under any forks that a genesis names."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from node.app.genesis_engines import header_form, kept_genesis
from node.base.block import Block
from node.base.header import Header
from node.base.header_form import joined
from node.base.keys import PrivateKey
from node.base.types import ZERO_ADDRESS, Address
from node.consensus_poa import ibft2_codec as ibft2
from node.consensus_poa.ibft1 import header as ibft1
from node.consensus_poa.qbft import header as qbft
from node.evm.blocks import BuildRequest
from node.evm.genesis import Genesis
from node.evm.ledger import Ledger
from tests.evm.chains import KEYS, VERIFIER
from tests.evm.foreign_chain import ForeignBook

MEMBERS = sorted(KEYS[:4], key=lambda key: key.address)
STRANGER = KEYS[6]
VANITY = bytes(32)
FORKS = dict.fromkeys(
    (
        "homesteadBlock", "eip150Block", "eip155Block", "eip158Block", "byzantiumBlock",
        "constantinopleBlock", "petersburgBlock", "istanbulBlock", "berlinBlock", "londonBlock",
    ),
    0,
)  # fmt: skip
CANCUN = FORKS | {"shanghaiTime": 0, "cancunTime": 0}

Vote = tuple[Address, bool]


@dataclass(frozen=True)
class Sealing:
    """Who says what in extraData, and who seals it."""

    listed: tuple[Address, ...]
    builder: PrivateKey
    committers: tuple[PrivateKey, ...]
    round: int = 0
    vote: Vote | None = None


def _qbft(header: Header, say: Sealing) -> Header:
    vote = None if say.vote is None else qbft.Vote(*say.vote)
    extra = qbft.QbftExtra(VANITY, say.listed, vote, say.round)
    digest = qbft.commit_digest(header, extra, say.round)
    seals = tuple(key.sign(digest) for key in say.committers)
    return qbft.with_extra(header, replace(extra, seals=seals))


def _ibft1(header: Header, say: Sealing) -> Header:
    extra = ibft1.IstanbulExtra(VANITY, say.listed)
    sealed = ibft1.seal_header(replace(header, extra_data=extra.encode()), say.builder)
    digest = ibft1.commit_digest(sealed.hash())
    certificate = ibft1.encode_certificate([key.sign(digest) for key in say.committers])
    return ibft1.Ibft1HeaderForm().join(sealed, certificate)


def _ibft2(header: Header, say: Sealing) -> Header:
    vote = None if say.vote is None else ibft2.Ibft2Vote(*say.vote)
    extra = ibft2.Ibft2Extra(VANITY, say.listed, vote, say.round, ())
    bare = replace(header, extra_data=extra.encode())
    digest = ibft2.commit_seal_hash(bare)
    seals = tuple(key.sign(digest) for key in say.committers)
    return replace(header, extra_data=replace(extra, seals=seals).encode())


def _first_extra(engine: str, listed: tuple[Address, ...]) -> bytes:
    if engine == "ibft2":
        return ibft2.Ibft2Extra(VANITY, listed, None, 0, ()).encode()
    return qbft.genesis_extra(listed) if engine == "qbft" else ibft1.genesis_extra(listed)


SEALS: dict[str, Callable[[Header, Sealing], Header]] = {
    "qbft": _qbft,
    "ibft": _ibft1,
    "istanbul": _ibft1,
    "ibft2": _ibft2,
}


def genesis_json(
    engine: str,
    forks: dict[str, Any] | None = None,
    *,
    members: Sequence[PrivateKey] = MEMBERS,
    settings: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Give a genesis.json; ``more`` goes into its config."""
    forks = FORKS if forks is None else forks
    listed = tuple(sorted(key.address for key in members))
    return {
        "config": {"chainId": 1337, **forks, engine: settings or {}, **more},
        "gasLimit": "0x1c9c380",
        "difficulty": "0x1",
        "extraData": "0x" + _first_extra(engine, listed).hex(),
        "mixHash": "0x" + qbft.MIX_HASH.hex(),
        "alloc": {},
        **({"baseFeePerGas": "0x0"} if forks.get("londonBlock") == 0 else {}),
    }


class BftChain:
    """Seals blocks as validators would, right by default, wrong on request."""

    def __init__(self, data: dict[str, Any], members: Sequence[PrivateKey] = MEMBERS) -> None:
        self.data = data
        self.genesis = kept_genesis(Genesis.from_json(data, foreign=True))
        self.form = header_form(self.genesis)
        self.members = list(members)
        self.book = None if self.genesis.forks is None else ForeignBook(self.genesis)
        self.ledger = Ledger(self.genesis, verifier=VERIFIER)
        first = self.ledger.block(self.ledger.genesis_hash)
        assert first is not None
        self.items = [joined(first, None, self.form).encode()]

    @property
    def head(self) -> Header:
        return self.ledger.head if self.book is None else self.book.head

    def file(self) -> bytes:
        return b"".join(self.items)

    def make(
        self,
        *raws: bytes,
        builder: PrivateKey | None = None,
        committers: Sequence[PrivateKey] | None = None,
        round: int = 0,  # noqa: A002 - the protocol's word
        vote: Vote | None = None,
        listed: Sequence[Address] | None = None,
        wait: int = 1,
        **fields: Any,
    ) -> Block:
        """Give a block on the head as it travels, not stored; ``fields`` replace header fields."""
        members = sorted(self.members, key=lambda key: key.address)
        builder = builder or members[self.head.number % len(members)]
        addresses = tuple(key.address for key in members) if listed is None else tuple(listed)
        signing = tuple(members if committers is None else committers)
        say = Sealing(addresses, builder, signing, round, vote)
        block = self._plain(raws, builder, vote, wait)
        header = SEALS[self.genesis.engine](replace(block.header, **fields), say)
        return replace(block, header=header)

    def add(self, *raws: bytes, **choices: Any) -> Block:
        """Seal a block, store it and make it the head."""
        full = self.make(*raws, **choices)
        kept, certificate = self.form.split(full.header)
        block = replace(full, header=kept)
        if self.book is not None:
            self.book.add(block)
        else:
            result = self.ledger.check(block, fee_recipient=kept.coinbase)
            self.ledger.insert(block, result, certificate)
            self.ledger.set_head(kept.hash())
        self.items.append(full.encode())
        return full

    def _plain(
        self, raws: Sequence[bytes], builder: PrivateKey, vote: Vote | None, wait: int
    ) -> Block:
        coinbase, nonce = builder.address, bytes(8)
        if SEALS[self.genesis.engine] is _ibft1:
            coinbase = ZERO_ADDRESS if vote is None else vote[0]
            nonce = b"\xff" * 8 if vote is not None and vote[1] else nonce
        timestamp = self.head.timestamp + wait
        if self.book is not None:
            return self.book.make(
                raws,
                difficulty=1,
                timestamp=timestamp,
                coinbase=coinbase,
                nonce=nonce,
                mix_hash=qbft.MIX_HASH,
            )
        request = BuildRequest(
            parent_hash=self.ledger.head_hash,
            timestamp=timestamp,
            extra_data=b"",
            coinbase=coinbase,
            nonce=nonce,
            difficulty=1,
            mix_hash=qbft.MIX_HASH,
            fee_recipient=coinbase,
        )
        built = self.ledger.build(request, [self.ledger.decode(raw) for raw in raws])
        assert not built.skipped, built.skipped
        return built.block
