"""The patient's wallet: essential shares, consents, deposits, revocations.

Pure: entropy is an argument and nothing is stored on disk here.  Three secrets: a secp256k1
signer, an X25519 key for what is sealed to the patient, and a 32-byte master from which all
essential shares follow (secret-sharing.md sections 6, 8 and 9).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from node.base.ports import Entropy, Signer
from node.base.types import Address
from node.privacy.consent import Deposit, Domain, sign
from node.privacy.deposits import DepositLetter, deposit_letters, digests_of, join_deposit
from node.privacy.entrusting import open_reclaimed, seal_entrusted
from node.privacy.grantee import Collected, Grantee
from node.privacy.release_errors import CustodyError, UnknownDealError
from node.privacy.release_messages import OWNER_GRANT_ID, Head, Request
from node.privacy.renewals import RenewalLetter, join_renewal, renewal_letters, typed_renewal
from node.privacy.sealing import open_sealed, public_key_of, seal
from node.privacy.wallet_consents import ConsentSigner
from node.privacy.wallet_deals import (
    HeldDeal,
    RestoredDeal,
    accepted_deal,
    derived_essential,
    is_known_context,
    restored_deal,
)
from node.privacy.wallet_owner import own_points
from node.sss.commitments import Manifest
from node.sss.derivation import KEY_BYTES, EssentialContext, EssentialSecret, essential_of
from node.sss.drbg import SeedsUsed, fresh_stream
from node.sss.errors import WrongEssentialShareError
from node.sss.recovery import split_master
from node.sss.refresh import delta_shares, deposit_root, grant_shares, renewal_shares
from node.sss.shares import Container, Kind, Octets, decode_container

T = TypeVar("T")

_ESSENTIAL_LABEL: Final = b"wardnet/essential/v1\x00"


def seal_essential(essential: Container, patient_key: bytes, entropy: Entropy) -> bytes:
    """Seal the essential share to its patient: what the dealer sends, and then forgets.

    raises        SealingKeyError.
    """
    info = _ESSENTIAL_LABEL + essential.deal_id
    return seal(patient_key, info, essential.encode(), entropy)


class Wallet(ConsentSigner):
    """One patient's wallet."""

    def __init__(
        self,
        *,
        signer: Signer,
        sealing_private: bytes,
        master: bytes,
        domain: Domain,
        seeds: SeedsUsed,
    ) -> None:
        """Open an empty wallet; ``sealing_private`` and ``master`` have 32 bytes."""
        super().__init__(signer, domain)
        self._sealing_private = sealing_private
        self._master = master
        self._seeds = seeds
        self._reader = Grantee(signer=signer, sealing_private=sealing_private)
        self._held: dict[bytes, HeldDeal] = {}

    def __repr__(self) -> str:
        return f"Wallet(0x{self.address.hex()}, {len(self._held)} deals)"

    @property
    def sealing_public(self) -> bytes:
        """The X25519 key that stands in PatientRegistry."""
        return public_key_of(self._sealing_private)

    @property
    def deals(self) -> tuple[bytes, ...]:
        """The ids of all deals, in the order of their arrival."""
        return tuple(self._held)

    # ---- essential shares

    def essential_secret(self, context: EssentialContext) -> EssentialSecret:
        """Derive e and its salt of a deal to come, for its dealer, who sees them at dealing.

        raises        ValueError: not epoch 0; those of later epochs are no dealer's business.
                      CustodyError: ``twice``, a deal of this context is here: with one e for two
                      deals, who learns one record key opens the other record.
        """
        if context.epoch != 0:
            raise ValueError("a dealer is told e of epoch 0 only")
        if is_known_context(tuple(self._held.values()), context):
            raise CustodyError("twice", "a deal of this record, version and generation is held")
        return essential_of(self._master, context)

    def use_master(self, master: bytes) -> None:
        """Let another master count: for deals to come at once, for a held one at its renewal."""
        if len(master) != KEY_BYTES:
            raise ValueError(f"a master has {KEY_BYTES} bytes, not {len(master)}")
        self._master = master

    def split_master(
        self, *, needed: int, holders: int, entropy: Entropy, epoch: int = 0
    ) -> tuple[Container, ...]:
        """Share the master against its loss: index 1 .. holders, of which ``needed`` rebuild it.

        ``epoch``     counts on with every split of this wallet's master.
        raises        SharingPlanError, SeedReuseError.
        """
        return split_master(
            self._master,
            chain_id=self._domain.chain_id,
            patient=self.address,
            needed=needed,
            holders=holders,
            stream=fresh_stream(entropy, self._seeds),
            epoch=epoch,
        )

    def opened(self, opener: Callable[[bytes], T]) -> T:
        """Let what was sealed to the patient be opened: ``opener`` is told the private key."""
        return opener(self._sealing_private)

    def reclaimed(self, lost: Address, sealed: bytes) -> Container:
        """Open what a hospital gives back of the master of a lost account.

        raises        SealedBoxError, ShareFormatError, MixedRecordsError.
        """
        return open_reclaimed(self._sealing_private, lost, self._domain.chain_id, sealed)

    def entrust(self, share: Container, custodian_key: bytes, entropy: Entropy) -> bytes:
        """Sign and seal a share of the master to a hospital.  raises SealingKeyError."""
        return seal_entrusted(share, custodian_key, signer=self._signer, entropy=entropy)

    def accept(self, manifest: Octets, sealed: bytes | None = None) -> bytes:
        """Take a deal whose e a dealer sealed to this wallet, or was told by it; give its id.

        ``sealed``    None: e follows from the master, and nothing needs to be sent.
        raises        SealedBoxError, ShareFormatError.
                      WrongEssentialShareError: not of index 0, or not the manifest's.
                      CustodyError: ``twice``, the deal is here with another share.
        """
        listed = Manifest.decode(manifest)
        deal_id = listed.header.deal_id()
        derived = derived_essential(self._master, listed.header, listed.epoch)
        essential = derived if sealed is None else self._opened(listed, sealed)
        if essential.kind is not Kind.ESSENTIAL:
            raise WrongEssentialShareError("no index 0")
        if essential.digest() != listed.digests[0] or essential.epoch != listed.epoch:
            raise WrongEssentialShareError("its digest is not the manifest's")
        known = self._held.get(deal_id)
        if known is not None and known.essential(known.manifest.epoch) != essential:
            raise CustodyError("twice", f"deal {deal_id.hex()} is held with another share")
        if known is None:
            dealt = None if essential == derived else essential
            self._held[deal_id] = accepted_deal(listed, self._master, dealt)
        return deal_id

    def _opened(self, listed: Manifest, sealed: bytes) -> Container:
        info = _ESSENTIAL_LABEL + listed.header.deal_id()
        plain = open_sealed(self._sealing_private, info, sealed)
        return decode_container(plain, listed.header)

    def restore(self, master: bytes, deals: Iterable[RestoredDeal]) -> tuple[bytes, ...]:
        """Take deals whose e follows from a recovered master, all or none; give their ids.

        The steps that the lost wallet left are unknown: a renewal comes before the next grant.

        raises        ShareFormatError.
                      WrongEssentialShareError: the master does not make the manifest's e.
        """
        found = [restored_deal(one, master) for one in deals]
        by_id = {one.manifest.header.deal_id(): one for one in found}
        self._held.update(by_id)
        return tuple(by_id)

    def forget(self, deal_id: bytes) -> None:
        """Drop a deal that is erased: manifest, e, salts, counts.  raises UnknownDealError.

        The master stays, and with it the means to derive e again: the erasure rests on the
        custodians' shares and fragments, which are destroyed.
        """
        self._deal(deal_id)
        del self._held[deal_id]

    def manifest(self, deal_id: bytes) -> Manifest:
        """Give the manifest that came with a deal.  raises UnknownDealError."""
        return self._deal(deal_id).manifest

    def epoch(self, deal_id: bytes) -> int:
        """Give the epoch of a deal as far as the wallet knows.  raises UnknownDealError."""
        return self._deal(deal_id).epoch

    def essential(self, deal_id: bytes, epoch: int | None = None) -> Container:
        """Give the essential container of an epoch, the current one by default.

        raises        UnknownDealError.  WrongEssentialShareError: before the first epoch.
        """
        held = self._deal(deal_id)
        return held.essential(held.epoch if epoch is None else epoch)

    def advance(self, deal_id: bytes, epoch: int | None = None) -> int:
        """Follow the custodians into an epoch, by default the next one; give its number.

        raises        UnknownDealError.  CustodyError: ``step``, none was deposited for it;
                      ``epoch``, the wallet is beyond.
        """
        held = self._deal(deal_id)
        held.advance(held.epoch + 1 if epoch is None else epoch)
        return held.epoch

    def follow(self, deal_id: bytes, epoch: int) -> None:
        """Follow the custodians to a later epoch, by whatever steps they came there.

        raises        UnknownDealError.  CustodyError: ``epoch``, the wallet is beyond.
        """
        held = self._deal(deal_id)
        held.steps = max(held.steps, epoch)
        held.advance(epoch)

    def take_back(self, deal_id: bytes) -> None:
        """Count the last deposit as not made: too few custodians kept it.

        Its step number serves again; who kept the first step of that number stays behind.
        raises        UnknownDealError.
        """
        self._deal(deal_id).take_back()

    def renew(
        self,
        deal_id: bytes,
        custodian_keys: Sequence[bytes],
        entropy: Entropy,
        *,
        without: frozenset[int] = frozenset(),
        master: bytes | None = None,
    ) -> tuple[RenewalLetter | None, ...]:
        """Move a deal on under fresh steps: one letter for each custodian, index 1 .. N.

        All unspent steps are replaced, the first new one is made at once, and one for each grant
        that is lent stays in advance.  The wallet is in the next epoch afterwards: the letters go
        out, again and again as they are, until k custodians have taken theirs.

        ``custodian_keys``  X25519 keys of index 1 .. N; what stands for ``without`` is not used.
        ``without``   indices that get None: they stay behind with steps that are worth nothing.
        ``master``    what e follows from, from the next epoch on; None: the wallet's master.
        raises        UnknownDealError, SealingKeyError, SeedReuseError.
                      ValueError: not one key for each index, an index that does not exist, or
                      fewer than k custodians left.
        """
        held = self._deal(deal_id)
        header = held.manifest.header
        everyone = frozenset(range(1, header.custodians + 1))
        if len(custodian_keys) != header.custodians or not without <= everyone:
            raise ValueError(f"this deal has {header.custodians} custodians")
        if len(everyone - without) < header.needed:
            raise ValueError(f"{header.needed} custodians are needed in the next epoch")
        masters = held.with_master(self._master if master is None else master)
        renewed = replace(held, masters=masters, steps=held.renewed_steps())
        shares = renewal_shares(
            header,
            renewed.essentials(held.epoch, renewed.steps),
            epoch=held.epoch,
            stream=fresh_stream(entropy, self._seeds),
        )
        plains = [join_renewal(steps) for steps in shares]
        typed = typed_renewal(deal_id, held.epoch, digests_of(plains))
        letters = renewal_letters(
            typed,
            plains,
            custodian_keys,
            without=without,
            signature=sign(typed, self._domain, self._signer),
            entropy=entropy,
        )
        renewed.epoch += 1
        self._held[deal_id] = renewed
        return letters

    def _deal(self, deal_id: bytes) -> HeldDeal:
        held = self._held.get(deal_id)
        if held is None:
            raise UnknownDealError(deal_id)
        return held

    # ---- own records

    def owner_requests(
        self,
        deal_id: bytes,
        *,
        head: Head,
        indices: Iterable[int],
        entropy: Entropy,
        epoch: int | None = None,
    ) -> tuple[Request, ...]:
        """Ask custodians for their shares of an own record: one signed request for each index.

        ``epoch``     the custodians' own, by default the wallet's.
        raises        UnknownDealError.
        """
        held = self._deal(deal_id)
        return self._reader.requests(
            held.manifest,
            grant_id=OWNER_GRANT_ID,
            head=head,
            indices=indices,
            entropy=entropy,
            epoch=held.epoch if epoch is None else epoch,
        )

    def combine_owner(
        self,
        deal_id: bytes,
        requests: Sequence[Request],
        answers: Mapping[int, bytes],
        *,
        custodians: Sequence[Address] | None = None,
    ) -> Collected:
        """Check the answers to own requests, and add e: shares of K for ``open_released``.

        ``custodians``  who holds index 1 .. N now, where the ledger has replaced some.
        raises        UnknownDealError.  WrongEssentialShareError: an epoch before the first.
        """
        held = self._deal(deal_id)
        manifest = held.manifest
        if custodians is not None:
            manifest = replace(manifest, custodians=tuple(custodians))
        return own_points(self._reader.collect(manifest, requests, answers), held.essential)

    # ---- grants

    def deposit(
        self,
        grant_id: bytes,
        deal_id: bytes,
        custodian_keys: Sequence[bytes],
        entropy: Entropy,
    ) -> tuple[DepositLetter, ...]:
        """Lend a deal under a grant: one letter for each custodian, index 1 .. N.

        Every call spends one step number: the letters of one call go out together or, resent,
        as they are.

        ``custodian_keys``  X25519 keys of index 1 .. N, from HospitalRegistry.
        raises        UnknownDealError, SealingKeyError, SeedReuseError.
                      RefreshMissingError: more grants are lent than steps left in advance.
                      ValueError: not one key for each custodian.
        """
        held = self._deal(deal_id)
        header = held.manifest.header
        if len(custodian_keys) != header.custodians:
            raise ValueError(f"this deal has {header.custodians} custodians")
        held.check_steps()
        step = held.steps + 1
        lent = grant_shares(
            header,
            held.essential(held.epoch).payload,
            epoch=held.epoch,
            stream=fresh_stream(entropy, self._seeds),
        )
        deltas = delta_shares(
            header,
            *held.essentials(step - 1, step),
            epoch=step,
            stream=fresh_stream(entropy, self._seeds),
        )
        plains = [join_deposit(*pair) for pair in zip(lent, deltas, strict=True)]
        typed = Deposit(
            grant_id=grant_id,
            deal_id=deal_id,
            epoch=held.epoch,
            deposit_root=deposit_root(digests_of(plains)),
        )
        letters = deposit_letters(
            typed,
            plains,
            custodian_keys,
            signature=sign(typed, self._domain, self._signer),
            entropy=entropy,
        )
        held.steps, held.lent = step, held.lent + 1
        return letters
