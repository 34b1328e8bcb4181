from dataclasses import replace

import pytest
from eth_utils import ValidationError

from node.bench import sealed
from node.consensus_poa.header import seal_header
from node.evm.pyevm_clique import PyEvmClique


def test_headers_of_ours_are_right_for_py_evm() -> None:
    chain = sealed.clique_chain(sealed.signers(4), 9)
    judge = PyEvmClique(chain[0].encode())
    for header in chain[1:]:
        judge.judge(header.encode())


def test_wrong_difficulty_is_refused() -> None:
    keys = sealed.signers(4)
    genesis, header = sealed.clique_chain(keys, 1)
    wrong = replace(header, difficulty=1, extra_data=header.extra_data[:-65] + bytes(65))
    with pytest.raises(ValidationError):
        PyEvmClique(genesis.encode()).judge(seal_header(wrong, keys[1]).encode())
