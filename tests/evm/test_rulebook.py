"""The protocol is met by what implements it."""

from node.evm.forks import Fork
from node.evm.rulebook import BlockRules
from tests.evm.foreign_chain import book_of


def test_foreign_rules_are_rules_of_blocks():
    book = book_of(Fork.LONDON)
    rules: BlockRules = book.rules
    block = book.make()
    result = rules.check(
        block,
        book.head,
        book.state(),
        book.ancestors(block.header),
        fee_recipient=block.header.coinbase,
    )
    assert result.state_root == block.header.state_root
    context = rules.context(block.header, (), fee_recipient=block.header.coinbase)
    assert context.number == 1
