"""``wardnet schema``: the scenario language as JSON Schema, for editors."""

from typing import Annotated

import typer

from node.commands import output


def schema(
    as_json: Annotated[  # noqa: ARG001 - the answer is JSON with and without it
        bool, typer.Option("--json", help="As it is: the answer is one JSON document.")
    ] = False,
) -> None:
    """Print the JSON Schema of scenario files."""
    from node.sim.schema.scenario import Scenario

    output.write_json(Scenario.model_json_schema(by_alias=True))
