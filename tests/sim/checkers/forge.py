"""Raw headers, certificates and messages made by hand, so that checkers meet no engine's bytes."""

from dataclasses import replace

from node.base import rlp
from node.base.keccak import keccak256
from node.base.keys import MemoVerifier, PrivateKey
from node.base.types import ZERO_ADDRESS
from node.sim.checkers.clique_seals import CliqueSealChecker
from node.sim.checkers.consensus_aura import AuraSeals
from node.sim.checkers.consensus_messages import MessageReader
from node.sim.checkers.consensus_observed import Observed
from node.sim.checkers.consensus_rules import Rules
from node.sim.checkers.consensus_seals import IbftSeals, QbftSeals
from node.sim.facts import BlockStored, FinalAt, HeadAt, MessageSent, NodeTurned
from tests.base.headers import empty_header

VERIFIER = MemoVerifier()
KEYS = sorted(
    (PrivateKey.from_bytes(bytes([n + 1]) * 32) for n in range(12)), key=lambda key: key.address
)
MIX = bytes.fromhex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365")
PROPOSAL, PREPARE, COMMIT, ROUND_CHANGE = 0x12, 0x13, 0x14, 0x15
number = rlp.encode_int


class Forge:
    """A network of n validators h0, h1, .. in the order of their addresses."""

    engine = ""

    def __init__(self, count=4, **rules):
        self.keys = KEYS[:count]
        self.members = tuple(key.address for key in self.keys)
        self.rules = Rules(engine=self.engine, **({"period": 1} | rules))
        self.addresses = {f"h{n}": address for n, address in enumerate(self.members)}
        self.genesis = self.make_genesis()
        self.observed = Observed(
            self.rules,
            self.genesis.encode(),
            self.addresses,
            self.make_seals(),
            MessageReader(VERIFIER),
        )

    def key_of(self, address):
        return next(key for key in KEYS if key.address == address)

    def child(self, parent, **fields):
        values = {
            "number": parent.number + 1,
            "parent_hash": parent.hash(),
            "timestamp": parent.timestamp + 1,
        }
        return replace(empty_header(), **values | fields)


class Qbft(Forge):
    engine = "qbft"
    registry = None
    listed = True

    def extra(self, vote=(), round_=0, listed=None):
        listed = self.members if listed is None else listed
        return rlp.encode([bytes(32), listed if self.listed else (), vote, number(round_), ()])

    def make_genesis(self):
        return replace(empty_header(), extra_data=self.extra(), mix_hash=MIX)

    def make_seals(self):
        return QbftSeals(self.genesis.encode(), self.rules, VERIFIER, self.registry)

    def block(self, parent, builder, vanity=0, **fields):
        """Give a canonical header; ``vanity`` makes another block of it."""
        extra = rlp.decode(self.extra(fields.pop("vote", ()), listed=fields.pop("listed", None)))
        extra[0] = bytes([vanity]) * 32
        values = {
            "coinbase": self.members[builder],
            "mix_hash": MIX,
            "extra_data": rlp.encode(extra),
        }
        return self.child(parent, **values | fields)

    def at_round(self, block, round_):
        extra = rlp.decode(block.extra_data)
        extra[3] = number(round_)
        return replace(block, extra_data=rlp.encode(extra))

    def digest(self, block, round_):
        return self.at_round(block, round_).hash()

    def certificate(self, block, by, round_=0):
        seals = [self.keys[n].sign(self.digest(block, round_)) for n in by]
        return rlp.encode([number(round_), seals])

    def signed(self, code, by, payload):
        digest = keccak256(rlp.encode([bytes([code]), payload]))
        return [payload, self.keys[by].sign(digest)]

    def prepare(self, by, block, round_=0):
        digest = self.digest(block, round_)
        return self.signed(PREPARE, by, [number(block.number), number(round_), digest])

    def commit(self, by, block, round_=0):
        digest = self.digest(block, round_)
        fields = [number(block.number), number(round_), digest, self.keys[by].sign(digest)]
        return self.signed(COMMIT, by, fields)

    def change(self, by, height, round_, prepared=None):
        """``prepared``: (round, block) or None."""
        claim = [number(prepared[0]), self.digest(prepared[1], prepared[0])] if prepared else []
        return self.signed(ROUND_CHANGE, by, [number(height), number(round_), claim])

    def round_change(self, by, height, round_, prepared=None, prepares=()):
        block = []
        if prepared:
            block = [self.at_round(prepared[1], prepared[0]).items(), [], [], []]
        return [self.change(by, height, round_, prepared), block, list(prepares)]

    def proposal(self, by, block, round_=0, changes=(), prepares=()):
        body = [self.at_round(block, round_).items(), [], [], []]
        signed = self.signed(PROPOSAL, by, [number(block.number), number(round_), body])
        return [signed, [list(changes), list(prepares)]]


class Ibft1(Forge):
    engine = "ibft1"

    def make_genesis(self):
        extra = bytes(32) + rlp.encode([self.members, b"", []])
        return replace(empty_header(), extra_data=extra, mix_hash=MIX)

    def make_seals(self):
        return IbftSeals(self.genesis.encode(), self.rules, VERIFIER)

    def block(self, parent, builder, vanity=0, **fields):
        listed = fields.pop("listed", self.members)
        key = KEYS[builder]

        def extra(seal):
            return bytes([vanity]) * 32 + rlp.encode([listed, seal, []])

        header = self.child(parent, **{"mix_hash": MIX, "extra_data": extra(b"")} | fields)
        return replace(header, extra_data=extra(key.sign(keccak256(header.hash()))))

    def certificate(self, block, by):
        return rlp.encode([KEYS[n].sign(keccak256(block.hash() + b"\x02")) for n in by])

    def message(self, code, by, height, round_, subject, *, seal=b""):
        key = self.keys[by]
        body = rlp.encode([[number(round_), number(height)], subject])
        signed = rlp.encode([number(code), body, key.address, b"", seal])
        return rlp.encode([number(code), body, key.address, key.sign(keccak256(signed)), seal])

    def proposal(self, by, block, round_=0):
        return self.message(0, by, block.number, round_, [block.items(), [], []])

    def prepare(self, by, block, round_=0):
        return self.message(1, by, block.number, round_, block.hash())

    def commit(self, by, block, round_=0):
        seal = self.keys[by].sign(keccak256(block.hash() + b"\x02"))
        return self.message(2, by, block.number, round_, block.hash(), seal=seal)

    def round_change(self, by, height, round_):
        return self.message(3, by, height, round_, bytes(32))


class EndSealed(Forge):
    """Clique and AuRa: the seal stands last in extraData."""

    def seal(self, header, key):
        digest = keccak256(replace(header, extra_data=header.extra_data[:-65]).encode())
        return replace(header, extra_data=header.extra_data[:-65] + key.sign(digest))


class Clique(EndSealed):
    engine = "clique"

    def make_genesis(self):
        listed = b"".join(self.members)
        return replace(empty_header(), extra_data=bytes(32) + listed + bytes(65))

    def make_seals(self):
        return CliqueSealChecker(self.genesis.encode(), epoch=self.rules.epoch, verifier=VERIFIER)

    def block(self, parent, sealer, vanity=0, **fields):
        in_turn = (parent.number + 1) % len(self.members) == sealer
        values = {
            "difficulty": 2 if in_turn else 1,
            "extra_data": bytes([vanity]) * 32 + bytes(65),
            "coinbase": ZERO_ADDRESS,
        }
        return self.seal(self.child(parent, **values | fields), self.keys[sealer])


class Aura(EndSealed):
    engine = "aura"
    registry = None

    def make_genesis(self):
        return empty_header()

    def make_seals(self):
        return AuraSeals(self.genesis.encode(), self.members, self.rules, VERIFIER, self.registry)

    def block(self, parent, step, sealer=None, vanity=0, **fields):
        sealer = step % len(self.members) if sealer is None else sealer
        below = int.from_bytes(parent.mix_hash)
        values = {
            "coinbase": KEYS[sealer].address,
            "difficulty": 2**128 - 1 + below - step,
            "mix_hash": step.to_bytes(32),
            "extra_data": bytes([vanity]) * 32 + bytes(65),
        }
        return self.seal(self.child(parent, **values | fields), KEYS[sealer])


def stored(node, header, certificate=None, local_us=0):
    return BlockStored(f"h{node}", header.hash(), header.encode(), certificate, local_us)


def head(node, header):
    return HeadAt(f"h{node}", header.hash(), header.number)


def final(node, header):
    return FinalAt(f"h{node}", header.hash(), header.number)


def sent(node, message, engine="qbft"):
    return MessageSent(
        f"h{node}", engine, message if isinstance(message, bytes) else rlp.encode(message)
    )


def turned(node, state):
    return NodeTurned(f"h{node}", state)


def told(checker, *facts):
    """Tell facts; give the fault."""
    for fact in facts:
        checker.observe(fact)
    return checker.fault
