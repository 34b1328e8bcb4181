import pytest
from cryptography import x509

from node.p2p.errors import CertificateError
from node.p2p.licences import CertificateStatus
from node.p2p.revocations import Entry, RevocationList, encode_crl, next_update_s, read_crl
from tests.p2p.pki import DAY_S, NOW_S, authority, tls_key

CA = authority()
ROOT_KEY = tls_key(7)


def _list(number: int = 1, at_s: int = NOW_S, **entries: Entry) -> RevocationList:
    by_serial = {int(name[1:]): entry for name, entry in entries.items()}
    return RevocationList(number, at_s, next_update_s(at_s), by_serial)


def _read(wanted: RevocationList, newest: RevocationList | None = None) -> RevocationList:
    return read_crl(encode_crl(CA.root, ROOT_KEY, wanted), CA.root, now_s=NOW_S, newest=newest)


@pytest.mark.parametrize(
    "status", [one for one in CertificateStatus if one is not CertificateStatus.GOOD]
)
def test_each_reason_comes_back(status: CertificateStatus) -> None:
    wanted = _list(s5=Entry(status, NOW_S - 9))
    assert _read(wanted) == wanted


def test_an_empty_list_counts_for_a_week() -> None:
    made = _read(_list(number=3))
    assert (made.number, made.entries) == (3, {})
    assert made.next_update_s - made.this_update_s == 7 * DAY_S


def test_entries_stand_by_ascending_serial() -> None:
    entry = Entry(CertificateStatus.HOLD, NOW_S)
    crl = x509.load_der_x509_crl(encode_crl(CA.root, ROOT_KEY, _list(s9=entry, s2=entry)))
    assert [one.serial_number for one in crl] == [2, 9]


@pytest.mark.parametrize(("number", "later_s"), [(1, 1), (2, 0), (1, 0), (0, 5), (3, -1)])
def test_a_list_that_is_not_newer_in_both_is_refused(number: int, later_s: int) -> None:
    newest = _list(number=1)
    with pytest.raises(CertificateError, match="newer"):
        _read(_list(number=number, at_s=NOW_S + later_s), newest)


def test_a_newer_list_is_taken() -> None:
    newer = _list(number=2, at_s=NOW_S + 1)
    assert _read(newer, _list(number=1)) == newer


@pytest.mark.parametrize(("ahead_s", "taken"), [(60, True), (61, False)])
def test_a_list_of_the_future_is_refused(ahead_s: int, taken: bool) -> None:
    wanted = _list(at_s=NOW_S + ahead_s)
    if taken:
        assert _read(wanted) == wanted
    else:
        with pytest.raises(CertificateError, match="future"):
            _read(wanted)


def test_a_list_of_another_authority_of_the_same_name_is_refused() -> None:
    other = authority(root=8)
    der = encode_crl(other.root, tls_key(8), _list())
    with pytest.raises(CertificateError, match="authority"):
        read_crl(der, CA.root, now_s=NOW_S)


@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"\xff" * 100])
def test_what_is_no_list_is_refused(der: bytes) -> None:
    with pytest.raises(CertificateError, match="crl"):
        read_crl(der, CA.root, now_s=NOW_S)


def test_a_changed_byte_is_refused() -> None:
    der = bytearray(encode_crl(CA.root, ROOT_KEY, _list(s5=Entry(CertificateStatus.HOLD, NOW_S))))
    der[len(der) // 2] ^= 1
    with pytest.raises(CertificateError):
        read_crl(bytes(der), CA.root, now_s=NOW_S)
