"""Messages of every type, drawn by hypothesis from the same bounds as the table's."""

from hypothesis import strategies as st

from node.p2p import messages as m

U8, U16, U32, U64 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32, 64))
H32 = st.binary(min_size=32, max_size=32)
A20 = st.binary(min_size=20, max_size=20)
SHORT = st.binary(max_size=40)
TEXT = st.text(st.characters(max_codepoint=0x7F), max_size=64)


def many(item, most=5):
    return st.lists(item, max_size=most).map(tuple)


def numbered(kind, *parts):
    return st.builds(kind, *parts, rid=U32)


MESSAGES = {
    m.Hello: st.builds(
        m.Hello,
        many(U8, 8),
        TEXT,
        U64,
        H32,
        st.binary(min_size=4, max_size=4),
        U64,
        A20,
        TEXT,
        U64,
        U64,
        H32,
        U32,
        H32,
    ),
    m.Disconnect: st.builds(m.Disconnect, U8, TEXT),
    m.Ping: numbered(m.Ping, U64),
    m.Pong: numbered(m.Pong, U64, U64),
    m.Status: st.builds(m.Status, U64, U64, H32, U64, st.binary(max_size=32), U16),
    m.NewBlock: st.builds(m.NewBlock, SHORT, many(SHORT), st.binary(max_size=32)),
    m.NewBlockHashes: st.builds(m.NewBlockHashes, many(st.builds(m.BlockName, U64, H32))),
    m.Transactions: st.builds(m.Transactions, many(SHORT)),
    m.NewTxHashes: st.builds(m.NewTxHashes, many(st.builds(m.TxName, U32, H32))),
    m.GetHeaders: numbered(m.GetHeaders, U64 | H32, st.integers(0, 512), U16, st.booleans()),
    m.Headers: numbered(m.Headers, many(SHORT)),
    m.GetBodies: numbered(m.GetBodies, many(H32)),
    m.Bodies: numbered(m.Bodies, many(st.builds(m.Body, H32, many(SHORT)))),
    m.GetTxs: numbered(m.GetTxs, many(H32)),
    m.Txs: numbered(m.Txs, many(SHORT)),
    m.XWant: st.builds(
        m.XWant,
        st.booleans(),
        many(st.builds(m.XWantEntry, SHORT, st.integers(-(2**31), 2**31 - 1), U8)),
    ),
    m.XCopy: st.builds(m.XCopy, SHORT, st.integers(0, 2)),
    m.Consensus: st.builds(m.Consensus, st.integers(0, 255), SHORT),
    m.XGive: st.builds(
        m.XGive,
        many(st.builds(m.XBlock, st.binary(max_size=16), SHORT)),
        many(SHORT),
        many(SHORT),
        U32,
    ),
    m.Release: numbered(m.Release, st.binary(min_size=241, max_size=241)),
    m.Released: numbered(m.Released, st.binary(max_size=297), st.binary(max_size=80)),
    m.Deposit: numbered(
        m.Deposit, H32, H32, U32, st.binary(min_size=65, max_size=65), U8, many(H32), SHORT
    ),
    m.DepositKept: numbered(m.DepositKept, H32),
    m.Custody: numbered(m.Custody, H32, SHORT, SHORT),
    m.CustodyKept: numbered(m.CustodyKept, H32, H32),
    m.Renew: numbered(m.Renew, H32, U32, U8, many(H32), SHORT, st.binary(min_size=65, max_size=65)),
    m.Renewed: numbered(m.Renewed, H32, H32),
    m.RepairAsk: st.builds(m.RepairAsk, H32, U8, U32, SHORT),
    m.RepairMask: st.builds(m.RepairMask, H32, U8, U32, SHORT, U8, SHORT),
    m.RepairPart: st.builds(m.RepairPart, H32, U8, U32, SHORT, U8, SHORT),
    m.Entrust: numbered(m.Entrust, A20, SHORT),
    m.Entrusted: numbered(m.Entrusted, A20, H32),
    m.Reclaim: numbered(m.Reclaim, A20),
    m.Reclaimed: numbered(m.Reclaimed, A20, SHORT),
}
ANY = st.one_of(list(MESSAGES.values()))
