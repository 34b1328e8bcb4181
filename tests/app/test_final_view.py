"""What a custodian reads of its own final block F, and what it never reads from above it."""

import pytest

from node.app.deal_places import DealPlaces
from node.app.final_book import FinalBook
from node.app.turn import Turn
from node.contracts.pmr_token import EntryKind
from node.privacy.consent import ALL_SECTIONS, scope_of
from node.privacy.record import PmrEntry
from node.privacy.studies import load_study
from node.workflows.dealing import file_record
from node.workflows.labs import order_lab, perform_lab
from node.workflows.suspend_doctor import suspend_doctor
from node.workflows.transacting import send
from node.workflows.ward import Lab, Regulator
from tests.app.clinic import opened
from tests.app.forging import child, extend, hash_of, take
from tests.app.ward import HOSPITALS, MEMBERS, SECOND, STRANGER, key_of, lone

ONE, TWO, THREE = HOSPITALS[:3]


@pytest.fixture
def clinic():
    return opened()


def view(clinic, n=0):
    return clinic.net.cores[n].custody.view()


# -- the block F


def test_f_is_the_final_block_of_the_own_chain(clinic):
    head = view(clinic).head
    final = clinic.net.cores[0].chain.final
    assert (head.number, head.hash, head.timestamp_s) == (
        final.number,
        final.hash(),
        final.timestamp,
    )
    assert final.number == clinic.net.height - 2


def test_blocks_up_to_f_have_hashes_and_those_above_have_none(clinic):
    seen, ledger = view(clinic), clinic.net.cores[0].ledger
    number = seen.head.number
    assert seen.block_hash(number) == seen.head.hash
    assert seen.block_hash(0) == ledger.genesis_hash
    assert seen.block_hash(number + 1) is None
    assert ledger.hash_by_number(number + 1) is not None


def test_a_view_stays_at_its_block_when_the_chain_goes_on(clinic):
    seen = view(clinic)
    before = seen.head
    clinic.net.grow(3)
    assert seen.head == before
    assert view(clinic).head.number == before.number + 3


def test_a_view_knows_chain_and_period(clinic):
    assert (view(clinic).chain_id, view(clinic).block_period_us) == (7_331, 1_000_000)


def test_the_advance_of_f_is_read_from_the_own_clock(clinic):
    clinic.net.skew_us[0] = 5_000
    clinic.net.grow(1)
    assert view(clinic).head_advanced_us == clinic.net.moves[-1][1].header.timestamp * 10**6 + 5_000


def test_the_advance_stands_while_f_does():
    ward = lone(signers=1)
    extend(ward, (ONE, TWO, ONE))
    advanced = ward.cores[0].custody.view().head_advanced_us
    ward.sleep(7)
    assert ward.cores[0].custody.view().head_advanced_us == advanced


# -- grants


def test_a_grant_is_seen_when_its_block_is_final(clinic):
    signed = clinic.consent()
    clinic.relay(signed)
    seen = []
    for _ in range(3):
        clinic.net.grow(1)
        seen.append(view(clinic).grant(signed.grant_id) is not None)
    assert seen == [False, False, True]


def test_a_grant_is_seen_as_it_was_signed(clinic):
    signed = clinic.grant()
    facts, consent = view(clinic).grant(signed.grant_id), signed.consent
    assert (facts.patient, facts.grantee, facts.grantee_key) == (
        consent.patient,
        consent.grantee,
        consent.grantee_key,
    )
    assert (facts.pmr_id, facts.scope) == (consent.pmr_id, ALL_SECTIONS)
    assert (facts.valid_from_s, facts.valid_until_s) == (
        consent.valid_from_s,
        consent.valid_until_s,
    )


def test_a_grant_counts_from_the_time_of_its_block(clinic):
    signed = clinic.consent()
    tx_hash = clinic.relay(signed)
    clinic.net.grow(4)
    ledger = clinic.net.cores[0].ledger
    block = ledger.header(ledger.transaction_place(tx_hash).block_hash)
    assert view(clinic).grant(signed.grant_id).granted_s == block.timestamp


def test_an_unknown_grant_is_none(clinic):
    assert view(clinic).grant(b"\x07" * 32) is None


def test_a_revocation_is_seen_when_its_block_is_final(clinic):
    signed = clinic.grant()
    before = view(clinic).grant(signed.grant_id).is_revoked
    clinic.revoke(signed)
    assert (before, view(clinic).grant(signed.grant_id).is_revoked) == (False, True)


def test_a_revocation_leaves_other_grants(clinic):
    first = clinic.grant()
    second = clinic.grant()
    clinic.revoke(first)
    assert not view(clinic).grant(second.grant_id).is_revoked


def by_another_name(signed):
    """Give an id that differs from the grant's in the half that the contract does not keep."""
    return signed.grant_id[:16] + bytes(16)


def test_a_revocation_by_the_half_of_the_id_that_the_contract_keeps_stops_no_node(clinic):
    signed = clinic.grant()
    clinic.revoke(signed, grant_id=by_another_name(signed))
    assert clinic.net.is_one_chain()


def test_a_revocation_by_the_half_of_the_id_that_the_contract_keeps_revokes(clinic):
    """The contract has freed the grant by then: what it refuses, custodians must not release."""
    signed = clinic.grant()
    clinic.revoke(signed, grant_id=by_another_name(signed))
    assert [view(clinic, n).grant(signed.grant_id).is_revoked for n in (0, 1)] == [True, True]


# -- records


def test_a_record_is_found_by_its_deal(clinic):
    facts = view(clinic).record(clinic.deal_id)
    entry = clinic.view(clinic.contracts.pmr.entries(clinic.visit.pmr_id))[0]
    assert (facts.patient, facts.pmr_id) == (
        clinic.patient.wallet.address,
        clinic.visit.pmr_id,
    )
    assert (facts.filed_s, facts.sections) == (entry.time_s, ALL_SECTIONS)
    assert entry.kind is EntryKind.CONSULTATION


def test_a_deal_that_was_never_handed_over_is_of_no_record(clinic):
    assert view(clinic).record(b"\x07" * 32) is None


def test_a_deal_whose_manifest_the_ledger_does_not_name_is_of_no_record(clinic):
    """The patient's details are a deal under no PMR: no grant covers them."""
    details = next(one for one in clinic.patient.wallet.deals if one != clinic.deal_id)
    assert view(clinic).record(details) is None


def test_a_record_above_f_is_none_yet(clinic):
    clinic.net.run(one_more_visit(clinic))
    deal_id = clinic.patient.wallet.deals[-1]
    clinic.net.grow(2)
    entries = clinic.view(clinic.contracts.pmr.entries(clinic.visit.pmr_id))
    before = view(clinic).record(deal_id)
    clinic.net.grow(1)
    assert len(entries) == 2
    assert before is None
    assert view(clinic).record(deal_id).pmr_id == clinic.visit.pmr_id


def one_more_visit(clinic):
    """File another entry, and stop when its transaction waits in the pool."""
    filed = yield from file_record(
        clinic.parties,
        clinic.patient,
        PmrEntry(treatment_summary="more rest"),
        node=clinic.doctor.node,
        dealer=clinic.doctor.signer.address,
        pmr_id=clinic.visit.pmr_id,
        entropy=clinic.entropy,
    )
    pmr = clinic.contracts.pmr
    data = pmr.consult(clinic.visit.pmr_id, hospital_id=1, content=filed.content)
    doctor = clinic.doctor
    return (yield from send(clinic.parties, doctor.node, doctor.signer, pmr.address, data))


def test_a_lab_image_is_a_record_of_the_section_of_lab_reports(clinic):
    lab = Lab("lab", key_of("lab"), clinic.hospitals[0])
    order = clinic.net.run(
        order_lab(
            clinic.parties,
            clinic.doctor,
            clinic.patient,
            lab,
            clinic.visit.pmr_id,
            modality="CT",
            reason=None,
        )
    )
    study = load_study("pydicom:CT_small")
    performed = perform_lab(clinic.parties, lab, order, study, clinic.entropy)
    filed = clinic.net.run(performed).filed
    assert view(clinic).record(filed.deal_id).sections == scope_of(("lab_reports",))


# -- parties


def regulators():
    return [
        Regulator(f"member {n}", member, HOSPITALS[n % 2].address)
        for n, member in enumerate(MEMBERS)
    ]


def test_who_is_in_the_registries_is_a_grantee(clinic):
    seen = view(clinic)
    accounts = (clinic.doctor.signer.address, ONE.address, STRANGER.address)
    assert [seen.is_registered_grantee(one) for one in accounts] == [True, True, False]
    assert [seen.is_active_grantee(one) for one in accounts] == [True, True, False]


def test_the_own_licence_is_that_of_the_own_hospital(clinic):
    assert view(clinic, 0).is_own_licence_active()
    assert not lone(validators=2).cores[0].custody.view().is_own_licence_active()


def test_a_suspended_doctor_is_registered_and_not_active(clinic):
    clinic.net.run(suspend_doctor(clinic.parties, clinic.doctor, regulators(), seconds=None))
    clinic.net.grow(2)
    seen, doctor = view(clinic), clinic.doctor.signer.address
    assert (seen.is_registered_grantee(doctor), seen.is_active_grantee(doctor)) == (True, False)


# -- a chain that leaves its final block


def after(core, fork):
    """Give the two validators in the order in which they may seal above a block, for long."""
    sealed = core.chain._engine.signer_of(core.ledger.header(fork))
    return ((ONE, TWO) if sealed == TWO.address else (TWO, ONE)) * 5


def reorganised(clinic):
    """Let core 0 leave a final block that holds a grant; give the consent, fork and transaction."""
    net = clinic.net
    net.part(0, 1)
    net.pause()
    signed = clinic.consent(seconds=600)
    clinic.relay(signed)
    core = net.cores[0]
    (raw,) = [one.raw for one in core.chain.pool.candidates()]
    fork = core.ledger.head_hash
    first = extend(net, after(core, fork)[:1], raws=[raw])
    extend(net, after(core, fork)[1:4], parent=hash_of(first[0]))
    assert view(clinic).grant(signed.grant_id) is not None
    other = child(core, after(core, fork)[0], parent=fork)
    take(net, other)
    extend(net, after(core, fork)[1:5], parent=hash_of(other))
    return signed, raw


def test_a_final_block_that_was_left_is_told(clinic):
    height = clinic.net.height
    reorganised(clinic)
    (told,) = clinic.net.noted(0, "chain.final_left")
    assert told["number"] == height + 2


def test_a_grant_of_a_final_block_that_was_left_is_none_any_more(clinic):
    signed, _ = reorganised(clinic)
    assert view(clinic).grant(signed.grant_id) is None


def test_after_a_deep_reorganisation_the_book_reads_the_new_chain_to_f(clinic):
    earlier = clinic.grant(seconds=600)
    reorganised(clinic)
    seen = view(clinic)
    assert clinic.net.cores[0].custody.book.number == seen.head.number
    assert seen.grant(earlier.grant_id) is not None


def test_a_grant_that_is_mined_again_on_the_new_chain_is_seen_again(clinic):
    signed, raw = reorganised(clinic)
    core = clinic.net.cores[0]
    order = after(core, core.ledger.head_hash)
    (block,) = extend(clinic.net, order[:1], parent=core.ledger.head_hash, raws=[raw])
    extend(clinic.net, order[1:3], parent=hash_of(block))
    assert view(clinic).grant(signed.grant_id) is not None


def shortened():
    """Move a core to a head that is as heavy and one block lower; give it and its book's numbers.

    Two blocks out of turn weigh what one in turn does, and the lower number is preferred.
    """
    ward = lone(validators=3, signers=1)
    core = ward.cores[0]
    order = sorted((ONE, TWO, THREE), key=lambda key: key.address)
    in_turn = {number: order[number % 3] for number in range(9)}
    extend(ward, [in_turn[number] for number in (1, 2, 3)])
    fork = core.ledger.head_hash
    out = [in_turn[5], in_turn[4]]
    extend(ward, out, parent=fork)
    before = core.custody.book.number
    ward.now += SECOND
    extend(ward, [in_turn[4]], parent=fork)
    return ward, before


def test_f_may_step_back_and_the_book_goes_with_it():
    ward, before = shortened()
    core = ward.cores[0]
    assert (before, core.custody.book.number, core.chain.final.number) == (3, 2, 2)


def test_a_step_back_on_the_same_chain_leaves_no_final_block():
    ward, _ = shortened()
    assert ward.noted(0, "chain.final_left") == []


def test_a_step_back_is_no_advance():
    ward, _ = shortened()
    assert ward.cores[0].custody.view().head_advanced_us == ward.now - SECOND


def test_the_book_begins_at_genesis():
    ward = lone(signers=1)
    book = FinalBook(ward.cores[0].chain, ward.founding.contracts)
    assert book.number == 0


def test_the_book_reads_every_final_block_once():
    ward = lone(signers=1)
    core = ward.cores[0]
    book = FinalBook(core.chain, ward.founding.contracts)
    extend(ward, (ONE, TWO, ONE, TWO))
    book.advance(Turn(5))
    book.advance(Turn(9))
    assert (book.number, book.advanced_us) == (2, 5)


def test_places_of_deals_are_read_from_what_is_held():
    """A node that restarts has its custody store and nothing else."""
    clinic = opened()
    store = clinic.net.cores[1].custody.custodian.store
    place = DealPlaces(store).get(clinic.deal_id)
    assert place is not None
    assert place == clinic.net.cores[1].custody.places.get(clinic.deal_id)
    assert clinic.net.cores[1].store.store.has(place.manifest_cid)
    assert DealPlaces(store).get(bytes(16)) is None
