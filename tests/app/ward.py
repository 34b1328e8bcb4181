"""One to four node cores joined by a queue: frames in the order of sending, timers by hand.

No simulator: no delays, no losses, one clock.  What a test wants to happen, it does itself.
"""

from collections import deque
from copy import deepcopy
from dataclasses import replace
from functools import cache

from node.app.engines import clique_plan
from node.app.events import (
    Answered,
    Asked,
    ClearTimer,
    Failed,
    FrameReceived,
    HeadMoved,
    Noted,
    PeerConnected,
    PeerLost,
    SealingPaused,
    SendFrame,
    SendToMany,
    SetTimer,
    Started,
    TimerFired,
)
from node.app.founding import FoundingHospital, FoundingPlan, found
from node.app.node_core import NodeCore, NodeParts
from node.base.errors import WardnetError
from node.base.keccak import keccak256
from node.base.keys import MemoVerifier, PrivateKey
from node.base.rng import TreeEntropy
from node.consensus_poa.clique.options import CliqueOptions
from node.evm.transactions import sign_legacy
from node.ipfs_lite.memory_store import MemoryStore as MemoryBlocks
from node.p2p.wire import encode
from node.privacy.custody_store import MemoryStore as MemoryCustody
from node.privacy.sealing import derive_private_key, public_key_of
from node.sss.terms import Profile
from node.storage.ledger_store import MemoryLedgerStore

CHAIN_ID = 7_331
EPOCH_S = 1_700_000_000
SECOND = 1_000_000
GAS_LIMIT = 30_000_000
RECOVERY_SECONDS = 10


KEYS = {}
"""All keys by name: made once, and shared by copies."""


def key_of(name):
    if name not in KEYS:
        KEYS[name] = PrivateKey.from_bytes(keccak256(f"app tests: {name}".encode()))
    return KEYS[name]


@cache
def sealing_of(name):
    return derive_private_key(keccak256(f"app tests, sealing: {name}".encode()))


HOSPITALS = tuple(key_of(f"hospital {n}") for n in range(4))
MEMBERS = tuple(key_of(f"member {n}") for n in range(3))
SENDER = MEMBERS[0]
"""Has a role from the genesis on, so that pools take what it signs."""
STRANGER = key_of("stranger")
VERIFIER = MemoVerifier()


def hospital(n):
    """Give a founding hospital; its account is the validator's."""
    return FoundingHospital(
        account=HOSPITALS[n].address,
        registration=f"GOV-{n}",
        name=f"Hospital {n}",
        location="Kolkata",
        specialisation="general",
        contact=f"desk@h{n}",
        custody_key=public_key_of(sealing_of(f"hospital {n}")),
    )


def plan(validators=2, verified=(), **changes):
    """Give what a network of the first so many hospitals is founded with."""
    made = FoundingPlan(
        chain_id=CHAIN_ID,
        timestamp=EPOCH_S,
        gas_limit=GAS_LIMIT,
        engine=clique_plan(CliqueOptions(period=1)),
        members=tuple(member.address for member in MEMBERS),
        validators=tuple(one.address for one in HOSPITALS[:validators]),
        verified=tuple(map(hospital, verified)),
        min_validators=1,
        first_patient_id=85_437,
        utc_offset_seconds=0,
        recovery_seconds=RECOVERY_SECONDS,
    )
    return replace(made, **changes)


@cache
def founded(validators=2, verified=(), period=1, gas_limit=GAS_LIMIT):
    """Found once per shape: nobody changes a genesis."""
    engine = clique_plan(CliqueOptions(period=period))
    return found(plan(validators, verified, engine=engine, gas_limit=gas_limit))


def transaction(signer=SENDER, *, nonce=0, data=b"", chain_id=CHAIN_ID, gas=100_000):
    """Sign a transaction to nobody; ``data`` tells two of them apart."""
    to = b"\x99" * 20
    return sign_legacy(signer, chain_id=chain_id, nonce=nonce, to=to, data=data, gas=gas)


class Ward:
    """Cores, their clock, their timers, and what is on its way between them.

    ``running``   how many of the validators have a core; a test speaks for the others.
    ``signers``   fixes the depth at which a block is final: 2 * (signers // 2 + 1) blocks.
    """

    def __init__(
        self, founding, running, *, period=1, signers=1, connect=True, stores=None, log=None
    ):
        self.founding = founding
        self.now = EPOCH_S * SECOND
        self.skew_us = [0] * running
        """Of each core's clock."""
        self.timers = {}
        self.frames = deque()
        self.sent = []
        """Every frame so far: source, target, payload."""
        self.cut = set()
        """Pairs of cores between which frames are lost."""
        self.notes = []
        """(core, name, data) in the order of noting."""
        self.moves = []
        self.answers = {}
        self.errors = {}
        self._calls = 0
        self._period = period
        self._signers = signers
        self._log = log
        """Of the first core; the others' end with them."""
        self.cores = []
        self.parts = []
        """What each core is built of: what is in its stores outlives it."""
        for n in range(running):
            self.add(MemoryBlocks() if stores is None else stores[n])
        for n in range(running):
            self.give(n, Started())
        if connect:
            self.connect()

    def add(self, store):
        n = len(self.cores)
        parts = NodeParts(
            genesis=self.founding.genesis,
            contracts=self.founding.contracts,
            engine=clique_plan(CliqueOptions(period=self._period)),
            signers=self._signers,
            signer=HOSPITALS[n],
            sealing_private=sealing_of(f"hospital {n}"),
            verifier=VERIFIER,
            wiggle=TreeEntropy(1, n, "wiggle"),
            gossip=TreeEntropy(1, n, "gossip"),
            sealing=TreeEntropy(1, n, "sealing"),
            store=store,
            custody=MemoryCustody(),
            profile=Profile.SIMULATION,
            ledger_store=MemoryLedgerStore(),
        )
        if n == 0 and self._log is not None:
            parts = replace(parts, log=self._log)
        self.parts.append(parts)
        self.cores.append(NodeCore(parts))

    def join(self):
        """Start one more core, connected to all others."""
        self.add(MemoryBlocks())
        self.skew_us.append(0)
        n = len(self.cores) - 1
        self.give(n, Started())
        for other in range(n):
            self.meet(n, other)
        return n

    def restart(self, n, **changes):
        """Let a core end and begin again from its stores; what was on its way is lost."""
        self.parts[n] = replace(self.parts[n], **changes)
        self.timers = {key: at_us for key, at_us in self.timers.items() if key[0] != n}
        self.frames = deque(frame for frame in self.frames if n not in frame[:2])
        others = [other for other in range(len(self.cores)) if other != n]
        for other in others:
            self.give(other, PeerLost(self.cores[n].address))
        self.cores[n] = NodeCore(self.parts[n])
        self.give(n, Started())
        for other in others:
            self.meet(n, other)
        self.settle()

    def copy(self):
        """Give an independent ward; what never changes is shared."""
        return deepcopy(self, self.shared())

    def shared(self):
        founding = self.founding
        fixed = (*KEYS.values(), VERIFIER, founding, founding.genesis, founding.contracts)
        return {id(one): one for one in fixed}

    def connect(self):
        for n in range(len(self.cores)):
            for other in range(n):
                self.meet(n, other)

    def meet(self, one, other):
        self.give(one, PeerConnected(self.cores[other].address))
        self.give(other, PeerConnected(self.cores[one].address))

    def part(self, one, other):
        self.cut |= {(one, other), (other, one)}

    def introduce(self, *keys):
        """Connect every core to validators that run no core: the test speaks for them."""
        for n in range(len(self.cores)):
            for key in keys:
                self.give(n, PeerConnected(key.address))

    # -- events

    def give(self, n, event):
        """Let a core handle an event; its frames wait in the queue."""
        outcome = self.cores[n].handle(event, self.now + self.skew_us[n])
        for effect in outcome.effects:
            self._apply(n, effect)
        return outcome

    def say(self, source, n, message):
        """Let a validator (by key, a core need not run) send a message to a core."""
        return self.give(n, FrameReceived(source.address, encode(message)))

    def ask(self, n, request):
        """Let a client ask a core; give the number of the call."""
        self._calls += 1
        self.give(n, Asked(self._calls, request))
        return self._calls

    def answer(self, call):
        """Give the answer to a call, or raise the error that ended it."""
        if call in self.errors:
            raise self.errors[call]
        return self.answers[call]

    def is_open(self, call):
        return call not in self.answers and call not in self.errors

    def settle(self):
        """Deliver all frames, and those that answer them."""
        while self.frames:
            source, target, payload = self.frames.popleft()
            self.give(target, FrameReceived(self.cores[source].address, payload))

    def sleep(self, seconds):
        """Let time pass; timers that are due fire in order, and frames arrive at once."""
        until = self.now + round(seconds * SECOND)
        self.settle()
        while self.timers:
            (n, timer), at_us = min(self.timers.items(), key=lambda item: (item[1], str(item[0])))
            if at_us > until:
                break
            del self.timers[n, timer]
            self.now = max(self.now, at_us)
            self.give(n, TimerFired(timer))
            self.settle()
        self.now = until

    def grow(self, blocks=1, *, seconds_max=60):
        """Let the chain of core 0 grow by so many blocks."""
        height = self.height + blocks
        for _ in range(4 * seconds_max):
            if self.height >= height:
                return
            self.sleep(0.25)
        raise AssertionError(f"no block {height} in {seconds_max} s")

    def pause(self, *cores):
        for n in cores or range(len(self.cores)):
            self.give(n, SealingPaused())

    def run(self, flow, *, seconds_max=120):
        """Run a flow to its end."""
        deadline = self.now + seconds_max * SECOND
        at = {core.address: n for n, core in enumerate(self.cores)}
        value = None
        while True:
            try:
                asked = flow.throw(value) if isinstance(value, WardnetError) else flow.send(value)
            except StopIteration as stop:
                return stop.value
            call = self.ask(at[asked.node], asked.request)
            self.settle()
            while self.is_open(call):
                assert self.now < deadline, f"no answer to {asked.request}"
                self.sleep(0.25)
            value = self.errors.get(call, self.answers.get(call))

    # -- looking

    @property
    def height(self):
        return self.cores[0].ledger.head.number

    def noted(self, n, name):
        """Give the data of a core's notes of one name."""
        return [data for core, called, data in self.notes if (core, called) == (n, name)]

    def is_one_chain(self):
        return len({core.ledger.head_hash for core in self.cores}) == 1

    def _apply(self, n, effect):
        match effect:
            case SendToMany(peers, payload):
                for peer in peers:
                    self._apply(n, SendFrame(peer, payload))
            case SendFrame(peer, payload):
                for target, core in enumerate(self.cores):
                    if core.address == peer and (n, target) not in self.cut:
                        self.frames.append((n, target, payload))
                self.sent.append((n, peer, payload))
            case SetTimer(timer, at_us):
                self.timers[n, timer] = at_us - self.skew_us[n]
            case ClearTimer(timer):
                self.timers.pop((n, timer), None)
            case Answered(call, value):
                assert self.is_open(call), f"call {call} is answered twice"
                self.answers[call] = value
            case Failed(call, error):
                assert self.is_open(call), f"call {call} is answered twice"
                self.errors[call] = error
            case HeadMoved():
                self.moves.append((n, effect))
            case Noted(name, data):
                self.notes.append((n, name, data))


def lone(validators=2, running=1, *, pause=True, **options):
    """Give a ward in which the test speaks for the validators that run no core.

    ``pause``     cores seal nothing, however much time passes, and pass no block on.
    """
    ward = Ward(founded(validators), running, **options)
    ward.introduce(*HOSPITALS[running:validators])
    ward.settle()
    ward.sent.clear()  # what they say on meeting
    if pause:
        ward.pause()
    return ward


def fingerprint(core):
    """Give everything that bad input must leave as it is."""
    ledger = core.ledger
    return (
        ledger.head_hash,
        ledger.head.state_root,
        tuple(ledger._chain._blocks),
        len(ledger._states._nodes._nodes),
        tuple(each.hash for each in core.chain.pool.transactions()),
        tuple(core.store.store.multihashes()),
        tuple(core.custody.custodian.store._holdings),
        core.custody.custodian.store.deposits(),
    )
