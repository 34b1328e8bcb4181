"""A text that goes to a few people, while the ledger has a commitment to it."""

from dataclasses import dataclass

from node.base.ports import Entropy
from node.base.types import Hash32
from node.privacy.record import commitment
from node.privacy.unshown import Unshown
from node.workflows.dealing import SALT_BYTES


@dataclass(frozen=True, slots=True, repr=False)
class Letter(Unshown):
    """What its readers get: the text, and the salt under which the ledger commits to it."""

    text: str
    salt: bytes

    def commitment(self) -> Hash32:
        """Give what the ledger has of the letter."""
        return commitment(self.salt, self.text.encode())


def write_letter(text: str, entropy: Entropy) -> Letter:
    """Give a text a salt of its own."""
    return Letter(text, entropy.take(SALT_BYTES))
