from dataclasses import replace

import pytest

from node.base.header import Header
from node.bench import consensus_parts, sealed
from node.bench.consensus_parts import Part, idle_engine_bytes, parts
from node.bench.errors import CandidateFaultError


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_HEADERS", "_PASSES", "_SNAPSHOTS", "_ENCODINGS", "_SIGNATURES"):
        monkeypatch.setattr(consensus_parts, name, 2)


def test_every_part_does_its_work_and_takes_time() -> None:
    for part in parts():
        count, took_ns = part.run()
        assert count >= 2, part.name
        assert took_ns > 0, part.name


def test_each_peer_is_a_part_and_each_target_has_a_number() -> None:
    chosen: dict[str, Part] = {part.name: part for part in parts()}
    assert all(part.peer in chosen for part in chosen.values() if part.peer)
    assert all(part.rate_min or part.ratio_min for part in chosen.values() if part.target)


def test_rows_of_the_specification_are_there() -> None:
    names = " ".join(part.name for part in parts())
    for word in ("Clique header", "QBFT header", "handle()", "Snapshot.apply", "RLP", "sign"):
        assert word in names


def test_header_that_is_refused_is_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    def spoilt(keys: object, count: int) -> list[Header]:
        chain = sealed_chain(keys, count)  # type: ignore[arg-type]
        return [*chain[:-1], replace(chain[-1], gas_used=1)]

    sealed_chain = sealed.clique_chain
    monkeypatch.setattr(sealed, "clique_chain", spoilt)
    part = next(part for part in parts() if part.name.startswith("Clique header"))
    with pytest.raises(CandidateFaultError, match="block 2 breaks"):
        part.run()


def test_idle_engines_fit_into_the_target() -> None:
    assert 0 < idle_engine_bytes("qbft") < 40 * 1_024
    assert 0 < idle_engine_bytes("clique") < 40 * 1_024
