"""Two hospitals, a doctor, a patient and one record in custody: what the custody tests begin with.

Made once, by the real flows; each test works on a copy.
"""

from copy import deepcopy
from datetime import timedelta
from functools import cache

from node.base.rng import TreeEntropy
from node.privacy.consent import ALL_SECTIONS, Domain, Purpose
from node.privacy.grantee import Grantee
from node.privacy.record import Diagnosis, PmrEntry
from node.privacy.release_messages import Head, Receipt
from node.privacy.synthetic import make_person
from node.privacy.wallet import Wallet
from node.sss.drbg import SeedsUsed
from node.sss.shares import decode_container
from node.sss.terms import Profile
from node.workflows.access import on_ledger
from node.workflows.consult import consult
from node.workflows.onboard_doctor import onboard_doctor
from node.workflows.register_patient import register_patient
from node.workflows.requests import AskRelease, LeaveDeposit, SendRenewal
from node.workflows.transacting import send, transact
from node.workflows.ward import Doctor, Hospital, Patient, Sharing
from node.workflows.ward import Ward as Parties
from tests.app.ward import CHAIN_ID, HOSPITALS, Ward, founded, key_of, public_key_of, sealing_of

GRANT_SECONDS = 40


class Clinic:
    """A running network and the people of one record; ``net`` drives, ``parties`` act."""

    def __init__(self, hospitals=2, t=2, n=3):
        founding = founded(hospitals, tuple(range(hospitals)))
        self.net = Ward(founding, hospitals)
        contracts = founding.contracts
        self.hospitals = tuple(
            Hospital(
                name=f"h{n}",
                signer=key,
                custody_key=public_key_of(sealing_of(f"hospital {n}")),
                site_key=bytes(32),
                registration=f"GOV-{n}",
                title=f"Hospital {n}",
                location="Kolkata",
                specialisation="general",
                contact=f"desk@h{n}",
                reader=Grantee(signer=key, sealing_private=sealing_of(f"hospital {n}")),
            )
            for n, key in enumerate(HOSPITALS[:hospitals])
        )
        self.seeds = SeedsUsed()
        self.entropy = TreeEntropy(1, "clinic")
        self.parties = Parties(
            chain_id=CHAIN_ID,
            contracts=contracts,
            sharing=Sharing(t=t, n=n),
            period_s=1,
            zone=timedelta(0),
            profile=Profile.SIMULATION,
            seeds=self.seeds,
            hospitals=self.hospitals,
        )
        self.contracts = contracts
        self.doctor = self._doctor("doctor")
        self.patient = self._patient("patient")

    def _doctor(self, name):
        return Doctor(
            name=name,
            signer=key_of(name),
            reader=Grantee(signer=key_of(name), sealing_private=sealing_of(name)),
            hospital=self.hospitals[0],
            registration=f"UPRN-{name}",
            title=name,
            specialisation="general",
            contact=f"{name}@h0",
        )

    def _patient(self, name):
        wallet = Wallet(
            signer=key_of(name),
            sealing_private=sealing_of(name),
            master=bytes(32),
            domain=Domain(CHAIN_ID, self.contracts.consents.address),
            seeds=self.seeds,
        )
        return Patient(
            name=name,
            signer=key_of(name),
            wallet=wallet,
            hospital=self.hospitals[0],
            person=make_person(TreeEntropy(1, name)),
            has_attendant=False,
        )

    def copy(self):
        return deepcopy(self, self.net.shared())

    # -- records

    def admit(self, patient):
        """Register a patient and write one visit; give the deal's id."""
        self.net.run(register_patient(self.parties, patient, self.entropy))
        entry = PmrEntry(diagnosis=(Diagnosis("J06.9", "a cold"),), treatment_summary="rest")
        visit = consult(self.parties, self.doctor, patient, entry, on=None, entropy=self.entropy)
        return self.net.run(visit)

    # -- grants

    def consent(self, *, seconds=GRANT_SECONDS):
        """Let the patient sign a consent from now on; nobody has relayed it."""
        head = self.net.cores[0].ledger.head
        question = self.contracts.consents.nonce(self.patient.wallet.address)
        return self.patient.wallet.consent(
            pmr_id=self.visit.pmr_id,
            grantee=self.doctor.signer.address,
            grantee_key=self.doctor.reader.sealing_public,
            purpose=Purpose.TREATMENT,
            scope=ALL_SECTIONS,
            valid_from_s=head.timestamp - 60,
            valid_until_s=head.timestamp + seconds,
            nonce=self.view(question),
        )

    def relay(self, signed):
        """Put a consent into the pool of the doctor's hospital; give the transaction's hash."""
        hospital, consents = self.hospitals[0], self.contracts.consents
        data = consents.grant(on_ledger(signed.consent), signed.signature)
        flow = send(self.parties, hospital.node, hospital.signer, consents.address, data)
        return self.net.run(flow)

    def letters(self, signed, patient=None, deal_id=None):
        """Let a patient make the deposits of a grant, one for each custodian."""
        patient = self.patient if patient is None else patient
        deal_id = self.deal_id if deal_id is None else deal_id
        keys = {one.signer.address: one.custody_key for one in self.hospitals}
        custodians = patient.wallet.manifest(deal_id).custodians
        return patient.wallet.deposit(
            signed.grant_id, deal_id, [keys[one] for one in custodians], self.entropy
        )

    def leave(self, letter, n=None):
        """Leave a deposit with the custodian of its index (or core ``n``), from core 0."""
        custodian = self.custodian(letter.index) if n is None else self.net.cores[n].address
        call = self.net.ask(0, LeaveDeposit(custodian, letter))
        self.net.settle()
        return call

    def grant(self, **terms):
        """Make a grant that is final, with its deposits kept by all custodians."""
        signed = self.consent(**terms)
        self.relay(signed)
        self.net.grow(4)
        for letter in self.letters(signed):
            self.net.answer(self.leave(letter))
        return signed

    def revoke(self, signed, *, grant_id=None):
        """Take a grant back, and wait until that is final."""
        consents, patient = self.contracts.consents, self.patient
        data = consents.revoke(
            signed.grant_id if grant_id is None else grant_id,
            grantee=signed.consent.grantee,
            pmr_id=signed.consent.pmr_id,
        )
        self.net.run(transact(self.parties, patient.node, patient.signer, consents.address, data))

    # -- the patient's own orders

    def act(self, data, *, contract=None):
        """Let the patient act on the custody ledger (or another contract) until it is final."""
        patient = self.patient
        to = (self.contracts.custody if contract is None else contract).address
        self.net.run(transact(self.parties, patient.node, patient.signer, to, data))

    def erase(self):
        """Let the patient have the record erased."""
        pmr = self.contracts.pmr
        self.act(pmr.erase(self.visit.pmr_id, b"\x01" * 32), contract=pmr)

    def renewals(self, **terms):
        """Let the patient make the letters of a renewal, one for each custodian."""
        keys = {one.signer.address: one.custody_key for one in self.hospitals}
        wallet = self.patient.wallet
        custodians = wallet.manifest(self.deal_id).custodians
        return wallet.renew(self.deal_id, [keys[one] for one in custodians], self.entropy, **terms)

    def renew(self, letter):
        """Send a renewal to the custodian of its index, from core 0."""
        call = self.net.ask(0, SendRenewal(self.custodian(letter.index), letter))
        self.net.settle()
        return call

    def share(self, n):
        """Give the share that core ``n`` keeps."""
        return decode_container(self.net.cores[n].custody.custodian.share(self.deal_id))

    # -- releases

    def request(self, grant_id, index=1):
        """Sign a request for the record's share of an index, at the final block of core 0."""
        final = self.net.cores[0].chain.final
        (request,) = self.doctor.reader.requests(
            self.manifest,
            grant_id=grant_id,
            head=Head(final.number, final.hash(), final.timestamp),
            indices=(index,),
            entropy=self.entropy,
        )
        return request

    def release(self, grant_id, index=1):
        """Ask the custodian of an index for its share; give the status of its receipt."""
        request = self.request(grant_id, index)
        call = self.net.ask(0, AskRelease(self.custodian(index), request.encode()))
        self.net.settle()
        return Receipt.decode(self.net.answer(call).receipt).status

    # -- looking

    @property
    def manifest(self):
        return self.patient.wallet.manifest(self.deal_id)

    def custodian(self, index):
        return self.manifest.address_of(index)

    def core_of(self, index):
        """Give the core that is the custodian of an index, by number."""
        addresses = [core.address for core in self.net.cores]
        return addresses.index(self.custodian(index))

    @property
    def second(self):
        """The index whose custodian is core 1."""
        return next(index for index in (1, 2) if self.core_of(index) == 1)

    def deposits(self, n):
        """Give (grant id, deal id) of what was lent to a core."""
        return self.net.cores[n].custody.custodian.store.deposits()

    def view(self, question):
        return question.decode(self.net.cores[0].ledger.call(question.to, question.data))


@cache
def _opened(**terms):
    clinic = Clinic(**terms)
    clinic.net.run(onboard_doctor(clinic.parties, clinic.doctor))
    clinic.visit = clinic.admit(clinic.patient)
    clinic.deal_id = clinic.visit.filed.deal_id
    return clinic


def opened(**terms):
    """Give a clinic with a doctor, a patient and a record that is final and in custody.

    ``terms``     hospitals, and the plan of sharing: 2 hospitals and (2, 3) unless said.
    """
    return _opened(**terms).copy()
