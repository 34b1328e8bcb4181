"""``wardnet share``: files shared between a patient and custodians, and rebuilt."""

import typer

from node.commands import share_combine, share_inspect, share_qr, share_split, share_verify

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Share a file between a patient and custodians, rebuild it, look into shares, check them.",
)
app.command("split", help=share_split.HELP)(share_split.split)
app.command("combine")(share_combine.combine)
app.command("inspect")(share_inspect.inspect)
app.command("verify")(share_verify.verify)
app.command("qr")(share_qr.qr)
