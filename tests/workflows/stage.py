"""A small network in virtual time, on which tests run flows one after the other."""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

from node.base.rng import TreeEntropy
from node.base.types import Address, Cid
from node.ipfs_lite.cid import multihash_of
from node.privacy.record import Diagnosis, PmrEntry
from node.privacy.studies import load_study
from node.sim.flow_driver import Ended
from node.sim.loader import load
from node.sim.world import World
from node.workflows.access import GrantMade, direct_request, grant
from node.workflows.consult import Visit, consult
from node.workflows.errors import ContractRevertError
from node.workflows.labs import FiledStudy, order_lab, perform_lab
from node.workflows.onboard_doctor import onboard_doctor
from node.workflows.read_record import Reading, read_record
from node.workflows.register_patient import register_patient
from node.workflows.requests import Ask, AwaitInclusion, Submit

SECOND_US = 1_000_000
TIMEOUT_S = 120

TEXT = """\
wardnet: 1
name: stage
run: {{seed: {seed}, until: 1h, epoch: {epoch}}}
chain: {{consensus: clique, fork_choice: eip3436, period: 1s}}
records: {{sharing: {{t: {t}, n: {n}}}, timezone: {timezone}, first_patient_id: {first_patient_id}}}
network: {{validators: {validators}}}
actors:
  regulators: {regulators}
  doctors: {{d0: {{hospital: h0}}, d1: {{hospital: h1}}, d2: {{hospital: h1}},
            d3: {{hospital: h2}}}}
  patients: {{p0: {{hospital: h0, attendant: true}}, p1: {{hospital: h1}}, p2: {{hospital: h0}},
             p3: {{hospital: h0}}, p4: {{hospital: h0}}, p5: {{hospital: h0}}}}
  labs: {{l0: {{hospital: h0}}, l1: {{hospital: h1}}}}
  insurers: {{i0: {{hospital: h2}}, i1: {{hospital: h2}}}}
  devices: {{v0: {{hospital: h0}}, v1: {{hospital: h0}}, v2: {{hospital: h1}}}}
  researchers: {{r0: {{hospital: h2, funds: 1000000}}}}
steps: [{steps}]
"""
DEFAULTS = {
    "seed": 7,
    "epoch": "2026-01-01T00:00:00Z",
    "t": 3,
    "n": 5,
    "timezone": "UTC",
    "first_patient_id": 1,
    "validators": 4,
    "regulators": 3,
    "steps": "",
}


@dataclass(frozen=True)
class Traces:
    """What a flow can leave behind, counted over all nodes."""

    transactions: int
    pooled: int
    store_blocks: int
    shares: int
    nonces: tuple[int, ...]


class Stage:
    """A world that runs, its cast, and shorthands for what most tests begin with."""

    def __init__(self, **settings: object) -> None:
        self.world = World(load(TEXT.format(**(DEFAULTS | settings)), "stage.yaml"))
        self.world.start()
        self.cast = self.world.cast
        self.ward = self.cast.ward
        self.contracts = self.ward.contracts
        self._drawn = 0

    def entropy(self) -> TreeEntropy:
        """Give a source that no other flow of this stage has had."""
        self._drawn += 1
        return TreeEntropy(1, "stage", str(self._drawn))

    def run(self, seconds: float = 0.0) -> None:
        """Let virtual time pass."""
        kernel = self.world.kernel
        kernel.run_until(kernel.now + int(seconds * SECOND_US))

    def play(self, flow, timeout_s: float = TIMEOUT_S) -> Ended:
        """Run a flow to its end, whatever that is."""
        ended: list[Ended] = []
        timeout_us = int(timeout_s * SECOND_US)
        self.world.flows.start("flow", flow, timeout_us=timeout_us, done=ended.append)
        while not ended:
            self.run(0.02)
        return ended[0]

    def do(self, flow, timeout_s: float = TIMEOUT_S):
        """Run a flow and give its value; what it raises is raised here."""
        ended = self.play(flow, timeout_s)
        assert not ended.timed_out, "the flow ran out of time"
        if ended.error is not None:
            raise ended.error
        return ended.value

    def revert(self, flow) -> ContractRevertError:
        """Run a flow that a contract refuses; give the refusal."""
        error = self.play(flow).error
        assert isinstance(error, ContractRevertError), f"no contract refused: {error!r}"
        return error

    def view(self, question, node: str = "h0"):
        """Ask a contract at a node's head."""
        return question.decode(self.world.nodes[node].ledger.call(question.to, question.data))

    def head_s(self, node: str = "h0") -> int:
        """Give the time of a node's head."""
        return self.world.nodes[node].ledger.head.timestamp

    def final_times(self) -> list[int]:
        """Give the time of each node's final block."""
        return [core.chain.final.timestamp for core in self.world.nodes.values()]

    def until(self, condition: Callable[[], bool], limit_s: int = 300) -> None:
        """Let time pass until something is so."""
        for _ in range(limit_s * 20):
            if condition():
                return
            self.run(0.05)
        raise AssertionError(f"not so within {limit_s} s")

    def traces(self, *accounts: Address) -> Traces:
        """Count what all flows so far have left; ``accounts``: whose nonces to look at."""
        ledger = self.world.nodes["h0"].ledger
        transactions = 0
        for number in range(ledger.head.number + 1):
            block = ledger.block(ledger.hash_by_number(number))
            sent = block.transactions if block else ()
            # what custodians post by themselves is no trace of a flow
            transactions += sum(self.contracts.custody.address not in raw for raw in sent)
        nodes = self.world.nodes.values()
        return Traces(
            transactions,
            sum(len(core.chain.pool) for core in nodes),
            sum(core.store.store.count() for core in nodes),
            sum(len(core.custody.custodian.store._holdings) for core in nodes),
            tuple(ledger.state().nonce(account) for account in accounts),
        )

    def spoil(self, node: str, cid: Cid) -> None:
        """Change one byte of a stored block behind the store's back."""
        row = self.world.nodes[node].store.store._rows[multihash_of(cid)]
        row.data = row.data[:-1] + bytes([row.data[-1] ^ 1])

    # -- people

    def doctor(self, name: str):
        return self.cast.doctors[name]

    def patient(self, name: str):
        return self.cast.patients[name]

    def lab(self, name: str):
        return self.cast.labs[name]

    def insurer(self, name: str):
        return self.cast.insurers[name]

    def device(self, name: str):
        return self.cast.devices[name]

    def hospital(self, name: str):
        return self.cast.hospitals[name]

    # -- beginnings

    def onboard(self, *names: str) -> "Stage":
        for name in names:
            self.do(onboard_doctor(self.ward, self.doctor(name)))
        return self

    def register(self, *names: str) -> "Stage":
        for name in names:
            self.do(register_patient(self.ward, self.patient(name), self.entropy()))
        return self

    def visit(self, doctor: str = "d0", patient: str = "p0", **given) -> Visit:
        entry = given.pop("entry", note())
        on = given.pop("on", None)
        who = self.doctor(doctor), self.patient(patient)
        return self.do(consult(self.ward, *who, entry, on=on, entropy=self.entropy()))

    def scan(self, visit: Visit, study: str = "CT_small", modality: str = "CT") -> FiledStudy:
        who = self.doctor("d0"), visit.patient, self.lab("l0"), visit.pmr_id
        order = self.do(order_lab(self.ward, *who, modality=modality, reason=None))
        data = load_study(f"pydicom:{study}")
        return self.do(perform_lab(self.ward, self.lab("l0"), order, data, self.entropy()))

    def grant(self, visit: Visit, doctor: str = "d1", seconds: int = 600) -> GrantMade:
        request = direct_request(self.doctor(doctor), visit.patient, visit.pmr_id)
        return self.do(grant(self.ward, request, seconds=seconds, entropy=self.entropy()))

    def reading(self, pmr_id: int, doctor: str = "d1"):
        return read_record(self.ward, self.doctor(doctor), pmr_id, self.entropy())

    def read(self, pmr_id: int, doctor: str = "d1") -> Reading:
        return self.do(self.reading(pmr_id, doctor))


def note(text: str = "cough for six weeks") -> PmrEntry:
    """Give a short entry."""
    return PmrEntry(present_illness=text, diagnosis=(Diagnosis("R91", "lung finding"),))


def drive(flow, *answers: object) -> SimpleNamespace:
    """Answer a flow from a list, without any node; errors in it are thrown.

    Gives ``asked`` (the requests, in order) and ``value``.
    """
    asked, left = [], list(answers)
    try:
        ask = next(flow)
        while True:
            asked.append(ask)
            answer = left.pop(0)
            ask = flow.throw(answer) if isinstance(answer, Exception) else flow.send(answer)
    except StopIteration as stop:
        assert not left, f"{len(left)} answers were not asked for"
        return SimpleNamespace(asked=asked, value=stop.value)


class Overheard:
    """The same flow, and what it asked."""

    def __init__(self, flow) -> None:
        self._flow = flow
        self.close = flow.close
        self.asked: list[Ask] = []

    def send(self, answer: object) -> Ask:
        self.asked.append(self._flow.send(answer))
        return self.asked[-1]

    def throw(self, error: Exception) -> Ask:
        self.asked.append(self._flow.throw(error))
        return self.asked[-1]


def awaits_between(asked: list[Ask]) -> list[tuple[Address, int]]:
    """Give who was asked to await the transaction submitted last, and how many were before it."""
    found, submitted = [], 0
    for ask in asked:
        submitted += isinstance(ask.request, Submit)
        if isinstance(ask.request, AwaitInclusion):
            found.append((ask.node, submitted))
    return found
