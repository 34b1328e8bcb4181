"""Deposits at a custodian: what a patient lends under a grant (secret-sharing.md section 9)."""

from dataclasses import dataclass

from node.base.keys import recover
from node.privacy.consent import Domain
from node.privacy.custody_store import CustodyStore, Holding
from node.privacy.deposits import DepositLetter, digests_of, split_deposit
from node.privacy.emergency import emergency_grant_id
from node.privacy.release_errors import CustodyError
from node.privacy.release_facts import GrantFacts, GrantView
from node.privacy.release_messages import Status, deposit_info
from node.privacy.renewals import RenewalLetter
from node.privacy.sealing import open_sealed
from node.sss.commitments import Manifest
from node.sss.shares import Container, Kind, check_against, decode_container


@dataclass(frozen=True, slots=True)
class DepositTaken:
    """A custodian's word that a deposit is stored; k of them make a grant usable."""

    grant_id: bytes
    deal_id: bytes
    index: int


class Deposits:
    """Takes deposits into a custodian's store."""

    def __init__(self, store: CustodyStore, *, sealing_private: bytes, domain: Domain) -> None:
        self._store = store
        self._sealing_private = sealing_private
        self._domain = domain

    def take(self, letter: DepositLetter, view: GrantView) -> DepositTaken:
        """Keep what a patient lends; see ``Custodian.take_deposit``."""
        held = held_deal(self._store, letter.deal_id)
        header = Manifest.decode(held.manifest).header
        share = decode_container(held.share)
        check_index(letter.index, share)
        check_epoch(letter.epoch, share)
        self._check_patient(letter, view)
        info = deposit_info(letter.grant_id, letter.index)
        plain = open_sealed(self._sealing_private, info, letter.sealed)
        check_root(letter, plain, custodians=header.custodians)
        lent, step = split_deposit(plain)
        for container in (lent, step):
            check_against(container, header)
        taken = DepositTaken(letter.grant_id, letter.deal_id, letter.index)
        if self._store.grant_share(letter.grant_id, letter.deal_id) == lent.encode():
            return taken
        # a later deposit of the same grant takes the place of the first: the patient makes one when
        # too few custodians kept that.  An older letter cannot come back: its step is not the next.
        self._check_pair(share, lent, step)
        self._store.put_deposit(letter.grant_id, letter.deal_id, lent.encode(), step.encode())
        return taken

    def _check_patient(self, letter: DepositLetter, view: GrantView) -> None:
        """Check that F's grant is open and that its patient owns the deal and signed.

        What is left for emergencies has no grant, and no end but that of the deal: its id says
        whose it is.
        """
        record = view.record(letter.deal_id)
        grant = view.grant(letter.grant_id)
        if record is not None and letter.grant_id == emergency_grant_id(
            view.chain_id, record.patient_id
        ):
            patient = record.patient
        elif grant is None or ending(grant, view) is not None:
            raise CustodyError("grant", f"{letter.grant_id.hex()} is not open in the final state")
        else:
            patient = grant.patient
        digest = self._domain.digest(letter.typed().struct_hash())
        if recover(digest, letter.signature) != patient:
            raise CustodyError("signer", "the signature is not the patient's")
        # without this, any patient could plant a step that spoils another patient's deal
        if record is None or record.is_erased or record.patient != patient:
            raise CustodyError("record", "the deal is of no record of this patient")

    def _check_pair(self, share: Container, lent: Container, step: Container) -> None:
        if (lent.kind, step.kind) != (Kind.GRANT, Kind.DELTA):
            raise CustodyError("kind", "a deposit is a grant share and a step")
        if (lent.index, step.index) != (share.index, share.index):
            raise CustodyError("index", "a container in the deposit has another index")
        if lent.epoch != share.epoch:
            raise CustodyError("epoch", f"a grant share of epoch {lent.epoch}")
        steps = len(self._store.steps(share.deal_id))
        due = share.epoch + steps + 1
        if step.epoch != due:
            raise CustodyError("step", f"wants the step into epoch {due}, got {step.epoch}")
        lent_already = len(self._store.grants_of(share.deal_id))
        if steps < lent_already:
            why = f"{steps} steps for {lent_already} grants: the patient renews the deal first"
            raise CustodyError("refresh", why)


def held_deal(store: CustodyStore, deal_id: bytes) -> Holding:
    """Give a deal in custody.  raises CustodyError: ``deal``."""
    held = store.holding(deal_id)
    if held is None:
        raise CustodyError("deal", f"deal {deal_id.hex()} is not held here")
    return held


def check_index(index: int, share: Container) -> None:
    """Check that a letter is for this custodian's index.  raises CustodyError: ``index``."""
    if index != share.index:
        raise CustodyError("index", f"wants {share.index}, got {index}")


def check_epoch(epoch: int, share: Container) -> None:
    """Check that a letter starts from the share's epoch.

    raises        CustodyError: ``early``, the share is not there yet; ``epoch``, it is beyond.
    """
    if epoch > share.epoch:
        raise CustodyError("early", f"the share is of epoch {share.epoch}, not yet {epoch}")
    if epoch < share.epoch:
        raise CustodyError("epoch", f"wants {share.epoch}, got {epoch}")


def check_root(letter: DepositLetter | RenewalLetter, plain: bytes, *, custodians: int) -> None:
    """Check that an opened letter is the one under the signed root.  raises CustodyError: ``root``.

    ``letter``    of an index that the deal has.
    """
    if len(letter.digests) != custodians:
        raise CustodyError("root", f"{len(letter.digests)} digests, wants {custodians}")
    if digests_of([plain])[0] != letter.digests[letter.index - 1]:
        raise CustodyError("root", "the letter is not the one under the signed root")


def ending(grant: GrantFacts, view: GrantView) -> Status | None:
    """Say how F has ended a grant, None if it has not."""
    if grant.is_revoked:
        return Status.REVOKED
    return Status.EXPIRED if view.head.timestamp_s >= grant.valid_until_s else None
