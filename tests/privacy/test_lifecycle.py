"""The life of the vectors' deals through custodian and wallet, byte for byte."""

import pytest

from node.base.keys import PrivateKey
from node.base.rng import TreeEntropy
from node.base.types import Cid
from node.privacy.consent import Deposit, Domain, sign
from node.privacy.custody import Custodian
from node.privacy.custody_store import MemoryStore
from node.privacy.deposits import deposit_letters, digests_of
from node.privacy.release_facts import GrantFacts, RecordFacts
from node.privacy.sealing import derive_private_key, public_key_of
from node.privacy.wallet import Wallet, seal_essential
from node.sss.commitments import FragmentEntry, Manifest
from node.sss.drbg import SeedsUsed
from node.sss.gf256 import add
from node.sss.record_key import find_key
from node.sss.refresh import deposit_root, released_point
from node.sss.shares import DealHeader, decode_container
from node.sss.terms import Profile
from tests.privacy.ward import (
    DOCTOR,
    DOCTOR_SEALING,
    DOMAIN,
    FROM_S,
    GRANTED_S,
    PATIENT,
    PATIENT_SEALING,
    UNTIL_S,
    TableView,
)
from tests.sss.deals import cases, unhex


class _Life:
    """One case of the vectors: its custodians hold the dealt shares, its wallet has the master."""

    def __init__(self, case) -> None:
        self.header = DealHeader.decode(unhex(case["deal"]))
        self.deal_id = self.header.deal_id()
        shares = [unhex(share) for share in case["shares"]]
        indices = range(1, self.header.custodians + 1)
        signers = [PrivateKey.from_bytes(bytes([x]) * 32) for x in indices]
        private = [derive_private_key(bytes([x]) * 32) for x in indices]
        self.keys = [public_key_of(key) for key in private]
        self.manifest = Manifest(
            epoch=0,
            header=self.header,
            digests=tuple(share[-32:] for share in shares),
            custodians=tuple(one.address for one in signers),
            fragments=tuple(
                FragmentEntry(unhex(f)[-32:], Cid(bytes(36))) for f in case["fragments"]
            ),
        )
        self.domain = Domain(self.header.chain_id, DOMAIN.verifying_contract)
        self.view = TableView(chain_id=self.header.chain_id)
        self.view.records[self.deal_id] = RecordFacts(
            patient=PATIENT.address,
            pmr_id=int.from_bytes(self.header.pmr_id),
            sections=1,
            filed_s=800,
            is_current=True,
            is_erased=False,
        )
        self.custodians = [
            Custodian(
                signer=signer,
                sealing_private=key,
                domain=self.domain,
                store=MemoryStore(),
                entropy=TreeEntropy(6),
                profile=Profile.SIMULATION,
            )
            for signer, key in zip(signers, private, strict=True)
        ]
        for custodian, share in zip(self.custodians, shares[1:], strict=True):
            custodian.hold(self.manifest.encode(), share)
        self.wallet = Wallet(
            signer=PATIENT,
            sealing_private=PATIENT_SEALING,
            master=unhex(case["master"]),
            domain=self.domain,
            seeds=SeedsUsed(),
        )
        sealed = seal_essential(
            decode_container(shares[0]), self.wallet.sealing_public, TreeEntropy(9)
        )
        self.wallet.accept(self.manifest.encode(), sealed)

    def shares(self):
        return [decode_container(one.share(self.deal_id)) for one in self.custodians]

    def key(self, e: bytes) -> bytes:
        """K from all shares that the custodians hold, and e."""
        points = {share.index: add(share.payload, e) for share in self.shares()}
        found = find_key(self.header, points)
        assert found.liars == ()
        return found.key

    def lend(self, case) -> Deposit:
        """Deposit the vectors' shares under a grant of F."""
        grant_id = b"g" * 32
        self.view.grants[grant_id] = GrantFacts(
            patient=PATIENT.address,
            grantee=DOCTOR.address,
            grantee_key=DOCTOR_SEALING,
            pmr_id=0,
            scope=1,
            valid_from_s=FROM_S,
            valid_until_s=UNTIL_S,
            granted_s=GRANTED_S,
            is_revoked=False,
        )
        pairs = zip(case["grant_shares"], case["delta_shares"], strict=True)
        plains = [unhex(lent + step) for lent, step in pairs]
        typed = Deposit(
            grant_id=grant_id,
            deal_id=self.deal_id,
            epoch=0,
            deposit_root=deposit_root(digests_of(plains)),
        )
        letters = deposit_letters(
            typed,
            plains,
            self.keys,
            signature=sign(typed, self.domain, PATIENT),
            entropy=TreeEntropy(3),
        )
        for custodian, letter in zip(self.custodians, letters, strict=True):
            custodian.take_deposit(letter, self.view)
        return typed


def _lives():
    return [(case, _Life(case)) for case in cases("lifecycle")]


@pytest.mark.conformance
def test_custodians_step_into_the_containers_of_the_vectors():
    for case, life in _lives():
        typed = life.lend(case)
        assert typed.deposit_root.hex() == case["deposit_root"]
        for custodian in life.custodians:
            custodian.step(life.deal_id)
        assert [share.encode().hex() for share in life.shares()] == case["custodians_epoch1"]
        lent = [one.grant_share(typed.grant_id, life.deal_id).hex() for one in life.custodians]
        assert lent == case["grant_shares_epoch1"]


@pytest.mark.conformance
@pytest.mark.parametrize("steps", [0, 1])
def test_custodians_release_the_points_of_the_vectors_in_both_epochs(steps):
    for case, life in _lives():
        typed = life.lend(case)
        for custodian in life.custodians * steps:
            custodian.step(life.deal_id)
        lent = (one.grant_share(typed.grant_id, life.deal_id) for one in life.custodians)
        points = [
            released_point(share, decode_container(raw)).hex()
            for share, raw in zip(life.shares(), lent, strict=True)
        ]
        assert points == case["released"]


@pytest.mark.conformance
def test_the_wallet_has_the_e_of_the_vectors_and_opens_the_epoch_after_a_grant():
    for case, life in _lives():
        life.lend(case)
        life.view = life.view.at(time_s=UNTIL_S)
        for custodian in life.custodians:
            custodian.follow(life.view)
        essential = life.wallet.essential(life.deal_id, 1)
        assert essential.encode().hex() == case["essential_epoch1"]
        assert life.key(essential.payload) == unhex(case["key"])


@pytest.mark.conformance
def test_a_renewal_of_the_vectors_deal_ends_in_the_same_e_on_other_shares():
    for case, life in _lives():
        for letter in life.wallet.renew(life.deal_id, life.keys, TreeEntropy(4)):
            life.custodians[letter.index - 1].take_renewal(letter, life.view)
        shares = [share.encode().hex() for share in life.shares()]
        assert not set(shares) & set(case["custodians_epoch1"])
        assert life.key(decode_container(unhex(case["essential_epoch1"])).payload) == unhex(
            case["key"]
        )
