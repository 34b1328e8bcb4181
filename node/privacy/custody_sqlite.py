"""The durable ``CustodyStore``: one SQLite file, and a folder of keys that are destroyed.

What a method has written is on the disk when it returns, all of it or nothing.  Shares, grant
shares, steps and entrusted shares lie encrypted; what is destroyed cannot be opened any more, and
its bytes are gone from the folder (``custody_sqlite_keys``).  After a crash a step has happened as
a whole or not at all; who repeats it compares epochs (secret-sharing.md section 8, crash rule).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self
from zlib import crc32

from node.base.errors import CorruptStoreError
from node.base.types import Address
from node.privacy.custody_sqlite_keys import RowKeys
from node.privacy.custody_sqlite_open import (
    FILE_NAME,
    KEYS_FOLDER,
    PAGE_BYTES,
    CustodyOptions,
    open_tables,
)
from node.privacy.custody_sqlite_rows import DealRows, Kept, place
from node.privacy.custody_store import Holding
from node.privacy.release_errors import ReleaseFormatError
from node.privacy.release_messages import Receipt, Request, Status
from node.storage.database import Database
from node.storage.files import DiskFiles


class SqliteCustodyStore:
    """A ``CustodyStore`` on disk.  Used by one thread at a time.

    raises        StoreFullError, StoreFailedError: nothing of the call was kept.
                  CorruptStoreError: a row or a key is not what was written.
    """

    def __init__(self, database: Database, keys: RowKeys, options: CustodyOptions) -> None:
        """Check, or make, a store and destroy keys that a crash left; see ``open_tables``."""
        self._database = database
        self._keys = keys
        self._entropy = options.entropy
        self._rows = DealRows(database, keys, options.entropy)
        try:
            open_tables(database, keys, options)
            names = database.read("SELECT name FROM deal_keys UNION SELECT name FROM entrusted")
            keys.destroy_others(name for (name,) in names)
            database.truncate_log()
            # counted once: every request asks for it
            row = database.row("SELECT count(*) FROM nonces")
            self._nonces = 0 if row is None else int(row[0])
        except BaseException:
            database.close()
            raise

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- deals

    def holding(self, deal_id: bytes) -> Holding | None:
        """Give a deal, None if it is not held."""
        return self._rows.holding(deal_id)

    def deals(self) -> tuple[bytes, ...]:
        """Give the id of every deal, sorted."""
        rows = self._database.read("SELECT deal FROM holdings ORDER BY deal")
        return tuple(deal_id for (deal_id,) in rows)

    def put_holding(self, deal_id: bytes, holding: Holding) -> None:
        """Keep a new deal."""
        kept = self._rows.kept(deal_id)
        if kept.holding is None:
            with self._rows.adding(deal_id) as key:
                self._rows.write_holding(key, deal_id, holding)
        elif kept.holding != holding:
            self._rows.replace(deal_id, replace(kept, holding=holding))

    def delete_deal(self, deal_id: bytes) -> int:
        """Destroy all that is kept of a deal; give the number of objects: shares and steps."""
        objects = self._rows.count(deal_id)
        self._rows.replace(deal_id, Kept(None, {}, (), None))
        return objects

    def is_clear_of(self, deal_id: bytes) -> bool:
        """Read again and say whether no object of a deal is left; receipts are none."""
        has_key = self._rows.key_name(deal_id) is not None
        return not has_key and not self._rows.count(deal_id) and self.renewal(deal_id) is None

    # ---- what is lent, and steps

    def grant_share(self, grant_id: bytes, deal_id: bytes) -> bytes | None:
        """Give a deposited container of kind 3."""
        return self._rows.lent(deal_id, grant_id)

    def deposits(self) -> tuple[tuple[bytes, bytes], ...]:
        """Give (grant_id, deal_id) of every deposit, sorted."""
        rows = self._database.read("SELECT grant_id, deal FROM lent ORDER BY grant_id, deal")
        return tuple((grant_id, deal_id) for grant_id, deal_id in rows)

    def grants_of(self, deal_id: bytes) -> tuple[bytes, ...]:
        """Give the grant ids of a deal's deposits, sorted."""
        question = "SELECT grant_id FROM lent WHERE deal = ? ORDER BY grant_id"
        return tuple(grant_id for (grant_id,) in self._database.read(question, deal_id))

    def put_deposit(self, grant_id: bytes, deal_id: bytes, grant_share: bytes, step: bytes) -> None:
        """Keep a grant share instead of the grant's older one, and its step behind the steps."""
        kept = self._rows.kept(deal_id)
        if grant_id in kept.lent:
            lent = {**kept.lent, grant_id: grant_share}
            self._rows.replace(deal_id, replace(kept, lent=lent, steps=(*kept.steps, step)))
            return
        with self._rows.adding(deal_id) as key:
            self._rows.write_lent(key, deal_id, grant_id, grant_share)
            self._rows.write_step(key, deal_id, len(kept.steps), step)

    def delete_grant_share(self, grant_id: bytes, deal_id: bytes) -> None:
        """Destroy a grant share; its step stays."""
        kept = self._rows.kept(deal_id)
        lent = {one: share for one, share in kept.lent.items() if one != grant_id}
        if len(lent) == len(kept.lent):
            raise KeyError((grant_id, deal_id))
        self._rows.replace(deal_id, replace(kept, lent=lent))

    def steps(self, deal_id: bytes) -> tuple[bytes, ...]:
        """Give the unspent steps of a deal, the next one first."""
        return tuple(self._rows.kept(deal_id).steps)

    def renewal(self, deal_id: bytes) -> bytes | None:
        """Give the digest of the last renewal of a deal, None if there was none."""
        return self._rows.renewal(deal_id)

    def rewrite(
        self,
        deal_id: bytes,
        holding: Holding,
        *,
        grant_shares: Mapping[bytes, bytes],
        steps: Sequence[bytes],
        renewal: bytes | None,
    ) -> None:
        """Replace all that is kept of a deal: what is not named here is destroyed.

        ``grant_shares``  by grant_id.  ``steps``  the next one first.
        """
        self._rows.replace(deal_id, Kept(holding, grant_shares, steps, renewal))

    # ---- masters of wallets

    def entrusted(self, patient: Address) -> bytes | None:
        """Give the container of kind 5 that a patient left here."""
        row = self._database.row("SELECT name, sealed FROM entrusted WHERE patient = ?", patient)
        if row is None:
            return None
        name, sealed = row
        return self._keys.read(name).open(place("entrusted", patient), sealed)

    def put_entrusted(self, patient: Address, container: bytes) -> None:
        """Keep a container of kind 5 instead of the patient's older one."""
        key = self._keys.make()
        sealed = key.seal(place("entrusted", patient), container, self._entropy)
        old = self._entrusted_key(patient)
        with self._database.batch():
            self._database.write(
                "INSERT OR REPLACE INTO entrusted VALUES (?, ?, ?)", patient, key.name, sealed
            )
        self._rows.destroy(old)

    def delete_entrusted(self, patient: Address) -> None:
        """Destroy a patient's container of kind 5, if there is one."""
        old = self._entrusted_key(patient)
        with self._database.batch():
            self._database.write("DELETE FROM entrusted WHERE patient = ?", patient)
        self._rows.destroy(old)

    def _entrusted_key(self, patient: Address) -> str | None:
        row = self._database.row("SELECT name FROM entrusted WHERE patient = ?", patient)
        return None if row is None else str(row[0])

    # ---- certificates of erasure

    def put_certificate(self, deal_id: bytes, certificate: bytes) -> None:
        """Keep the certificate that nothing of a deal is left here."""
        with self._database.batch():
            self._database.write(
                "INSERT OR REPLACE INTO certificates VALUES (?, ?, ?)",
                *(deal_id, certificate, crc32(certificate)),
            )

    def certificates(self) -> tuple[bytes, ...]:
        """Give every certificate of erasure, in the order of the deals' ids."""
        found: list[bytes] = []
        for deal_id, raw, crc in self._database.read(
            "SELECT deal, raw, crc FROM certificates ORDER BY deal"
        ):
            if crc32(raw) != crc:
                path, what = str(self._database.path), "its certificate does not fit its checksum"
                raise CorruptStoreError(path, f"deal {deal_id.hex()}", what)
            found.append(raw)
        return tuple(found)

    # ---- receipts and nonces

    def append_receipt(self, receipt: Receipt, request: Request, *, is_nonce_spent: bool) -> None:
        """Keep a receipt at the end of the chain, and the request's nonce if it is spent."""
        raw = receipt.encode()
        is_new = is_nonce_spent and not self.is_nonce_seen(request.grant_id, request.nonce)
        with self._database.batch():
            self._database.write(
                "INSERT INTO receipts VALUES (?, ?, ?, ?, ?)",
                *(receipt.sequence, receipt.grant_id, int(receipt.status), raw, crc32(raw)),
            )
            if is_nonce_spent:
                self._database.write(
                    "INSERT OR REPLACE INTO nonces VALUES (?, ?, ?)",
                    *(request.grant_id, request.nonce, request.head_number),
                )
        self._nonces += int(is_new)

    def last_receipt(self) -> Receipt | None:
        """Give the latest receipt."""
        row = self._database.row(
            "SELECT sequence, raw, crc FROM receipts ORDER BY sequence DESC LIMIT 1"
        )
        return None if row is None else self._receipt(*row)

    def receipts(self, first: int = 0, count: int = -1) -> tuple[Receipt, ...]:
        """Give the chain from a sequence number on: all of it, or at most ``count`` >= 0."""
        rows = self._database.read(
            "SELECT sequence, raw, crc FROM receipts WHERE sequence >= ? ORDER BY sequence LIMIT ?",
            *(first, count),
        )
        return tuple(self._receipt(*row) for row in rows)

    def _receipt(self, sequence: int, raw: bytes, crc: int) -> Receipt:
        try:
            receipt = Receipt.decode(raw)
        except ReleaseFormatError as error:
            what = f"{sequence} is none ({error.code})"
            raise CorruptStoreError(str(self._database.path), "receipts", what) from error
        if crc32(raw) != crc or receipt.sequence != sequence:
            raise CorruptStoreError(
                str(self._database.path), "receipts", f"{sequence} does not fit its checksum"
            )
        return receipt

    def releases(self, grant_id: bytes) -> int:
        """Give the number of receipts of this grant that released."""
        row = self._database.row(
            "SELECT count(*) FROM receipts WHERE grant_id = ? AND status = ?",
            *(grant_id, int(Status.RELEASED)),
        )
        return 0 if row is None else int(row[0])

    def is_nonce_seen(self, grant_id: bytes, nonce: bytes) -> bool:
        """Say whether a nonce is kept."""
        row = self._database.row(
            "SELECT 1 FROM nonces WHERE grant_id = ? AND nonce = ?", grant_id, nonce
        )
        return row is not None

    def nonces(self) -> int:
        """Give the number of nonces kept."""
        return self._nonces

    def forget_nonces(self, below_head: int) -> None:
        """Drop nonces of requests whose head number lies below: rule 4 refuses those anyway."""
        with self._database.batch():
            gone = self._database.write("DELETE FROM nonces WHERE head < ?", below_head)
        self._nonces -= gone


def open_custody_store(folder: Path, options: CustodyOptions) -> SqliteCustodyStore:
    """Open the custody store in a folder, or make it with the folder.

    raises        StoreLockedError: another process has it open.  StoreMismatchError,
                  CustodyKeyError, CorruptStoreError: see ``open_tables``.  StoreFailedError.
    """
    keys = RowKeys(DiskFiles(folder / KEYS_FOLDER), options.key, options.entropy)
    database = Database(folder / FILE_NAME, page_bytes=PAGE_BYTES, is_erasing=True)
    return SqliteCustodyStore(database, keys, options)
