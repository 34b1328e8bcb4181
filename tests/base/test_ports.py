"""The implementations in base fit the ports."""

from node.base.clock import WallClock
from node.base.keys import MemoVerifier, PrivateKey, recover
from node.base.ports import Clock, Entropy, Signer, Verifier
from node.base.rng import SystemEntropy, TreeEntropy
from node.base.types import ZERO_HASH


def test_both_sources_of_entropy_fit_the_port() -> None:
    sources: list[Entropy] = [TreeEntropy(1, "x"), SystemEntropy()]
    assert [(len(source.take(3)), source.below(1)) for source in sources] == [(3, 0)] * 2


def test_wall_clock_fits_the_port() -> None:
    clock: Clock = WallClock()
    assert clock.now_us() > 0


def test_key_and_memo_fit_signer_and_verifier() -> None:
    signer: Signer = PrivateKey.from_bytes(b"\x01" * 32)
    verifier: Verifier = MemoVerifier()
    signature = signer.sign(ZERO_HASH)
    assert verifier.recover(ZERO_HASH, signature) == signer.address == recover(ZERO_HASH, signature)
