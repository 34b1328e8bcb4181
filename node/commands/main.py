"""The command line ``wardnet``: reads the words, starts one command, turns errors into sentences.

stdout is the result, stderr is the talk (rpc-and-ux.md section 12).  What a command needs is
imported inside its function, so that ``--help`` pays for none of it.
"""

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from node.base.errors import StorageError, UsageError, WardnetError
from node.commands import (
    audit,
    bench,
    chain,
    check,
    compare,
    consent,
    doctor,
    output,
    records,
    run,
    schema,
    share,
    store,
    sweep,
    test,
)

CLOSED_PIPE = 141
"""Exit code when the reader of stdout went away: 128 + SIGPIPE, as a shell shows it."""
INTERRUPTED = 130
ENVIRONMENT = 3

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("run")(run.run)
app.command("compare")(compare.compare)
app.command("sweep")(sweep.sweep)
app.command("check")(check.check)
app.command("schema")(schema.schema)
app.command("test", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(
    test.run_checks
)
app.command("audit")(audit.audit)
app.command("doctor")(doctor.doctor)
app.add_typer(chain.app, name="chain")
app.add_typer(store.app, name="store")
app.add_typer(share.app, name="share")
app.add_typer(consent.app, name="consent")
app.add_typer(records.app, name="records")
app.add_typer(bench.app, name="bench")


@app.callback()
def options(
    _debug: Annotated[
        bool, typer.Option("--debug", help="Show a traceback with an error; any command.")
    ] = False,
) -> None:
    """A permissioned hospital blockchain that anybody can run, break and study on a laptop."""


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; give its exit code.

    0 valid or done, 1 an expectation or a check failed, 2 usage or file error (nothing ran),
    3 unknown or environment, 130 stopped by Ctrl-C, 141 the reader of stdout went away.
    """
    given = list(sys.argv[1:] if words is None else words)
    debug, given = _take_debug(given)
    output.prepare_streams()
    try:
        status = _call(given)
        sys.stdout.flush()
    except BrokenPipeError:
        status = CLOSED_PIPE
    except KeyboardInterrupt:
        status = INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last answer to whatever went wrong
        if debug:
            traceback.print_exc()
        try:
            status = _answer(error, as_json="--json" in given)
            sys.stdout.flush()
        except BrokenPipeError:
            status = CLOSED_PIPE
    if status == CLOSED_PIPE:  # else the interpreter complains when it flushes on its way out
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return status


def _take_debug(words: list[str]) -> tuple[bool, list[str]]:
    """Take ``--debug`` out, wherever it stands before a ``--``."""
    end = words.index("--") if "--" in words else len(words)
    kept = [word for word in words[:end] if word != "--debug"]
    return len(kept) < end, kept + words[end:]


def _call(words: list[str]) -> int:
    try:
        status = app(args=words or ["--help"], prog_name="wardnet", standalone_mode=False)
    except SystemExit:  # typer's answer to a closed pipe
        return CLOSED_PIPE
    return status if isinstance(status, int) else 0


def _answer(error: Exception, *, as_json: bool) -> int:
    """Print the sentence for an error; give the exit code."""
    sentence, hint, status = f"{type(error).__name__}: {error}", "", ENVIRONMENT
    if isinstance(error, WardnetError):
        sentence, status = str(error) or type(error).__name__, error.exit_code
        if isinstance(error, UsageError | StorageError):  # what was typed stands in them
            sentence = output.printable(sentence)
        hint = getattr(error, "hint", "") if "\n" not in sentence else ""
    elif isinstance(error, typer.TyperException):
        sentence, hint, status = error.format_message(), _usage_hint(error), error.exit_code
    elif isinstance(error, ModuleNotFoundError) and not str(error.name).startswith("node"):
        sentence, hint = f"{error.name} is not installed", "python3 cli.py doctor"
    elif isinstance(error, OSError) and error.strerror:
        sentence = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    elif not isinstance(error, OSError):
        sentence, hint = f"unexpected {sentence}", "repeat the command with --debug"
    output.complain(sentence, hint)
    if as_json:
        output.write_json({"error": sentence, "exit_code": status, "hint": hint, "seed": None})
    return status


def _usage_hint(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    path = "wardnet" if context is None else str(context.command_path)
    return f"{output.program()}{path.removeprefix('wardnet')} --help"


if __name__ == "__main__":
    sys.exit(main())
