"""Who may seal on a block, and what is final before it, for every branch."""

from dataclasses import dataclass, replace

from node.base import codec
from node.base.errors import CodecError, UnknownBlockError, ValidatorSetUnavailableError
from node.base.header import Header
from node.base.limits import STANDINGS_COUNT_MAX
from node.base.ports import Verifier
from node.base.types import Address, Hash32
from node.consensus_poa.aura.finality import Seal, Window
from node.consensus_poa.aura.options import AuraOptions
from node.consensus_poa.block_tree import BlockTree
from node.consensus_poa.bounded import Bounded
from node.consensus_poa.chain_state import Imported
from node.consensus_poa.extra_data import checkpoint_signers
from node.consensus_poa.interface import ChainReader, ValidatorProvider
from node.consensus_poa.memo import Memo
from node.consensus_poa.registry_view import checked_set


@dataclass(frozen=True, slots=True)
class Standing:
    """What a branch has come to with a block."""

    validators: tuple[Address, ...]
    """The set that sealed the window."""
    window: Window
    is_due: bool
    """This block made another one final, and the set there has not been read yet."""

    def encode(self, block_hash: Hash32) -> bytes:
        """Give canonical bytes of the standing after ``block_hash``."""
        window = self.window
        seals = [list(seal) for seal in window.seals]
        fields = [window.final, window.final_number, seals]
        return codec.pack([block_hash, self.validators, fields, self.is_due])

    @classmethod
    def decode(cls, data: bytes) -> "tuple[Hash32, Standing]":
        """Read what ``encode`` gave.

        raises        CodecError: the bytes are no standing.
        """
        try:
            block_hash, validators, (final, final_number, seals), is_due = codec.unpack(data)
            window = Window(final, final_number, tuple(Seal(*seal) for seal in seals))
            return block_hash, cls(tuple(validators), window, is_due)
        except (TypeError, ValueError) as error:
            raise CodecError("aura standing", f"{type(error).__name__}: {error}") from error


class AuraBranches(BlockTree):
    """The tree with the standing after each block.

    Standings are a cache: least recently used first out, rebuilt from headers when missing.
    """

    def __init__(
        self,
        chain: ChainReader,
        verifier: Verifier,
        options: AuraOptions,
        imported: Bounded[Hash32, Imported],
        *,
        provider: ValidatorProvider | None,
        memo: Memo | None = None,
    ) -> None:
        super().__init__(chain, verifier, imported, memo)
        self._options = options
        self._provider = provider
        self._standings: Bounded[Hash32, Standing] = Bounded(STANDINGS_COUNT_MAX)
        self._stored: dict[Hash32, Standing] = {}

    def validators(self, block_hash: Hash32) -> tuple[Address, ...]:
        """Give the set that may seal a child of this block, ascending.

        raises        UnknownBlockError: the block, or what is below it, is not known.
                      ValidatorSetUnavailableError: the registry gives no set.
        """
        return self._settled(block_hash).validators

    def window(self, block_hash: Hash32) -> Window:
        """Give what is final, and what is gathered above it; errors as ``validators``."""
        return self._standing(block_hash).window

    def keep(self, block_hash: Hash32, header: Header) -> None:
        """Cache the standing after a right header on a known parent; errors as ``validators``."""
        self._keep(block_hash, self._after(self._settled(header.parent_hash), block_hash, header))

    def stored_form(self, block_hash: Hash32) -> bytes:
        """Give the standing after a block for the log; errors as ``validators``."""
        return self._standing(block_hash).encode(block_hash)

    def keep_stored(self, data: bytes) -> None:
        """Keep a standing that came from the log for as long as the engine lives.

        raises        CodecError: the bytes are no standing.
        """
        block_hash, standing = Standing.decode(data)
        self._stored[block_hash] = standing

    def _standing(self, block_hash: Hash32) -> Standing:
        path: list[tuple[Hash32, Header]] = []
        found = self._known(block_hash)
        while found is None:
            header = self.header(block_hash)
            if header is None:
                raise UnknownBlockError(f"0x{block_hash.hex()}")
            if header.number == 0:
                found = self._of_genesis(block_hash, header)
                self._keep(block_hash, found)
                break
            path.append((block_hash, header))
            block_hash = header.parent_hash
            found = self._known(block_hash)
        for after_hash, header in reversed(path):
            found = self._after(self._settle(header.parent_hash, found), after_hash, header)
            self._keep(after_hash, found)
        return found

    def _settled(self, block_hash: Hash32) -> Standing:
        return self._settle(block_hash, self._standing(block_hash))

    def _settle(self, block_hash: Hash32, standing: Standing) -> Standing:
        """Let the next block have the set that stands at the last final one.

        A set that differs starts with an empty window: seals of the old set count no longer.
        """
        if not standing.is_due or self._provider is None:
            return standing
        window = standing.window
        found = checked_set(window.final, self._provider.validators_after_block(window.final))
        if found == standing.validators:
            settled = replace(standing, is_due=False)
        else:
            settled = Standing(found, Window(window.final, window.final_number), is_due=False)
        self._keep(block_hash, settled)
        return settled

    def _after(self, before: Standing, block_hash: Hash32, header: Header) -> Standing:
        """Give the standing after a block whose coinbase was found to be its signer."""
        window = before.window.push(
            block_hash,
            header.number,
            (header.coinbase,),
            validators_count=len(before.validators),
            two_thirds=self._options.two_thirds,
        )
        is_due = self._provider is not None and window.final != before.window.final
        return Standing(before.validators, window, is_due)

    def _of_genesis(self, block_hash: Hash32, header: Header) -> Standing:
        if self._provider is not None:
            return Standing((), Window(block_hash, 0), is_due=True)
        try:
            listed = tuple(sorted(set(checkpoint_signers(header.extra_data))))
        except ValueError as error:
            raise ValidatorSetUnavailableError(f"0x{block_hash.hex()}", str(error)) from error
        if not listed:
            raise ValidatorSetUnavailableError(f"0x{block_hash.hex()}", "genesis lists nobody")
        return Standing(listed, Window(block_hash, 0), is_due=False)

    def _keep(self, block_hash: Hash32, standing: Standing) -> None:
        self._standings[block_hash] = standing

    def _known(self, block_hash: Hash32) -> Standing | None:
        found = self._standings.get(block_hash)
        if found is None:
            return self._stored.get(block_hash)
        self._standings.touch(block_hash)
        return found
