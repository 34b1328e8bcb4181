import pytest

from node.bench.store_disk import collect, disk_itself, durable_add, small_puts, verify


@pytest.mark.parametrize(
    "run",
    [
        lambda folder: disk_itself(folder, 2),
        lambda folder: durable_add(folder, 2, "unixfs-v1-2025", "none"),
        lambda folder: durable_add(folder, 2, "kubo-cidv1", "aead"),
        lambda folder: small_puts(folder, 40, 16),
        lambda folder: verify(folder, 2),
        lambda folder: collect(folder, 300),
    ],
)
def test_each_part_does_its_work_and_leaves_nothing(tmp_path, run):
    took = run(tmp_path)
    assert took.cpu_s > 0
    assert took.wall_s > 0
    assert list(tmp_path.iterdir()) == []
