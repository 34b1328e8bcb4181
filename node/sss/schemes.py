"""One way to deal and open, whatever the scheme; names, claims and limits of each.

Names and claims are those of secret-sharing.md section 2, word for word.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from node.base.limits import RECORD_IN_MEMORY_BYTES_MAX
from node.base.limits_sharing import (
    NLSS_SECRET_BYTES_MAX,
    UNWARNED_SECRET_BYTES_MAX,
    XOR_SECRET_BYTES_MAX,
)
from node.base.ports import Entropy
from node.sss import feldman, nlss, ssms, xor_1tn
from node.sss.bundle import Bundle
from node.sss.claims import CLAIMS
from node.sss.commitments import Manifest
from node.sss.deals import Deal
from node.sss.derivation import EssentialSecret
from node.sss.drbg import SeedsUsed
from node.sss.errors import (
    DuplicateShareError,
    FragmentMismatchError,
    MixedEpochsError,
    MixedRecordsError,
    ShareFormatError,
    SharingPlanError,
    UnknownSchemeError,
    WrongEssentialShareError,
    WrongKeyError,
    WrongSecretError,
)
from node.sss.record_key import OpenedRecord
from node.sss.shares import AEAD_SCHEMES, Kind, Octets, Scheme
from node.sss.terms import DealTerms, Profile


@dataclass(frozen=True, slots=True)
class SchemeFacts:
    """What a person who chooses a scheme must know."""

    name: str
    claim: str
    record_bytes_max: int
    """Of a record that is dealt in memory."""


SCHEMES: Final = {
    scheme: SchemeFacts(name, CLAIMS[name], bytes_max)
    for scheme, name, bytes_max in (
        (Scheme.SSMS, "ssms-1tn", RECORD_IN_MEMORY_BYTES_MAX),
        (Scheme.XOR, "xor-1tn", XOR_SECRET_BYTES_MAX),
        (Scheme.NLSS_Q, "nlss-q", NLSS_SECRET_BYTES_MAX),
        (Scheme.SSMS_FELDMAN, "ssms-feldman", RECORD_IN_MEMORY_BYTES_MAX),
    )
}
"""The schemes that can be used, by number; the first is the default."""


def scheme_named(name: str) -> Scheme:
    """Give the scheme of a name.

    raises        UnknownSchemeError: there is none.
    """
    for scheme, facts in SCHEMES.items():
        if facts.name == name:
            return scheme
    raise UnknownSchemeError(name, tuple(facts.name for facts in SCHEMES.values()))


def warnings_of(scheme: Scheme, terms: DealTerms, *, length: int) -> tuple[str, ...]:
    """Name what is allowed and worth a thought about a deal of ``length`` bytes."""
    found = list(terms.warnings)
    if scheme is Scheme.XOR and length > UNWARNED_SECRET_BYTES_MAX:
        found.append("shares_as_long_as_the_record")
    if scheme is Scheme.NLSS_Q:
        found.append("leaks_below_the_threshold")
    return tuple(found)


def deal_record(
    scheme: Scheme,
    record: Octets,
    terms: DealTerms,
    *,
    entropy: Entropy,
    seeds: SeedsUsed,
    profile: Profile,
    derived: EssentialSecret | None = None,
) -> Deal:
    """Share a record so that e AND any t-1 of the n-1 custodians open it.

    ``record``    1 .. ``SCHEMES[scheme].record_bytes_max`` bytes.
    ``entropy``   48 bytes are taken; the system's in production, a seeded one in a simulation.
    ``derived``   schemes 1 and 4: the essential share from the patient's wallet; None draws one.
    raises        EmptyRecordError, RecordTooLongError, SharingPlanError, SeedReuseError,
                  SimulatedSecretError;
                  TypeError: the record is not bytes-like.
    """
    if derived is not None and scheme not in AEAD_SCHEMES:
        rule = "only in ssms-1tn and ssms-feldman can a wallet's 32 bytes be the essential share"
        raise SharingPlanError(terms.t, terms.n, rule)
    match scheme:
        case Scheme.SSMS:
            return ssms.deal(
                record, terms, entropy=entropy, seeds=seeds, profile=profile, derived=derived
            )
        case Scheme.XOR:
            return xor_1tn.deal(record, terms, entropy=entropy, seeds=seeds, profile=profile)
        case Scheme.NLSS_Q:
            return nlss.deal(record, terms, entropy=entropy, seeds=seeds, profile=profile)
        case Scheme.SSMS_FELDMAN:
            return feldman.deal(
                record, terms, entropy=entropy, seeds=seeds, profile=profile, derived=derived
            )


def open_holders(
    essential: Bundle, custodians: Iterable[Bundle], *, profile: Profile
) -> OpenedRecord:
    """Rebuild a record from the patient's file and custodians' files.

    A custodian whose share is proved wrong is named among the ``liars``, and the record is
    rebuilt from the others while t-1 of them are left.

    raises        WrongEssentialShareError, DuplicateShareError, ShareMissingError;
                  MixedEpochsError, MixedRecordsError: the files have different manifests.
                  SimulatedSecretError: made for another profile.
                  FragmentMismatchError, WrongKeyError, WrongSecretError: too few right shares.
                  TamperedRecordError, ShareFormatError.
    """
    left = one_deal(essential, custodians)
    manifest = essential.manifest
    liars: set[int] = set()
    while True:
        try:
            opened = _open(manifest, essential, tuple(left.values()), profile)
        except (
            FragmentMismatchError,
            ShareFormatError,
            WrongKeyError,
            WrongSecretError,
        ) as error:
            named = _proved_wrong(error)
            rest = {index: one for index, one in left.items() if index not in named}
            if len(rest) == len(left) or len(rest) < manifest.header.needed:
                raise
        else:
            return OpenedRecord(opened.record, tuple(sorted(liars.union(opened.liars))))
        left = rest
        liars |= named


def _proved_wrong(
    error: FragmentMismatchError | ShareFormatError | WrongKeyError | WrongSecretError,
) -> set[int]:
    """Give the custodians whose shares an error proves wrong."""
    match error:
        case FragmentMismatchError():
            return {error.index}
        case ShareFormatError():  # of the other codes nobody can say whose fault they are
            return {error.index} if error.code == "scalar" and error.index else set()
        case _:
            return {*error.liars}


def one_deal(essential: Bundle, custodians: Iterable[Bundle]) -> dict[int, Bundle]:
    """Give the custodians' files in order of index, all of the patient's manifest.

    raises        WrongEssentialShareError, DuplicateShareError, MixedEpochsError,
                  MixedRecordsError: the files have different manifests.
    """
    if essential.share.kind is not Kind.ESSENTIAL:
        raise WrongEssentialShareError("no index 0")
    manifest = essential.manifest
    found: dict[int, Bundle] = {}
    for one in custodians:
        _check_same(manifest, one.manifest)
        if one.share.kind is Kind.ESSENTIAL or one.share.index in found:
            raise DuplicateShareError(one.share.index)
        found[one.share.index] = one
    return dict(sorted(found.items()))


def _check_same(want: Manifest, got: Manifest) -> None:
    if got == want:
        return
    if got.header == want.header and got.epoch != want.epoch:
        raise MixedEpochsError(tuple(sorted((want.epoch, got.epoch))))
    if got.header == want.header:
        raise MixedRecordsError(want.manifest_id(), got.manifest_id())
    raise MixedRecordsError(want.header.deal_id(), got.header.deal_id())


def _open(
    manifest: Manifest, essential: Bundle, custodians: tuple[Bundle, ...], profile: Profile
) -> OpenedRecord:
    shares = [one.share.encode() for one in (essential, *custodians)]
    fragments = [one.fragment for one in custodians if one.fragment is not None]
    match manifest.header.scheme:
        case Scheme.SSMS:
            return ssms.open_record(manifest, shares, fragments, profile=profile)
        case Scheme.XOR:
            return xor_1tn.open_record(manifest, shares, profile=profile)
        case Scheme.NLSS_Q:
            return nlss.open_record(manifest, shares, profile=profile)
        case Scheme.SSMS_FELDMAN:
            return feldman.open_record(manifest, shares, fragments, profile=profile)
