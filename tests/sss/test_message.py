import pytest

from node.sss import message
from node.sss.errors import WrongSecretError
from node.sss.message import message_commitment, open_committed
from node.sss.shares import DealHeader, Scheme
from tests.sss.deals import cases, scheme_deal, unhex, whole_deals

MESSAGE = bytes(32) + b"a record"
DEAL = scheme_deal(Scheme.XOR)
HEADER = DealHeader.decode(
    DEAL.header.encode()[:-32] + message_commitment(MESSAGE)
)  # 2 of 4 custodians


@pytest.mark.conformance
def test_the_commitment_of_the_vectors_is_over_salt_and_record():
    for case in whole_deals("xor"):
        first = unhex(case["shares"][0])[88:-32]
        # t = 2 gives every custodian s' itself
        if case["t"] == 2:
            masked = unhex(case["shares"][1])[88:-32]
            whole = bytes(a ^ b for a, b in zip(first, masked, strict=True))
            assert message_commitment(whole) == unhex(case["deal"])[-32:]
            assert whole[32:] == unhex(case["secret"])
    assert cases("xor")


def _rebuild_unless(liar):
    return lambda members: MESSAGE if liar not in members else bytes(40)


def test_the_lowest_custodians_open():
    opened = open_committed(HEADER, (1, 2, 4), _rebuild_unless(4), lambda members: (4,))
    assert (opened.record, opened.liars) == (b"a record", (4,))


def test_others_than_the_lowest_only_name_the_liars():
    asked = []

    def liars_of(members):
        asked.append(members)
        return (1,)

    with pytest.raises(WrongSecretError) as caught:
        open_committed(HEADER, (1, 2, 4), _rebuild_unless(1), liars_of)
    assert caught.value.liars == (1,)
    assert asked == [(2, 4)]


def test_no_set_at_all_names_nobody():
    with pytest.raises(WrongSecretError) as caught:
        open_committed(HEADER, (1, 2, 4), lambda members: bytes(40), lambda members: (9,))
    assert caught.value.liars == ()


def test_the_search_for_liars_is_bounded_in_bytes(monkeypatch):
    monkeypatch.setattr(message, "SECRETS_TRIED_BYTES_MAX", 2 * len(MESSAGE))
    tried = []

    def rebuild(members):
        tried.append(members)
        return bytes(40)

    with pytest.raises(WrongSecretError):
        open_committed(HEADER, (1, 2, 3, 4), rebuild, lambda members: ())
    assert tried == [(1, 2), (1, 3)]
