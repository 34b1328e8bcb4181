"""A custodian that takes deposits, releases and steps until SIGKILL ends it.

``python -m tests.privacy.busy_custody FOLDER RUN``.  After each call that returned it says so:
``answer RECEIPT_ID STATUS`` for a request, else ``deposit`` or ``step``.  The deal is 1 of 2
custodians (t=2, n=3), so every secret is known beforehand: y of epoch E is K xor e_E, a grant share
is e_E, and the step into E+1 is e_E xor e_(E+1).
"""

import sys
from dataclasses import replace
from pathlib import Path

from node.base.rng import TreeEntropy
from node.privacy.consent import LATER_BIT, Purpose, scope_of
from node.privacy.custody import Custodian
from node.privacy.custody_epochs import Stepped
from node.privacy.grantee import Grantee
from node.privacy.release import GrantFacts, RecordFacts
from node.privacy.sealing import public_key_of
from node.privacy.wallet import Wallet, seal_essential
from node.sss.derivation import EssentialContext, essential_of
from node.sss.drbg import SeedsUsed
from node.sss.gf256 import add
from node.sss.shares import decode_container
from node.sss.ssms import deal
from node.sss.terms import DealTerms, Profile
from tests.privacy.custody_folder import opened
from tests.privacy.ward import (
    DOCTOR,
    DOMAIN,
    FROM_S,
    HOSPITALS,
    NOW_US,
    PATIENT,
    PMR_ID,
    SEALING,
    UNTIL_S,
    TableView,
    make_wallet,
)

MASTER = b"m" * 32
OPEN_GRANTS_MAX = 4
GRANTS_PER_RUN = 10_000
SCOPE = scope_of(["lab_reports"]) | LATER_BIT
DOCTOR_KEY = public_key_of(SEALING[4])


def essential(epoch: int) -> bytes:
    """Give e of an epoch."""
    context = EssentialContext(7, PMR_ID.to_bytes(32), 1, 0, epoch)
    return essential_of(MASTER, context).share


def make_deal():
    """Give the one deal there is, the same in every process."""
    terms = DealTerms(
        chain_id=7,
        pmr_id=PMR_ID.to_bytes(32),
        record_version=1,
        generation=0,
        dealer=HOSPITALS[0].address,
        t=2,
        n=3,
    )
    return deal(
        b"a record",
        terms,
        entropy=TreeEntropy(5, "busy deal"),
        seeds=SeedsUsed(),
        profile=Profile.SIMULATION,
        derived=essential_of(MASTER, EssentialContext(7, PMR_ID.to_bytes(32), 1, 0, 0)),
    )


DEAL = make_deal()
DEAL_ID = DEAL.header.deal_id()
KEY = add(DEAL.custodians[0].payload, essential(0))
"""K: the polynomial is constant, so every share of it is K itself."""


class _Work:
    def __init__(self, folder: Path, run: int) -> None:
        self.run = run
        self.entropy = TreeEntropy(run, "busy")
        self.store = opened(
            folder, custodian=HOSPITALS[0].address, entropy=TreeEntropy(run, "busy keys")
        )
        self.custodian = Custodian(
            signer=HOSPITALS[0],
            sealing_private=SEALING[1],
            domain=DOMAIN,
            store=self.store,
            entropy=TreeEntropy(run, "busy custodian"),
            profile=Profile.SIMULATION,
        )
        self.view = TableView()
        self.view.records[DEAL_ID] = RecordFacts(
            patient=PATIENT.address,
            pmr_id=PMR_ID,
            sections=scope_of(["lab_reports"]),
            filed_s=800,
            is_current=True,
            is_erased=False,
        )
        self.manifest = DEAL.manifest([one.address for one in HOSPITALS[:2]])
        if self.store.holding(DEAL_ID) is None:
            self.custodian.hold(self.manifest.encode(), DEAL.custodians[0].encode())
        for grant_id, _ in self.store.deposits():
            self._put_into_f(grant_id)
        self.wallet = self._wallet()
        self.grants = 0
        self.now_us = NOW_US

    def _wallet(self) -> Wallet:
        """Give a wallet that knows how far its deal has come."""
        wallet = make_wallet()
        sealed = seal_essential(DEAL.essential, wallet.sealing_public, self.entropy)
        wallet.accept(self.manifest.encode(), sealed)
        held = wallet._held[DEAL_ID]
        held.epoch = self.share().epoch
        held.steps = held.epoch + len(self.store.steps(DEAL_ID))
        held.lent = len(self.store.deposits())
        return wallet

    def share(self):
        return decode_container(self.store.holding(DEAL_ID).share)

    def _put_into_f(self, grant_id: bytes) -> None:
        self.view.grants[grant_id] = GrantFacts(
            patient=PATIENT.address,
            grantee=DOCTOR.address,
            grantee_key=DOCTOR_KEY,
            pmr_id=PMR_ID,
            scope=SCOPE,
            valid_from_s=FROM_S,
            valid_until_s=UNTIL_S,
            granted_s=900,
            is_revoked=False,
        )

    def deposit(self) -> None:
        self.grants += 1
        signed = self.wallet.consent(
            pmr_id=PMR_ID,
            grantee=DOCTOR.address,
            grantee_key=DOCTOR_KEY,
            purpose=Purpose.TREATMENT,
            scope=SCOPE,
            valid_from_s=FROM_S,
            valid_until_s=UNTIL_S,
            nonce=self.run * GRANTS_PER_RUN + self.grants,
        )
        self._put_into_f(signed.grant_id)
        keys = [public_key_of(SEALING[x]) for x in (1, 2)]
        letters = self.wallet.deposit(signed.grant_id, DEAL_ID, keys, self.entropy)
        self.custodian.take_deposit(letters[0], self.view)
        _say("deposit")

    def end(self, grant_id: bytes) -> None:
        self.view.change_grant(grant_id, is_revoked=True)
        for event in self.custodian.follow(self.view):
            if isinstance(event, Stepped):
                self.wallet.advance(DEAL_ID)
                _say("step")

    def release(self, grant_id: bytes) -> None:
        self.now_us += 10**6
        self.view.head_advanced_us = self.now_us
        request = self._request(grant_id)
        answer = self.custodian.handle(request.encode(), self.view, self.now_us)
        _say("answer", answer.receipt.receipt_id().hex(), answer.receipt.status.name)

    def _request(self, grant_id: bytes):
        doctor = Grantee(signer=DOCTOR, sealing_private=SEALING[4])
        (made,) = doctor.requests(
            self.manifest,
            grant_id=grant_id,
            head=self.view.head,
            indices=(1,),
            entropy=self.entropy,
        )
        return replace(made, epoch=self.share().epoch).signed(DOCTOR)


def work(folder: Path, run: int) -> None:
    """Go on until killed."""
    doing = _Work(folder, run)
    _say("begin")
    while True:
        grants = [grant_id for grant_id, _ in doing.store.deposits()]
        chance = doing.entropy.below(10)
        if not grants or (chance < 3 and len(grants) < OPEN_GRANTS_MAX):
            doing.deposit()
            continue
        chosen = grants[doing.entropy.below(len(grants))]
        if chance < 6:
            doing.end(chosen)
        else:
            doing.release(chosen)


def _say(*words: str) -> None:
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    work(Path(sys.argv[1]), int(sys.argv[2]))
