"""The facts about custody stores for the one in memory; ``test_custody_sqlite`` has the other."""

import pytest

from node.privacy.custody_store import MemoryStore
from tests.privacy.custody_store_suite import CustodyStoreFacts


class TestMemoryStore(CustodyStoreFacts):
    @pytest.fixture
    def store(self):
        return MemoryStore()
