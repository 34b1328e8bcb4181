import sys

import numpy as np
import pytest

from node.bench import sharing_kernels
from node.bench.sharing_kernels import kernel_tasks, naive_apply, naive_apply_is_right, random_rows
from node.sss.gf256 import apply_matrix, lagrange_rows

LENGTH = 1 << 12


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(sharing_kernels, "PYSHAMIR_BYTES_MAX", 16)


def test_the_naive_kernel_gives_the_bytes_of_the_fast_one():
    rows = random_rows(3, 800)
    matrix = (*lagrange_rows(range(3), range(3, 6)), (0, 0, 0), (0, 1, 255))
    naive, fast = ([np.empty(800, np.uint8) for _ in matrix] for _ in range(2))
    naive_apply(matrix, rows, naive)
    apply_matrix(matrix, rows, fast)
    assert [row.tobytes() for row in naive] == [row.tobytes() for row in fast]


def test_one_wrong_byte_of_the_naive_kernel_is_seen():
    rows, out = random_rows(2, 800), [np.empty(800, np.uint8)]
    naive_apply([(3, 200)], rows, out)
    assert naive_apply_is_right([(3, 200)], rows, out)
    out[0][61] ^= 1
    assert not naive_apply_is_right([(3, 200)], rows, out)


def test_rows_are_the_same_in_every_run():
    assert [row.tobytes() for row in random_rows(2, 16)] == [
        row.tobytes() for row in random_rows(2, 16)
    ]


def test_every_task_is_right_after_its_run():
    tasks, _ = kernel_tasks(LENGTH)
    for task in tasks:
        task.run()
        assert task.is_right(), task.name
    assert {"split 3-of-5", "combine 5-of-9"} < {task.name for task in tasks}


def test_a_task_that_did_not_run_is_not_right():
    tasks, _ = kernel_tasks(LENGTH)
    by_name = {task.name: task for task in tasks}
    by_name["naive split 3-of-5"].run()
    for name in ("split 3-of-5", "combine 3-of-5", "naive split 5-of-9"):
        assert not by_name[name].is_right()


def test_peers_that_are_not_there_are_named(monkeypatch):
    for name in ("zfec", "pyshamir"):
        monkeypatch.setitem(sys.modules, name, None)
    tasks, absent = kernel_tasks(LENGTH)
    assert [each["name"] for each in absent] == ["zfec", "pyshamir"]
    assert not any("zfec" in task.name for task in tasks)


def test_peers_are_imported_only_when_asked_for():
    assert not {"zfec", "pyshamir"} & set(vars(sharing_kernels))
