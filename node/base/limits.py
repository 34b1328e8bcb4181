"""Everything that grows has a limit with a name here: ``<WHAT>_<UNIT>_<MAX|MIN>``.

Reaching one is a normal event with an error or a drop, never a crash.
"""

from typing import Final

FRAME_BYTES_MAX: Final = 10 * 2**20
"""One wire frame; geth's own hard limit for eth messages."""
CONSENSUS_BYTES_MAX: Final = 8 * 2**20
"""One consensus message: a proposal holds a block and its justification."""
TRANSACTION_BYTES_MAX: Final = 131_072
"""One encoded transaction; geth's pool limit."""
BLOCK_TRANSACTIONS_MAX: Final = 8_192
BLOCK_UNCLES_MAX: Final = 2
"""Uncles of a block of a foreign proof-of-work chain (Yellow Paper 11.1)."""
BLOCK_WITHDRAWALS_MAX: Final = 1_024
"""Withdrawals of a foreign block; the consensus layer of Ethereum gives 16."""
HEADER_BYTES_MAX: Final = 16_384
EXTRA_DATA_BYTES_MAX: Final = 8_192
"""Longest extraData: a checkpoint or certificate of 100 validators fits several times."""
RLP_DEPTH_MAX: Final = 64
"""Nesting of lists; headers, votes and certificates need five."""
VALIDATORS_COUNT_MAX: Final = 100
SHARED_FRAME_BYTES_MAX: Final = 16_384
"""Longer frames are decoded by each node: remembering them would cost more than it saves."""
BLOCKS_READ_COUNT_MAX: Final = 16
"""Blocks from the wire that are remembered by their bytes: each comes from several peers."""
BLOCK_RESULTS_COUNT_MAX: Final = 64
"""Results of blocks that were executed and not imported yet; an older one is worked out again."""
BUILT_RESULTS_COUNT_MAX: Final = 16
"""Results of blocks that this node built: a BFT engine may propose one again rounds later."""
VALIDATOR_CALL_GAS_MAX: Final = 30_000_000
"""Gas of the call that reads the validator set of a block: part of consensus, like the answer."""
VALIDATOR_SETS_COUNT_MAX: Final = 1_024
"""Validator sets, by block hash, that the nodes of one process remember."""
PARKED_BLOCKS_MAX: Final = 256
"""Blocks from the near future that a node keeps for later."""
FUTURE_SECONDS_MAX: Final = 30
"""How far ahead of the own clock a parked block may lie."""
BLOCK_BYTES_MAX: Final = 2 * 2**20
"""One block of the content store."""
CID_BYTES_MAX: Final = 168
MSGPACK_BYTES_MAX: Final = FRAME_BYTES_MAX
RECORD_BYTES_MAX: Final = 2**36 - 32
"""One record under one AES-GCM nonce (NIST SP 800-38D, section 5.2.1.1)."""
HOLDERS_COUNT_MAX: Final = 255
"""Holders of one deal: the nonzero elements of GF(2^8)."""
CALL_GAS_MAX: Final = 50_000_000
"""Gas of one read-only call; geth's default RPC gas cap."""
SCENARIO_BYTES_MAX: Final = 2**20
SCENARIO_DEPTH_MAX: Final = 12
SCENARIO_FAULTS_MAX: Final = 20
"""Faults of a scenario file that are printed before "and n more"."""
EVENTS_COUNT_MAX: Final = 50_000_000
"""Events of one simulated run (``run.budget.events``)."""
SAME_INSTANT_EVENTS_MAX: Final = 10_000
"""Events of one node at one instant: more is a livelock."""
STREAM_BYTES_MAX: Final = 2**36
"""Bytes that one seed of the sharing stream may give (secret-sharing.md section 4)."""
SEEDS_COUNT_MAX: Final = 1_000_000
"""Digests of used seeds that one process remembers; the oldest go first."""
RECORD_IN_MEMORY_BYTES_MAX: Final = 2**31 - 17
"""One record that is dealt in one piece: the library's AES-GCM takes 2^31-1 bytes with the tag."""
SUBSETS_TRIED_COUNT_MAX: Final = 5_000
"""Sets of k answers that a grantee tries before giving up on finding the liars."""
HEAD_LAG_BLOCKS_MAX: Final = 64
"""How far behind the finalised head a release request may stand."""
STALL_US_MIN: Final = 20_000_000
"""A finalised head may rest at least this long before a custodian calls its view stale."""
STALL_PERIODS_COUNT_MAX: Final = 4
"""Longest block periods without a new finalised head, where that is more than STALL_US_MIN."""
RELEASES_PER_GRANT_COUNT_MAX: Final = 16
"""Shares that one custodian releases under one grant."""
RENEWAL_STEPS_COUNT_MAX: Final = 256
"""Steps in one renewal: 38,912 bytes; the sealed part of a Renew message holds 48 KiB."""
RELEASE_BURST_COUNT_MAX: Final = 64
"""Requests of one grantee that a custodian answers at once."""
RELEASE_INTERVAL_US_MIN: Final = 250_000
"""After a burst: one request of a grantee each quarter of a second."""
RELEASE_BUCKETS_COUNT_MAX: Final = 10_000
"""Grantees whose rate a custodian follows at once; full buckets are dropped first."""
NONCES_COUNT_MAX: Final = 100_000
"""Request nonces that a custodian remembers; at the limit it refuses new requests."""
DICOM_BYTES_MAX: Final = 2 * 2**30
"""One DICOM file, and what a deflated one inflates to."""
DICOM_DEPTH_MAX: Final = 64
"""Sequences inside sequences of one DICOM file."""
DICOM_ELEMENTS_MAX: Final = 1_000_000
"""Elements and sequence items of one DICOM file, at all depths."""
DICOM_INFLATION_FACTOR_MAX: Final = 8
"""How many times its own size a deflated DICOM file may inflate to ..."""
DICOM_INFLATION_BYTES_MIN: Final = 16 * 2**20
"""... unless the result stays below this: a blank picture deflates 60 times."""
RECORD_JSON_BYTES_MAX: Final = 2**20
"""Canonical JSON of one record: text of a consultation, not documents."""
DAG_LINKS_COUNT_MAX: Final = 8_192
"""Links of one dag-pb node."""
DAG_DEPTH_MAX: Final = 32
"""Levels of nodes between the root of a file and its leaves."""
DAG_WALK_ENTRIES_MAX: Final = 1_000_000
"""Nodes that one walk visits, so that children of size zero cannot make it endless."""
READ_BYTES_MAX: Final = 4 * 2**30
"""Bytes that one read or fetch gives out for peers, gateway and RPC."""
STORE_BYTES_MAX: Final = 10 * 10**9
"""Payload of one block store; kubo's ``StorageMax``."""
HTTP_TARGET_BYTES_MAX: Final = 8_192
"""Path and query of one HTTP request (RFC 9110, section 4.1, recommends at least 8,000)."""
HTTP_HEADERS_BYTES_MAX: Final = 16_384
"""Names and values of one request's headers."""
HTTP_PIECE_BYTES_MAX: Final = 2**20
"""Bytes of a body that cross between the server and a handler at once, but for one piece more."""
HTTP_PIECES_COUNT_MAX: Final = 256
"""Pieces of an answer that do the same."""
HTTP_UNREAD_BYTES_MAX: Final = 256 * 2**10
"""Rest of a refused request's body that is read first, so that its sender sees the answer."""
HTTP_IDLE_SECONDS_MAX: Final = 30
"""How long the next piece of a request's body may take."""
STORE_REQUESTS_ACTIVE_COUNT_MAX: Final = 32
"""Requests that one HTTP server of a store answers at once; more are asked to come again."""
UPLOAD_BYTES_MAX: Final = STORE_BYTES_MAX + 2**30
"""Body of one add or import: what a store can hold, and what wraps it."""
UPLOAD_FIELD_BYTES_MAX: Final = 16_384
"""Headers of one part of an upload, and the target of an uploaded symlink."""
UPLOAD_FIELDS_COUNT_MAX: Final = 16
"""Headers of one part of an upload."""
UPLOAD_ENTRIES_COUNT_MAX: Final = 250_000
"""Files and directories of one add: their names and CIDs are held until it is durable."""
RPC_ARGUMENTS_COUNT_MAX: Final = 256
"""Arguments of one call of a store: a thousand CIDs do not fit HTTP_TARGET_BYTES_MAX."""
TOKEN_BYTES_MAX: Final = 256
"""An operator's token, and the longest line of its file."""
LOCAL_READ_BYTES_MAX: Final = 2**40
"""The same for the operator's own command line."""
HAMT_BUCKETS_COUNT_MAX: Final = 1_024
"""Fanout of a sharded directory that is read; larger ones were CVE-2023-23625."""
HAMT_LEVELS_COUNT_MAX: Final = 8
"""Shards inside shards: 8 bits of a 64-bit hash each."""
PLAIN_DIRECTORY_BYTES_MAX: Final = 262_144
"""Estimate above which a directory is written as shards."""
NAME_BYTES_MAX: Final = 255
"""Name of a file on disk, and of a pin."""
PATH_BYTES_MAX: Final = 4_096
"""A path through directories, CID included; Linux' PATH_MAX."""
CAR_HEADER_BYTES_MAX: Final = 32 * 2**10
"""Header of a CAR file."""
CAR_ROOTS_COUNT_MAX: Final = 1_000
"""Roots of a CAR file."""
CBOR_DEPTH_COUNT_MAX: Final = 32
"""Lists and maps inside one another."""
CBOR_ITEMS_COUNT_MAX: Final = 65_536
"""Values of one dag-cbor block, at all depths."""
INLINE_BLOCK_BYTES_MAX: Final = 262_144
"""Blocks up to here are rows of the index, longer ones files."""
STORE_BATCH_BLOCKS_COUNT_MAX: Final = 128
"""Blocks that become durable together ..."""
STORE_BATCH_BYTES_MAX: Final = 16 * 2**20
"""... and their bytes."""
GC_BATCH_BLOCKS_COUNT_MAX: Final = 1_000
"""Blocks that one transaction of the garbage collector deletes."""
MISSING_NAMED_COUNT_MAX: Final = 16
"""Missing blocks that the refusal of a pin names."""
ERASE_CHECKPOINTS_COUNT_MAX: Final = 3
"""How often an erasure tries to cut the log of the index, which waits for readers each time."""
PEER_QUEUE_BYTES_MAX: Final = 8 * 2**20
"""Blocks on their way to, or asked of, one peer."""
WANT_ENTRIES_COUNT_MAX: Final = 1_024
"""Entries of one want message, and of one peer's want list."""
GIVE_BYTES_MAX: Final = 4 * 2**20
"""One give message with its blocks."""
GIVE_BLOCKS_COUNT_MAX: Final = 512
"""Blocks of one give message."""
PEER_WINDOW_COUNT_MAX: Final = 32
"""Blocks asked of one peer and not yet answered."""
LIVE_HAVES_COUNT_MAX: Final = 64
"""Blocks for which a fetch asks everybody at the same time."""
REFUSALS_IN_A_ROW_COUNT_MAX: Final = 16
"""DONT_HAVEs of one peer without a block between them: then a fetch takes it for no holder."""
BANNED_PEERS_COUNT_MAX: Final = 1_024
"""Peers whose lies a node remembers: ten times the largest network."""
PAST_ASKS_COUNT_MAX: Final = 4_096
"""Answered or cancelled questions that are remembered per peer, so that a late block is no lie."""
PIECES_COUNT_MAX: Final = 64
"""Copies, fragments or shares of one object in the loss calculator: its matrix is cubed."""
SIMULATED_FAILURES_COUNT_MAX: Final = 3_000_000
"""Failures and repairs that one simulation of losses plays: about ten seconds."""
REPAIR_BYTES_PER_SECOND_MAX: Final = 20 * 2**20
"""What repair copies to one node, over the time that it copies."""
REPAIR_COPIES_COUNT_MAX: Final = 4
"""Objects that repair copies to one node at the same time."""
SCRUB_BYTES_PER_SECOND_MAX: Final = 8 * 2**20
"""What the scrub reads and hashes, over the time that it runs."""
MANIFEST_BYTES_MAX: Final = 4_096
"""A record's manifest: what a frame of custody carries."""
HEALS_COUNT_MAX: Final = 16
"""Bad blocks that the scrub has fetched anew at the same time."""
CHALLENGES_COUNT_MAX: Final = 8
"""Blocks that one round of challenges asks of one peer."""
ARRAY_ITEMS_COUNT_MAX: Final = 32_768
"""Items over all arrays of one frame."""
KNOWN_BLOCKS_COUNT_MAX: Final = 1_024
"""Block hashes remembered per peer; geth's value."""
KNOWN_TRANSACTIONS_COUNT_MAX: Final = 32_768
"""Transaction hashes remembered per peer; geth's value."""
PUSHED_TRANSACTION_BYTES_MAX: Final = 4_096
"""Longest transaction that is sent whole without being asked for."""
REQUESTS_COUNT_MAX: Final = 16
"""Requests to one peer without an answer yet."""
ANSWER_BYTES_MAX: Final = 2 * 2**20
"""Soft limit of an answer: the item that crosses it is the last one."""
HEADERS_AHEAD_COUNT_MAX: Final = 1_024
"""Headers fetched ahead of the last block that is known."""
FETCH_JOBS_COUNT_MAX: Final = 16
"""Missing blocks that are looked for at the same time."""
SCENARIO_DURATION_US_MAX: Final = 3_660 * 86_400 * 1_000_000
"""Longest duration in a scenario file: ten years."""
SCENARIO_ACTORS_COUNT_MAX: Final = 10_000
"""Actors of one kind that a scenario asks for with a number."""
SHARE_RULE_HOLDERS_COUNT_MAX: Final = 9
"""Holders of a record whose subsets are all tried: 2**9 openings."""
BAD_BLOCKS_COUNT_MAX: Final = 1_024
"""Hashes of invalid blocks that an engine remembers, so that none is executed twice."""
SEALS_SEEN_COUNT_MAX: Final = 64
"""Newest sealed headers, by parent and signer, in which an engine looks for double seals."""
STEP_SEALS_COUNT_MAX: Final = 256
"""The same for AuRa, by step and signer: two rounds of the largest set, and some."""
STEP_SECONDS_MAX: Final = 65_535
"""Longest step of AuRa; OpenEthereum counts in 16 bits."""
STEP_DURATIONS_COUNT_MAX: Final = 256
"""Changes of the length of a step in one genesis."""
STEPS_AHEAD_COUNT_MAX: Final = 4
"""Steps ahead of the own one from which an AuRa block is still parked (OpenEthereum)."""
STANDINGS_COUNT_MAX: Final = 128
"""Finality of so many blocks is kept in memory by AuRa."""
STANDING_INTERVAL_BLOCKS_MAX: Final = 64
"""Every so many blocks it is stored: with half a round of 100 validators this stays within
STATES_KEPT_BLOCKS_MIN, so that a restart asks the registry only about states that are kept."""
SIGN_GUARDS_COUNT_MAX: Final = 128
"""Newest parents on which a Clique node has sealed; the head never returns to older ones."""
SNAPSHOTS_COUNT_MAX: Final = 128
"""Clique snapshots that are kept in memory (geth's inmemorySnapshots)."""
SNAPSHOT_INTERVAL_BLOCKS_MAX: Final = 1_024
"""Every so many blocks a Clique snapshot is stored (geth's checkpointInterval)."""
PROPOSALS_COUNT_MAX: Final = 256
"""Open votes of one Clique validator: twice the largest set, and some."""
IMPORTED_BLOCKS_COUNT_MAX: Final = 1_024
"""Blocks an engine handed over for import whose storing it has not seen confirmed."""
SYNC_REQUESTS_COUNT_MAX: Final = 256
"""Outstanding requests for missing blocks that an engine remembers."""
SYNC_RETRY_US_MIN: Final = 5_000_000
"""An unanswered request for missing blocks is asked again no sooner than this."""
FUTURE_HEIGHTS_COUNT_MAX: Final = 10
"""Heights above the head for which a BFT engine keeps messages (Besu's value)."""
FUTURE_MESSAGES_COUNT_MAX: Final = 1_000
"""Messages for future heights that a BFT engine keeps (Besu's value)."""
FUTURE_MESSAGES_BYTES_MAX: Final = 64 * 2**20
"""What those may have together."""
ROUNDS_COUNT_MAX: Final = 1_000
"""Rounds of one height; messages of later ones are dropped (Besu's cap)."""
ROUNDS_KEPT_COUNT_MAX: Final = 8
"""Rounds ahead, and where they count behind, whose proposals and votes are kept."""
TRIE_NODES_MAX: Final = 200_000
"""Decoded trie nodes that one store keeps in memory."""
CODE_BYTES_MAX: Final = 24_576
"""Longest code of a contract that is remembered with what was found in it; longer is made by none
(EIP-170), a genesis may hold it."""
CODE_SCANS_MAX: Final = 1_024
"""Contract codes whose jump targets are remembered, and whose opcodes are: at most 50 MB each."""
GAS_LIMIT_MIN: Final = 5_000
"""Smallest gas limit of a block (go-ethereum, params.MinGasLimit)."""
GAS_LIMIT_MAX: Final = 2**63 - 1
INITCODE_BYTES_MAX: Final = 49_152
"""Longest initcode from Shanghai on (EIP-3860)."""
AUTHORIZATIONS_COUNT_MAX: Final = 1_024
"""Delegations of one set-code transaction of a foreign chain (EIP-7702); more do not fit its
bytes."""
EXCESS_BLOB_GAS_MAX: Final = 2**32
"""Excess blob gas that a foreign genesis starts with: the steps to the fee grow with it."""
BLOB_FRACTION_MIN: Final = 1_000_000
"""Update fraction of the blob fee of a foreign chain: the steps to the fee grow as it shrinks."""
ANCESTOR_HASHES_COUNT_MAX: Final = 256
"""How far the BLOCKHASH opcode looks back."""
GENESIS_BYTES_MAX: Final = 64 * 2**20
"""One genesis.json."""
RECORD_JSON_DEPTH_MAX: Final = 16
BODY_BYTES_MAX: Final = 8 * 2**20
"""Transactions that a builder puts into one block: header and list prefixes fit in a frame too."""
STATE_VIEWS_COUNT_MAX: Final = 8
"""Opened states that a ledger keeps for the next question."""
VIEW_ACCOUNTS_COUNT_MAX: Final = 16_384
"""Accounts that one opened state remembers, absent ones too: a contract can ask for thousands in
each call.  Half a kilobyte each."""
VIEW_TRIES_COUNT_MAX: Final = 4_096
"""Storage tries that it keeps open: two kilobytes each."""
BRANCHES_KEPT_BLOCKS_MAX: Final = 128
"""How far below the head a branch may end before it is forgotten."""
MEMO_ENTRIES_COUNT_MAX: Final = 1_024
"""Executed blocks that the nodes of one process share."""
MEMO_BYTES_MAX: Final = 64 * 2**20
"""What those may hold in memory."""
SNAPSHOT_BATCH_RECORDS_MAX: Final = 1_024
"""Records of a state snapshot that are handed to the store at once."""
SNAPSHOT_WAITING_COUNT_MAX: Final = 10_000_000
"""Hashes that a snapshot has named and not brought yet: about a gigabyte of memory."""
POOL_EXECUTABLE_COUNT_MAX: Final = 5_120
"""Transactions in the pool that could run now; go-ethereum's global slots."""
POOL_WAITING_COUNT_MAX: Final = 1_024
"""Transactions in the pool behind a missing nonce; go-ethereum's global queue."""
SENDER_EXECUTABLE_COUNT_MAX: Final = 16
INSTITUTION_EXECUTABLE_COUNT_MAX: Final = 256
"""The same for one hospital or regulator, which sends for many."""
NONCE_GAP_COUNT_MAX: Final = 64
"""How far a nonce may lie above the next one that is missing: so many of one sender wait."""
HOSPITAL_BLOCK_GAS_MAX: Final = 6_000_000
"""Gas that one sender of a role gets per block (network.md section 10)."""
LAB_BLOCK_GAS_MAX: Final = 2_000_000
DOCTOR_BLOCK_GAS_MAX: Final = 2_000_000
PATIENT_BLOCK_GAS_MAX: Final = 1_000_000
DEVICE_BLOCK_GAS_MAX: Final = 500_000
APPLICANTS_BLOCK_GAS_MAX: Final = 1_000_000
"""Gas per block of all who apply for a Hospital-ID together: they have no identity to count by."""
GAS_BUDGET_BLOCKS_MAX: Final = 10
"""So many blocks' gas a sender can save up and spend at once."""
LOCAL_TRANSACTIONS_COUNT_MAX: Final = 1_024
"""Transactions of a node's own clients that it offers again after a restart or a reorganisation;
beyond that the oldest are given up."""
ROLE_ANSWERS_COUNT_MAX: Final = 16_384
"""Senders whose role a node remembers; then it asks the registries anew."""
POOL_AGE_US_MAX: Final = 3 * 3_600 * 1_000_000
"""Three hours: then a transaction leaves the pool."""
POOL_KNOWN_BLOCKS_MAX: Final = 256
"""Blocks whose transactions are refused as already known."""
PYTHON_FRAMES_MAX: Final = 12_288
"""Python's recursion limit once the interpreter is loaded: 1,024 nested creations take 10,252
frames [measured], and JSON nested this deep still fits a stack of 8 MiB."""
EARLY_DEPOSITS_COUNT_MAX: Final = 64
"""Deposits of one peer that wait for their grant to become final; more are refused."""
REPAIR_SESSIONS_COUNT_MAX: Final = 64
"""Repairs in which a custodian helps at once; the oldest makes room and can be asked again."""
REPAIR_JOBS_COUNT_MAX: Final = 64
"""Shares that a custodian repairs for itself at the same time; the others wait."""
OPEN_INGESTS_COUNT_MAX: Final = 1_024
"""Fragments that one peer has handed over and that have not come yet; more are refused."""
VIEW_ANSWERS_COUNT_MAX: Final = 4_096
"""Answers of contracts at one final block that a custodian remembers until the next one."""
PROOF_SLOTS_COUNT_MAX: Final = 1_024
"""Storage slots of one account proof; go-ethereum's value."""
LOG_RESULTS_COUNT_MAX: Final = 10_000
"""Logs of one answer."""
LOG_FILTER_VALUES_COUNT_MAX: Final = 1_000
"""Addresses of a log filter, and values of each of its topics."""
TRACE_BYTES_MAX: Final = 64 * 2**20
"""What one trace holds, by a rough count: a contract can ask for a copy of its memory at every
step."""
MIRROR_STEPS_COUNT_MAX: Final = 128
"""Blocks that the state inside the fast executor can walk back and forth."""
CUSTODIAN_SHARES_COUNT_MAX: Final = 1
"""Shares of one deal that one hospital holds; content-store.md section 13 would allow t-2."""
WAL_ENTRIES_COUNT_MAX: Final = 256
"""Entries of the engine's log before it is cut down to what a restart can use."""
OPEN_REQUESTS_COUNT_MAX: Final = 4_096
"""Requests of a node's own clients that wait for an answer."""
CHAIN_ITEM_BYTES_MAX: Final = FRAME_BYTES_MAX
"""One block of a chain file."""
IMPORT_BATCH_BLOCKS_MAX: Final = 128
"""Blocks of a chain file that become durable together."""
IMPORT_BATCH_BYTES_MAX: Final = 4 * 2**20
"""What those may have, but for the last one: a batch is held in memory."""
BLOCKS_CACHED_COUNT_MAX: Final = 128
"""Decoded blocks that a store on disk remembers."""
HEADERS_CACHED_COUNT_MAX: Final = 1_024
"""Decoded headers that a store on disk remembers: four walks of the BLOCKHASH opcode."""
CODES_CACHED_COUNT_MAX: Final = 256
"""Contracts whose code a store on disk remembers, 24 KiB each at most: it is hashed when read."""
LOG_SCAN_BLOCKS_MAX: Final = 1_024
"""A log query over at most so many blocks reads all their log keys; a wider one goes by address."""
LOG_PAIRS_COUNT_MAX: Final = 4_096
"""Pairs of address and topic that a log query looks up one by one; more are filtered instead."""
CHUNK_BYTES_MAX: Final = 8_000
"""One chunk of trie nodes, unless a single node is longer: it fits a page of 8,192 bytes."""
NODE_BYTES_MAX: Final = 65_535
"""One trie node; ours have at most 600 bytes, since no value is longer than an account."""
INDEX_FLUSH_BLOCKS_MAX: Final = 64
"""Blocks whose trie nodes are indexed in memory before the index on disk takes them."""
SWEEP_CHUNKS_COUNT_MAX: Final = 64
"""Chunks that one step of a sweep rewrites."""
STATES_KEPT_BLOCKS_MIN: Final = 128
"""Newest blocks whose states a pruned store keeps at least: as long as side branches live."""
FINDINGS_COUNT_MAX: Final = 1_000
"""Findings that one inspection of a store lists."""
SEEN_MESSAGES_COUNT_MAX: Final = 4_096
"""Consensus messages whose hash is remembered, so that none is judged twice."""
ROUND_NUMBER_MAX: Final = 1_000
"""Highest round of a height; Besu's value since 26.8.0."""
ROUNDS_AHEAD_COUNT_MAX: Final = 8
"""Rounds above its own whose votes a BFT engine keeps."""
TIMEOUT_DOUBLINGS_COUNT_MAX: Final = 32
"""How often a round's timeout doubles at most."""
LAGGARD_ANSWER_US_MIN: Final = 1_000_000
"""A validator in a lower round is told of the own round no more often than this."""
