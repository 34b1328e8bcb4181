"""The facts about stores, for those on disk; ``test_memory_store`` has them for the other."""

from dataclasses import replace

import pytest

from node.ipfs_lite.blockstore import BlockStore
from tests.ipfs_lite.disks import PLAIN, SEALED, opened, spoil
from tests.ipfs_lite.store_erasure import AccessFacts, EraseFacts
from tests.ipfs_lite.store_holds import BatchFacts, LiveFacts, PinFacts
from tests.ipfs_lite.store_suite import BlockFacts

LEAVES_INLINE = 6
"""Leaves are rows and nodes are files."""


class _OnDisk(BlockFacts, BatchFacts, PinFacts, LiveFacts, EraseFacts, AccessFacts):
    options = PLAIN

    @pytest.fixture
    def make(self, tmp_path):
        self.folder = tmp_path
        stores = []

        def make(**more) -> BlockStore:
            options = replace(
                self.options,
                inline_bytes_max=LEAVES_INLINE,
                **({"storage_bytes_max": more["bytes_max"]} if more else {}),
            )
            stores.append(opened(tmp_path / "store", options))
            return stores[-1]

        yield make
        for store in stores:
            store.close()

    def corrupt(self, store, cid):
        spoil(self.folder / "store", store, cid)


class TestPlainStore(_OnDisk):
    pass


class TestSealedStore(_OnDisk):
    options = SEALED
