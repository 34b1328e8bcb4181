"""What ``Intake`` asks about AuRa headers."""

from node.base.errors import UnavailableError
from node.base.header import Header
from node.base.limits import STEPS_AHEAD_COUNT_MAX
from node.base.types import Hash32
from node.consensus_poa.aura.branches import AuraBranches
from node.consensus_poa.aura.header import (
    check_seal,
    check_shape,
    check_step,
    mix_hash_of,
    step_of,
    step_slot,
)
from node.consensus_poa.aura.steps import Steps
from node.consensus_poa.intake import Verdict


class AuraRules:
    """Steps instead of seconds: a block is early until its step has come."""

    def __init__(self, branches: AuraBranches, steps: Steps) -> None:
        self.name = "AuRa"
        self.too_early = "step_too_far"
        self._branches = branches
        self._steps = steps

    def due_s(self, header: Header) -> int:
        """Give the first second of the header's step."""
        return self._steps.start_s(step_of(header))

    def horizon_s(self, now_s: int) -> int:
        """Give the start of the last step ahead whose blocks are parked."""
        return self._steps.start_s(self._steps.at(now_s) + STEPS_AHEAD_COUNT_MAX)

    def check_shape(self, header: Header) -> str | None:
        """Give the first rule that a header breaks by itself, or None."""
        return check_shape(header, self._steps)

    def judge(self, block_hash: Hash32, header: Header, parent: Header) -> Verdict | None:
        """Judge a header on its parent and keep the standing after it.

        None also while no set can be read after the parent: the block waits.
        """
        error = check_step(header, parent)
        if error is not None:
            return Verdict(None, error)
        try:
            validators = self._branches.validators(header.parent_hash)
            signer = self._branches.signer(header)
            error = check_seal(header, parent, validators, signer)
            if error is None:
                self._branches.keep(block_hash, header)
        except UnavailableError:
            return None
        return Verdict(signer, error)

    def slot_of(self, header: Header, now_s: int) -> bytes | None:
        """Give the step, as long as it is less than two rounds of all validators old."""
        try:
            count = len(self._branches.validators(header.parent_hash))
        except UnavailableError:
            return None
        oldest = self._steps.at(now_s) - 2 * count
        return step_slot(header) if header.mix_hash > mix_hash_of(max(0, oldest)) else None
