"""From the steps of research to their flows."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeAlias

from node.base.ports import Entropy
from node.privacy.research_export import HeaderValue
from node.sim.access_flows import Left
from node.sim.history import JsonValue
from node.sim.schema import research_steps as todo
from node.sim.step_ready import whole_seconds
from node.sim.world import World
from node.workflows.consult import Visit
from node.workflows.requests import Flow
from node.workflows.research import (
    Exported,
    FundedStudy,
    Joined,
    Payment,
    collect_share,
    export_dataset,
    fund_study,
    join_study,
    leave_study,
    pay_out,
    refund_study,
)

AllJoined: TypeAlias = Callable[[], tuple[Joined, ...]]
"""Gives what all steps that joined a study have left, in the order in which they ended."""


def research_flow(
    world: World, step: todo.ResearchStep, left: Left, all_joined: AllJoined, entropy: Entropy
) -> Flow[object]:
    """Give the flow of a step.

    raises        StepNotReadyError: a step that it refers to did not end well.
    """
    cast = world.cast
    ward = cast.ward
    match step:
        case todo.FundStudy():
            return fund_study(
                ward,
                cast.researchers[step.researcher],
                purpose=step.purpose,
                k=step.k,
                places=step.places,
                price_wei=step.price,
                share_percent=step.share_percent,
                seconds=whole_seconds(step.for_us),
            )
        case todo.JoinStudy():
            study, visit = left(step.study, FundedStudy), left(step.pmr, Visit)
            return join_study(ward, cast.patients[step.patient], study, visit.pmr_id, entropy)
        case todo.LeaveStudy():
            joined = left(step.joined, Joined)
            return leave_study(ward, replace(joined, patient=cast.patients[step.patient]))
        case todo.ExportDataset():
            study = left(step.study, FundedStudy)
            people = tuple(one for one in all_joined() if one.study is study)
            researcher = cast.researchers[step.researcher]
            return export_dataset(
                ward, researcher, study, people, diversity=step.l, entropy=entropy
            )
        case todo.PayOut():
            return pay_out(ward, cast.patients[step.patient], left(step.study, FundedStudy))
        case todo.CollectShare():
            hospital = cast.hospitals[step.hospital]
            return collect_share(ward, hospital, left(step.study, FundedStudy))
        case todo.RefundStudy():
            researcher = cast.researchers[step.researcher]
            return refund_study(ward, researcher, left(step.study, FundedStudy))


def told(value: object) -> dict[str, JsonValue]:
    """Give what the history says of a step's result: a dataset's header, an amount of money."""
    match value:
        case Exported():
            return {
                "header": {name: _json(one) for name, one in value.dataset.header.items()},
                "commitment": f"0x{value.dataset.commitment.hex()}",
                "unread": [list(one) for one in value.unread],
                "warnings": list(value.warnings),
            }
        case Payment():
            return {"study": value.study_id, "amount_wei": str(value.amount_wei)}
        case _:
            return {}


def dataset_files(exported: Iterable[tuple[str, Exported]]) -> dict[str, bytes]:
    """Give the files of a run folder that datasets become, by the id of their step."""
    files: dict[str, bytes] = {}
    for step, one in exported:
        files[f"datasets/{step}.json"] = one.dataset.data
        files[f"datasets/{step}.csv"] = one.dataset.table
    return files


def _json(value: HeaderValue) -> JsonValue:
    return [*value] if isinstance(value, list) else value
