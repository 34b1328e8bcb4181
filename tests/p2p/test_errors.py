import pickle

from node.base.errors import PeerError
from node.p2p.errors import CertificateError, UnsendableError


def test_an_unsendable_message_is_no_fault_of_a_peer():
    assert not issubclass(UnsendableError, PeerError)


def test_an_unsendable_message_is_named_with_the_reason():
    assert str(UnsendableError("Ping", "too long")) == "Ping cannot be sent: too long"


def test_it_survives_pickling():
    error = pickle.loads(pickle.dumps(UnsendableError("Ping", "too long")))
    assert (error.message, error.what) == ("Ping", "too long")


def test_a_certificate_is_a_peers_fault_and_says_of_what_kind():
    error = CertificateError("crl", "too old")
    assert isinstance(error, PeerError)
    assert str(error) == "crl: too old"
