"""What is true of every ``CustodyStore``.

A test module makes a subclass named ``Test...`` with a fixture ``store`` that gives an empty one.
"""

from dataclasses import replace

import pytest

from node.base.types import Address
from node.privacy.custody_store import CustodyStore, Holding
from node.privacy.release_messages import Head, Receipt, Status
from tests.privacy.ward import Ward, hash_of

HOLDING = Holding(b"manifest", b"share")
PATIENT = Address(b"\x01" * 20)


def _receipt(status: Status, request, sequence: int) -> Receipt:
    return Receipt(
        index=1,
        status=status,
        request_id=request.request_id(),
        grant_id=request.grant_id,
        deal_id=request.deal_id,
        epoch=0,
        head=Head(1, hash_of(1), 1),
        sequence=sequence,
        previous=hash_of(0),
        sealed_hash=bytes(32),
    )


def _busy_store(store: CustodyStore) -> None:
    """Two deals, d with two deposits and a renewal."""
    for deal_id in (b"d", b"e"):
        store.put_holding(deal_id, HOLDING)
        store.put_deposit(b"g", deal_id, b"lent", b"step 1")
    store.put_deposit(b"h", b"d", b"lent h", b"step 2")
    store.rewrite(
        b"d",
        HOLDING,
        grant_shares={b"g": b"lent", b"h": b"lent h"},
        steps=[b"step 1", b"step 2"],
        renewal=b"r",
    )


class CustodyStoreFacts:
    @pytest.fixture
    def store(self) -> CustodyStore:
        raise NotImplementedError

    def test_an_empty_store_knows_nothing(self, store):
        assert store.holding(b"d") is None
        assert store.grant_share(b"g", b"d") is None
        assert store.last_receipt() is None
        assert (store.deposits(), store.steps(b"d"), store.receipts()) == ((), (), ())
        assert (store.releases(b"g"), store.nonces()) == (0, 0)

    def test_a_holding_is_kept_and_its_repr_hides_the_share(self, store):
        store.put_holding(b"d", HOLDING)
        assert store.holding(b"d") == HOLDING
        assert "share" not in repr(HOLDING)

    def test_deposits_are_listed_in_order_and_their_steps_in_order_of_arrival(self, store):
        store.put_deposit(b"z", b"d", b"lent z", b"step 1")
        store.put_deposit(b"a", b"d", b"lent a", b"step 2")
        assert store.deposits() == ((b"a", b"d"), (b"z", b"d"))
        assert (store.grants_of(b"d"), store.grants_of(b"e")) == ((b"a", b"z"), ())
        assert store.steps(b"d") == (b"step 1", b"step 2")

    def test_a_destroyed_grant_share_is_gone_and_its_step_stays(self, store):
        store.put_deposit(b"g", b"d", b"lent", b"step")
        store.delete_grant_share(b"g", b"d")
        assert store.grant_share(b"g", b"d") is None
        assert store.steps(b"d") == (b"step",)

    def test_a_deposit_replaces_the_older_one_of_its_grant_and_both_steps_stay(self, store):
        store.put_deposit(b"g", b"d", b"lent", b"step 1")
        store.put_deposit(b"g", b"d", b"lent anew", b"step 2")
        assert store.grant_share(b"g", b"d") == b"lent anew"
        assert store.deposits() == ((b"g", b"d"),)
        assert store.steps(b"d") == (b"step 1", b"step 2")

    def test_rewriting_a_deal_destroys_what_is_not_named_and_leaves_other_deals(self, store):
        _busy_store(store)
        new = replace(HOLDING, share=b"new")
        store.rewrite(b"d", new, grant_shares={b"g": b"anew"}, steps=[b"step 2"], renewal=b"s")
        assert store.holding(b"d") == new
        assert store.deposits() == ((b"g", b"d"), (b"g", b"e"))
        assert store.grant_share(b"g", b"d") == b"anew"
        assert store.grant_share(b"g", b"e") == b"lent"
        assert (store.steps(b"d"), store.steps(b"e")) == ((b"step 2",), (b"step 1",))
        assert (store.renewal(b"d"), store.renewal(b"e")) == (b"s", None)

    def test_rewriting_without_a_renewal_forgets_the_older_one(self, store):
        _busy_store(store)
        store.rewrite(b"d", HOLDING, grant_shares={}, steps=[], renewal=None)
        assert (store.renewal(b"d"), store.steps(b"d")) == (None, ())
        assert store.holding(b"d") == HOLDING

    def test_rewriting_holds_a_deal_that_was_not_held(self, store):
        store.rewrite(b"d", HOLDING, grant_shares={b"g": b"lent"}, steps=[b"step"], renewal=None)
        assert (store.deals(), store.deposits()) == ((b"d",), ((b"g", b"d"),))

    def test_a_deleted_deal_is_gone_and_its_objects_are_counted(self, store):
        _busy_store(store)
        assert not store.is_clear_of(b"d")
        assert store.delete_deal(b"d") == 5
        assert store.is_clear_of(b"d")
        assert (store.holding(b"d"), store.steps(b"d"), store.renewal(b"d")) == (None, (), None)
        assert store.deals() == (b"e",)
        assert store.deposits() == ((b"g", b"e"),)
        assert store.delete_deal(b"d") == 0

    @pytest.mark.parametrize("deal_id", [b"d", b"e"])
    def test_a_store_is_not_clear_of_a_deal_while_anything_of_it_is_left(self, store, deal_id):
        store.put_deposit(b"g", deal_id, b"lent", b"step")
        assert not store.is_clear_of(deal_id)
        store.delete_grant_share(b"g", deal_id)
        assert not store.is_clear_of(deal_id)
        assert store.is_clear_of(b"other")

    def test_what_a_patient_entrusts_is_kept_until_it_is_replaced_or_deleted(self, store):
        other = Address(b"\x02" * 20)
        assert store.entrusted(PATIENT) is None
        store.put_entrusted(PATIENT, b"first")
        store.put_entrusted(other, b"other")
        store.put_entrusted(PATIENT, b"second")
        assert store.entrusted(PATIENT) == b"second"
        store.delete_entrusted(PATIENT)
        store.delete_entrusted(PATIENT)
        assert (store.entrusted(PATIENT), store.entrusted(other)) == (None, b"other")

    def test_certificates_are_kept_one_of_each_deal_when_the_deal_is_gone(self, store):
        assert store.certificates() == ()
        store.put_holding(b"e", HOLDING)
        store.delete_deal(b"e")
        for deal_id, raw in ((b"e", b"of e"), (b"d", b"old"), (b"d", b"of d")):
            store.put_certificate(deal_id, raw)
        assert store.certificates() == (b"of d", b"of e")
        assert store.is_clear_of(b"e")

    @pytest.mark.parametrize(("status", "count"), [(Status.RELEASED, 1), (Status.EXPIRED, 0)])
    def test_only_released_receipts_count_as_releases(self, store, status, count):
        request = Ward().request()
        store.append_receipt(_receipt(status, request, 0), request, is_nonce_spent=False)
        assert store.releases(request.grant_id) == count

    def test_receipts_are_kept_in_order(self, store):
        request = Ward().request()
        made = [_receipt(Status.EXPIRED, request, sequence) for sequence in range(3)]
        for receipt in made:
            store.append_receipt(receipt, request, is_nonce_spent=False)
        assert store.receipts() == tuple(made)
        assert store.receipts(1) == tuple(made[1:])
        assert store.receipts(1, 1) == (made[1],)
        assert store.receipts(0, 0) == store.receipts(3, 5) == ()
        assert store.last_receipt() == made[-1]

    @pytest.mark.parametrize("is_spent", [True, False])
    def test_a_nonce_is_kept_only_if_it_is_spent(self, store, is_spent):
        request = Ward().request()
        store.append_receipt(_receipt(Status.EXPIRED, request, 0), request, is_nonce_spent=is_spent)
        assert store.is_nonce_seen(request.grant_id, request.nonce) is is_spent
        assert store.nonces() == int(is_spent)

    def test_a_nonce_is_kept_until_its_head_lies_below(self, store):
        request = Ward().request()
        store.append_receipt(_receipt(Status.EXPIRED, request, 0), request, is_nonce_spent=True)
        store.forget_nonces(request.head_number)
        assert store.is_nonce_seen(request.grant_id, request.nonce)
        store.forget_nonces(request.head_number + 1)
        assert not store.is_nonce_seen(request.grant_id, request.nonce)

    def test_a_nonce_of_another_grant_is_another_nonce(self, store):
        request = Ward().request()
        store.append_receipt(_receipt(Status.EXPIRED, request, 0), request, is_nonce_spent=True)
        assert not store.is_nonce_seen(bytes(32), request.nonce)
