"""Which records changed hands, whatever token stands for them."""

from typing import TypeAlias

from node.contracts.pmr_multi_token import TransferBatch, TransferSingle, is_visit
from node.contracts.pmr_token import Transfer

TokensMoved: TypeAlias = Transfer | TransferSingle | TransferBatch
"""Minted, or claimed after a recovery; ``to`` is the owner since."""


def visits_of(event: TokensMoved) -> tuple[int, ...]:
    """Give the records among the tokens that went to somebody."""
    match event:
        case Transfer():
            return (event.token_id,)
        case TransferSingle():
            return (event.id,) * is_visit(event.id)
        case TransferBatch():
            return tuple(filter(is_visit, event.ids))
