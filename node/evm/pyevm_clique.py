"""py-evm's own Clique, which ``wardnet bench consensus`` measures ours beside."""

import rlp
from eth.consensus.clique.clique import CliqueConsensus, CliqueConsensusContext
from eth.db.atomic import AtomicDB
from eth.db.chain import ChainDB
from eth.rlp.headers import BlockHeader


class PyEvmClique:
    """Decodes and judges headers of 15 fields, each on the one before it."""

    def __init__(self, genesis: bytes) -> None:
        """Begin at the RLP of a genesis header."""
        database = AtomicDB()
        self._parent = _decoded(genesis)
        ChainDB(database).persist_header(self._parent)
        self._consensus = CliqueConsensus(CliqueConsensusContext(database))

    def judge(self, header: bytes) -> None:
        """Decode a header and apply all Clique rules of py-evm.

        raises        eth_utils.ValidationError, rlp.DecodingError: it breaks one.
        """
        found = _decoded(header)
        self._consensus.validate_seal_extension(found, (self._parent,))
        self._parent = found


def _decoded(header: bytes) -> BlockHeader:
    found: BlockHeader = rlp.decode(header, BlockHeader)
    return found
