"""``wardnet schema``: the scenario language as JSON Schema, for editors."""

from node.commands import output


def schema() -> None:
    """Print the JSON Schema of scenario files."""
    from node.sim.schema.scenario import Scenario

    output.write_json(Scenario.model_json_schema(by_alias=True))
