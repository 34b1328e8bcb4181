"""The choice of an executor by name."""

import subprocess
import sys

import pytest

from node.base.errors import ConfigError
from node.evm.executors import EXECUTOR_NAMES, executor_named, require_executor
from node.evm.genesis import GenesisAccount
from node.evm.ledger import Ledger
from tests.evm.asm import COUNTER
from tests.evm.chains import ALICE, BOB, VERIFIER, build, genesis, legacy

LINES = ("node.evm.executor_revm", "node.evm.revm_journal", "node.evm.revm_mirror")


def _hide_pyrevm(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyrevm", None)
    for name in LINES:
        monkeypatch.delitem(sys.modules, name, raising=False)


def test_py_evm_is_found_by_its_name():
    assert executor_named("py-evm", genesis()).name == "py-evm"


def test_all_names_are_listed():
    assert EXECUTOR_NAMES == ("py-evm", "revm", "fast")


@pytest.mark.parametrize("name", ["", "geth", "FAST", "pyevm"])
def test_another_name_is_refused_with_the_names_there_are(name):
    with pytest.raises(ConfigError, match=r"choose one of py-evm, revm, fast"):
        executor_named(name, genesis())


@pytest.mark.parametrize("name", ["revm", "fast"])
def test_without_pyrevm_the_fast_one_is_refused_with_what_to_install(name, monkeypatch):
    _hide_pyrevm(monkeypatch)
    with pytest.raises(ConfigError, match=r"pip install 'wardnet\[fast\]'"):
        executor_named(name, genesis())


@pytest.mark.parametrize("name", ["geth", "revm", "fast"])
def test_what_cannot_be_made_can_be_asked_before(name, monkeypatch):
    _hide_pyrevm(monkeypatch)
    with pytest.raises(ConfigError):
        require_executor(name)
    require_executor("py-evm")


def test_asking_loads_no_interpreter():
    program = (
        "import sys\n"
        "from node.evm.executors import require_executor\n"
        "require_executor('py-evm')\n"
        "print(sorted({'eth', 'pyrevm'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_without_pyrevm_py_evm_is_given(monkeypatch):
    _hide_pyrevm(monkeypatch)
    assert executor_named("py-evm", genesis()).name == "py-evm"


@pytest.mark.parametrize("name", ["revm", "fast"])
def test_fast_is_revm(name):
    pytest.importorskip("pyrevm", reason="needs pyrevm: pip install 'wardnet[fast]'")
    assert executor_named(name, genesis()).name == "revm"


@pytest.mark.parametrize("name", EXECUTOR_NAMES)
def test_a_ledger_runs_on_every_executor_with_the_alloc_of_its_genesis(name):
    if name != "py-evm":
        pytest.importorskip("pyrevm", reason="needs pyrevm: pip install 'wardnet[fast]'")

    start = genesis({BOB.address: GenesisAccount(nonce=1, code=COUNTER, storage={0: 41})})
    book = Ledger(start, verifier=VERIFIER, executor=executor_named(name, start))
    receipts = build(book, [legacy(ALICE, 0)]).result.receipts
    assert [(receipt.status, receipt.cumulative_gas_used) for receipt in receipts] == [(1, 26_030)]
