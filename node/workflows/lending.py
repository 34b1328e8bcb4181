"""Deposits with custodians, and the epochs that a patient's wallet shares with them.

The end of a grant moves each of its deals into the next epoch, at every custodian with a deposit
and at a final block of its own.  Nobody tells the wallet: it follows the ends of its own grants,
and stays silent while a custodian may not have seen one of them yet.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from node.base.ports import Entropy
from node.base.types import Address, Cid, Hash32
from node.privacy.deposits import DepositLetter
from node.privacy.emergency import emergency_grant_id
from node.privacy.renewals import RenewalLetter
from node.sss.commitments import Manifest
from node.workflows.asking import await_final_time, final_block, leave_deposit, send_renewal, view
from node.workflows.custodian_errors import CustodiansMissingError
from node.workflows.custodians import custody_keys
from node.workflows.custody_facts import current_cid, posted_epochs, reached_epoch, seated
from node.workflows.dealing import REGISTRATION_PMR_ID
from node.workflows.errors import CustodianRefusedError, CustodianSilentError
from node.workflows.own_grants import hear_verdicts
from node.workflows.requests import Flow
from node.workflows.ward import GivenGrant, Patient, Ward

SETTLING_PERIODS: Final = 3
"""Around the end of a grant, custodians' final blocks may differ by as many block periods."""

NEVER_S: Final = 2**63
"""When what is left for emergencies ends."""

Letter = TypeVar("Letter")


def lend_records(
    ward: Ward, patient: Patient, grant_id: Hash32, pmr_id: int, entropy: Entropy
) -> Flow[int]:
    """Deposit for every deal of the record (0: of all records) that an entry names by now.

    A deal whose entry was refused, or is not final yet, is left out: no custodian would take it.
    Gives the number of letters that custodians keep.

    raises        CustodiansMissingError: fewer than t-1 custodians of a deal keep theirs.
    """
    kept = 0
    for deal_id in (yield from named_deals(ward, patient, record_deals(patient, pmr_id))):
        kept += yield from lend_deal(ward, patient, grant_id, deal_id, entropy)
    return kept


def record_deals(patient: Patient, pmr_id: int = 0) -> tuple[bytes, ...]:
    """Give the deals of a patient's record, of all for 0; the desk's own are no records."""
    found: list[bytes] = []
    for deal_id in patient.wallet.deals:
        of_deal = int.from_bytes(patient.wallet.manifest(deal_id).header.pmr_id)
        if of_deal != REGISTRATION_PMR_ID and pmr_id in (0, of_deal):
            found.append(deal_id)
    return tuple(found)


def named_deals(ward: Ward, patient: Patient, deals: Iterable[bytes]) -> Flow[tuple[bytes, ...]]:
    """Give those of some deals that an entry names by now; of others no custodian takes letters."""
    named: dict[int, frozenset[Cid]] = {}
    found: list[bytes] = []
    for deal_id in deals:
        pmr_id = int.from_bytes(patient.wallet.manifest(deal_id).header.pmr_id)
        if pmr_id not in named:
            named[pmr_id] = yield from _named(ward, patient.node, pmr_id)
        if patient.manifests[deal_id] in named[pmr_id]:
            found.append(deal_id)
    return tuple(found)


def lend_deal(
    ward: Ward, patient: Patient, grant_id: Hash32, deal_id: bytes, entropy: Entropy
) -> Flow[int]:
    """Deposit one deal under a grant; give the number of letters that custodians took now.

    raises        CustodiansMissingError: fewer than t-1 custodians keep theirs; the same letters go
                  out again with the next grant.
    """
    yield from finish_letters(ward, patient, deal_id)
    if (grant_id, deal_id) in patient.lent:
        return 0  # by letters that had waited, or before the flow was cut off
    yield from follow_epochs(ward, patient, deal_id)
    manifest = yield from seated(ward, patient.node, patient.wallet.manifest(deal_id))
    keys = yield from custody_keys(ward, patient.node, manifest)
    letters = patient.wallet.deposit(grant_id, deal_id, keys, entropy)
    patient.depositing[deal_id] = letters
    return (yield from _send_deposits(patient, manifest, letters))


def leave_for_emergencies(
    ward: Ward, patient: Patient, since_s: int, entropy: Entropy
) -> Flow[int]:
    """Leave every deal that is not left yet for emergencies, if the patient wants that.

    In the wallet it is a grant of all records that never ends: so a rotation lends the new
    generation too, and no end of it is waited for.

    ``since_s``   block time of the newest entry: custodians take no letter before it is final.
    raises        CustodiansMissingError: too few keep theirs; the next record brings them again.
    """
    if not patient.leaves_for_emergencies:
        return 0
    patient_id = yield from view(
        patient.node, ward.contracts.patients.id_of(patient.wallet.address)
    )
    grant_id = emergency_grant_id(ward.chain_id, patient_id)
    patient.granted.setdefault(grant_id, GivenGrant(0, NEVER_S))
    yield from await_final_time(patient.node, since_s)
    wanted = [one for one in record_deals(patient) if (grant_id, one) not in patient.lent]
    kept = 0
    for deal_id in (yield from named_deals(ward, patient, wanted)):
        kept += yield from lend_deal(ward, patient, grant_id, deal_id, entropy)
    return kept


def _send_deposits(
    patient: Patient, manifest: Manifest, letters: tuple[DepositLetter, ...]
) -> Flow[int]:
    """Send deposits; with t-1 acknowledged, the wallet follows the end of their grant."""
    kept = yield from send_letters(
        manifest,
        letters,
        lambda custodian, letter: leave_deposit(patient.node, custodian, letter),
        "keep a deposit",
    )
    deal_id = letters[0].deal_id
    del patient.depositing[deal_id]
    patient.lent.append((letters[0].grant_id, deal_id))
    return kept


def finish_letters(
    ward: Ward, patient: Patient, deal_id: bytes, *, is_renewed: bool = False
) -> Flow[None]:
    """Send again what too few custodians are known to have taken: no later letter fits before.

    ``is_renewed``  a renewal follows: deposits that still miss custodians are given up for it.
    raises        CustodiansMissingError: there are still too few.
    """
    renewal = patient.renewing.get(deal_id)
    deposits = patient.depositing.get(deal_id)
    if renewal is None and deposits is None:
        return
    manifest = yield from seated(ward, patient.node, patient.wallet.manifest(deal_id))
    if renewal is not None:
        yield from _finish_renewal(patient, manifest, renewal)
        del patient.renewing[deal_id]
    if deposits is None:
        return
    grant_id = deposits[0].grant_id
    yield from hear_verdicts(ward, patient, (grant_id,))
    given, final = patient.granted[grant_id], (yield from final_block(patient.node))
    if final.timestamp < given.ends_s:
        try:
            yield from _send_deposits(patient, manifest, deposits)
        except CustodiansMissingError:
            if not is_renewed:
                raise
        else:
            return
    # it has ended, and nobody takes it now; if t-1 have kept it their step is on the ledger
    patient.wallet.take_back(deal_id)
    del patient.depositing[deal_id]


def _finish_renewal(
    patient: Patient, manifest: Manifest, letters: tuple[RenewalLetter | None, ...]
) -> Flow[None]:
    """Send a renewal again, unless t-1 custodians are in its epoch or beyond without it."""
    beyond = 0

    def send(custodian: Address, letter: RenewalLetter) -> Flow[Hash32]:
        nonlocal beyond
        try:
            return (yield from send_renewal(patient.node, custodian, letter))
        except CustodianRefusedError:
            beyond += 1
            raise

    try:
        yield from send_letters(manifest, letters, send, "take a renewal")
    except CustodiansMissingError:
        if beyond < manifest.header.needed:
            raise


def send_letters(
    manifest: Manifest,
    letters: Sequence[Letter | None],
    send: Callable[[Address, Letter], Flow[Hash32]],
    what: str,
) -> Flow[int]:
    """Send each custodian its letter; give how many took theirs.

    ``manifest``  with the custodians of now.  ``letters``  None: this one gets none.
    raises        CustodiansMissingError: fewer than t-1 did.
    """
    faults: list[tuple[int, str]] = []
    taken = 0
    for index, letter in enumerate(letters, start=1):
        if letter is None:
            faults.append((index, "it gets no letter"))
            continue
        try:
            yield from send(manifest.address_of(index), letter)
        except (CustodianSilentError, CustodianRefusedError) as error:
            faults.append((index, str(error)))
        else:
            taken += 1
    header = manifest.header
    if taken < header.needed:
        deal_id = header.deal_id()
        raise CustodiansMissingError(what, deal_id, taken, header.needed, tuple(faults))
    return taken


def follow_epochs(ward: Ward, patient: Patient, deal_id: bytes) -> Flow[None]:
    """Bring the wallet into the epoch of the custodians of a deal.

    Ends that the wallet does not know of, as after a recovery, show on the ledger, a little later.
    While one of the patient's own grants of it ends about now, custodians disagree: wait.
    """
    around_s = SETTLING_PERIODS * ward.period_s
    of_grants = [one for one, of_deal in patient.lent if of_deal == deal_id]
    yield from hear_verdicts(ward, patient, of_grants)
    final = yield from final_block(patient.node)
    while True:
        ends = [patient.granted[one].ends_s for one in of_grants]
        near = [end for end in ends if abs(final.timestamp - end) <= around_s]
        if not near:
            break
        final = yield from await_final_time(patient.node, max(near) + around_s + 1)
    for grant_id, of_deal in tuple(patient.lent):
        if of_deal == deal_id and patient.granted[grant_id].ends_s <= final.timestamp:
            patient.lent.remove((grant_id, of_deal))
            if ward.steps_at_ends:
                patient.wallet.advance(deal_id)
    manifest = yield from seated(ward, patient.node, patient.wallet.manifest(deal_id))
    epochs = yield from posted_epochs(ward, patient.node, manifest)
    reached = reached_epoch(epochs, manifest.header.needed)
    if reached > patient.wallet.epoch(deal_id):
        patient.wallet.follow(deal_id, reached)


def _named(ward: Ward, node: Address, pmr_id: int) -> Flow[frozenset[Cid]]:
    """Give the manifests that the entries of a record name, in their newest generation."""
    final = yield from final_block(node)
    entries = yield from view(node, ward.contracts.pmr.entries(pmr_id))
    cids: list[Cid] = []
    for index, entry in enumerate(entries):
        if entry.time_s <= final.timestamp:
            cids.append((yield from current_cid(ward, node, pmr_id, index, entry)))
    return frozenset(cids)
