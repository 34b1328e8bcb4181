"""``expect``: what must hold at the end, always, or never (simulation.md section 12)."""

from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema

from node.base.limits import VALIDATORS_COUNT_MAX
from node.base.rng import PPM
from node.sim.schema.base import Id, PlacedSection, Section, duration_field, refers_to, whole
from node.sim.schema.conditions import When
from node.sim.schema.network import Selector
from node.sim.schema.units import Duration, PositiveDuration, Probability, duration_text, wants

_BLOCKS_MAX: Final = 10**9


class HeadsAgree(Section):
    """Nodes that know the same blocks have the same head."""

    name: Literal["heads_agree"]


class ChainLinked(Section):
    """Every block names its parent's hash and number."""

    name: Literal["chain_linked"]


class SealAuthorised(Section):
    """Every block is sealed by a validator whose turn allowed it."""

    name: Literal["seal_authorised"]


class StateRootReproducible(Section):
    """Blocks drawn at random, executed again elsewhere, give what their headers say.

    Every run is audited so, whether its file says it or not.
    """

    name: Literal["state_root_reproducible"]


class GrantWindowRespected(Section):
    """No share leaves a custodian outside of a grant, by block time."""

    name: Literal["grant_window_respected"]


class OverExposure(Section):
    """No share was released longer after its grant's end than this.

    ``chain``  by the time of the block that the custodian judged by; ``clock``  by true time, which
    is ahead of any final block.  A release at the very second of the end counts as one second.
    """

    name: Literal["over_exposure"]
    at_most_us: Duration = duration_field(0, "at_most")
    by: Literal["chain", "clock"] = "chain"


class NoUnauditedRelease(Section):
    """Every release stands on CustodyLedger so many blocks later."""

    name: Literal["no_unaudited_release"]
    blocks: Annotated[int, whole(1, _BLOCKS_MAX)] = 10


class RecordReadable(Section):
    """The patient's share, shares in stores and fragments open the record now.

    Tried with what lies in the stores of nodes that run, by the rules of the scheme.
    """

    name: Literal["record_readable"]
    record: Id = refers_to("record")


class Erased(Section):
    """All nodes together cannot open the record: no share and no fragment of it is left."""

    name: Literal["erased"]
    record: Id = refers_to("record")


class PlaintextLeak(Section):
    """A marked text of a record stands somewhere in clear."""

    name: Literal["plaintext_leak"]


class StepOk(Section):
    """A step ended as ``ok``."""

    name: Literal["step_ok"]
    step: Id = refers_to("step")


class Refused(Section):
    """A step ended as ``refused``."""

    name: Literal["refused"]
    step: Id = refers_to("step")


class LivesDone(Section):
    """So many of the steps that ``lives`` came to have ended as ``ok``."""

    name: Literal["lives_done"]
    ratio: Probability = PPM


class ShareRule(Section):
    """Exactly the sets with the essential share and t-1 custodians open the record."""

    name: Literal["share_rule"]
    record: Id = refers_to("record")


class HeightAtLeast(Section):
    """Every node has that many blocks above genesis."""

    name: Literal["height_at_least"]
    blocks: Annotated[int, whole(1, _BLOCKS_MAX)]


class Agreement(Section):
    """Of any two decided chains of honest nodes, at any two times, one begins the other."""

    name: Literal["agreement"]


class Integrity(Section):
    """What an honest node holds for decided only grows."""

    name: Literal["integrity"]


class ValidatorSetPure(Section):
    """After one block all honest nodes read one set: that of headers and of the registry's log."""

    name: Literal["validator_set_pure"]


class NoHonestDoubleSign(Section):
    """No honest key signs two things in one slot."""

    name: Literal["no_honest_double_sign"]


class BftRules(Section):
    """QBFT, IBFT 1: locks are kept, rounds rise, what is prepared or decided was proposed."""

    name: Literal["bft_rules"]


class CliqueRules(Section):
    """Clique: seals, turns and checkpoints are right, and no head falls in difficulty."""

    name: Literal["clique_rules"]


class AuraRules(Section):
    """AuRa: steps rise, primaries seal, scores are right, and what is final only grows."""

    name: Literal["aura_rules"]


class RegistryRules(Section):
    """The registry removes no more at once than its cap, and not below its minimum."""

    name: Literal["registry_rules"]


class TimesPossible(Section):
    """Blocks keep the period, and are not of the future of who takes them."""

    name: Literal["times_possible"]


class Deadlock(Section):
    """Clique: all blocks are delivered, and no online signer may seal on its own head."""

    name: Literal["deadlock"]


class ReorgDeeperThan(Section):
    """An honest node left more than so many blocks of its chain at once."""

    name: Literal["reorg_deeper_than"]
    blocks: Annotated[int, whole(0, _BLOCKS_MAX)]


class FinalisedAtLeast(Section):
    """Every honest node holds a block of that number for final."""

    name: Literal["finalised_at_least"]
    blocks: Annotated[int, whole(1, _BLOCKS_MAX)]


class HeightGrows(Section):
    """The head of each of the nodes grows in the window; with ``never``: of none of them."""

    name: Literal["height_grows"]
    nodes: Selector = refers_to("node")


class Stalled(Section):
    """No head of the nodes grew for so long."""

    name: Literal["stalled"]
    nodes: Selector = refers_to("node")
    for_us: PositiveDuration = Field(alias="for")


class Copies(Section):
    """So many running nodes keep a record's manifest for the network: pinned, and whole.

    Judged from the bytes on their disks.
    """

    name: Literal["copies"]
    record: Id = refers_to("record")
    at_least: Annotated[int, whole(0, VALIDATORS_COUNT_MAX)] = 0
    at_most: Annotated[int, whole(0, VALIDATORS_COUNT_MAX)] = VALIDATORS_COUNT_MAX


class StoresSound(Section):
    """Every public block that a running node stores has the hash of its name.

    Judged from the bytes on the disks.  A sealed block has one copy: what rots there is gone.
    """

    name: Literal["stores_sound"]


class InValidatorSet(Section):
    """The node may seal on the highest head."""

    name: Literal["in_validator_set"]
    node: Id = refers_to("member")


class EvidenceAgainst(Section):
    """Somebody reported that the node broke a rule."""

    name: Literal["evidence_against"]
    node: Id = refers_to("member")


Predicate: TypeAlias = (
    HeadsAgree
    | ChainLinked
    | SealAuthorised
    | StateRootReproducible
    | GrantWindowRespected
    | OverExposure
    | NoUnauditedRelease
    | RecordReadable
    | Erased
    | PlaintextLeak
    | StepOk
    | Refused
    | LivesDone
    | ShareRule
    | HeightAtLeast
    | Agreement
    | Integrity
    | ValidatorSetPure
    | NoHonestDoubleSign
    | BftRules
    | CliqueRules
    | AuraRules
    | RegistryRules
    | TimesPossible
    | Deadlock
    | ReorgDeeperThan
    | FinalisedAtLeast
    | HeightGrows
    | Stalled
    | Copies
    | StoresSound
    | InValidatorSet
    | EvidenceAgainst
)
PREDICATE_MODELS: Final[dict[str, type[Section]]] = {
    get_args(model.model_fields["name"].annotation)[0]: model for model in get_args(Predicate)
}
"""Name of each predicate that is built, and its model."""


def _named(value: object) -> object:
    """Accept ``heads_agree`` and ``{step_ok: {step: read-1}}``."""
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, dict) and len(value) == 1:
        ((name, arguments),) = value.items()
        if arguments is None:
            return {"name": name}
        if isinstance(arguments, dict) and "name" not in arguments:
            return {**arguments, "name": name}
    raise wants("a predicate, or one predicate with its arguments")


def _json_schema() -> dict[str, Any]:
    """Describe both forms: the name alone, or one key with the arguments."""
    properties: dict[str, Any] = {}
    for name, model in PREDICATE_MODELS.items():
        described = model.model_json_schema()
        described["properties"].pop("name")
        described["required"].remove("name")
        properties[name] = described
    return {
        "anyOf": [
            {"enum": [name for name, described in properties.items() if not described["required"]]},
            {
                "type": "object",
                "properties": properties,
                "additionalProperties": False,
                "minProperties": 1,
                "maxProperties": 1,
            },
        ]
    }


AnyPredicate: TypeAlias = Annotated[
    Annotated[Predicate, Field(discriminator="name")],
    BeforeValidator(_named),
    WithJsonSchema(_json_schema()),
]
Mode: TypeAlias = Literal["always", "never", "eventually"]
MODES: Final[tuple[Mode, ...]] = ("always", "never", "eventually")


class Expectation(PlacedSection):
    """One promise; exactly one of the three modes is there."""

    always: AnyPredicate | None = None
    never: AnyPredicate | None = None
    eventually: AnyPredicate | None = None
    by_us: PositiveDuration | None = Field(default=None, alias="by")
    """With ``eventually``; None: by the end of the run."""
    from_us: Duration = duration_field(0, "from")
    """Nothing before counts."""
    until_us: PositiveDuration | None = Field(default=None, alias="until")
    """With ``always`` and ``never``; None: to the end of the run."""
    and_stay: bool = False
    """With ``eventually``: true once, true from then on."""
    when: When = Field(default_factory=dict[str, Any])
    """Judge only if the resolved file has these values: dotted path, and a value or a list."""

    @property
    def mode(self) -> Mode:
        """Say which of the three modes this is."""
        return next(mode for mode in MODES if getattr(self, mode) is not None)

    @property
    def predicate(self) -> Predicate:
        """Give the predicate of the mode."""
        predicate = self.always or self.never or self.eventually
        assert predicate is not None
        return predicate

    @property
    def text(self) -> str:
        """Write the expectation in one line, as a reader would."""
        arguments: dict[str, Any] = self.predicate.model_dump(exclude={"name"})
        words: list[str] = [self.mode, self.predicate.name]
        words += [f"{key.removesuffix('_us')}={_shown(key, arguments[key])}" for key in arguments]
        if self.from_us:
            words += ["from", duration_text(self.from_us)]
        if self.until_us is not None:
            words += ["until", duration_text(self.until_us)]
        if self.by_us is not None:
            words += ["by", duration_text(self.by_us)]
        for path, value in self.when.items():
            words += ["when", f"{path}={_shown(path, value)}"]
        return " ".join(words) + (", and stay" if self.and_stay else "")


def _shown(key: str, value: object) -> str:
    if key.endswith("_us") and isinstance(value, int):
        return duration_text(value)
    return "|".join(str(one) for one in value) if isinstance(value, tuple) else str(value)
