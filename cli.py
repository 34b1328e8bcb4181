#!/usr/bin/env python3
"""Starts wardnet from a checkout: makes an environment of its own, once, and runs inside it.

Standard library only.  Parses under Python 3.7, so that an old Python gets a sentence and no
SyntaxError.  Everything else is in ``node/commands``.

    python3 cli.py run scenarios/patient-journey.yaml
    python3 cli.py test

WARDNET_VENV      where the environment goes; .venv beside this file without it
WARDNET_NO_VENV   1: use this interpreter as it is
"""

import contextlib
import errno
import hashlib
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
STAMP = ".wardnet-ready"
ENTRY = ["-P", "-m", "node.commands.main"]  # -P: a folder "node" where it is called is not ours
CAUSES = [  # what pip or the system said, the sentence for it, what to do
    (r"No space left on device", "there is no space left for {venv}", "WARDNET_VENV=<folder>"),
    (r"Read-only file system|Permission denied", "cannot write {venv}", "WARDNET_VENV=<folder>"),
    (
        r"NewConnectionError|NameResolutionError|ConnectTimeoutError|ProxyError|SSLError"
        r"|Connection refused|Connection reset|Read timed out|Network is unreachable"
        r"|Temporary failure in name resolution"
        r"|requirement setuptools\S* \(from versions: none\)",  # every index has that one
        "the package index cannot be reached",
        "connect, or name an index in PIP_INDEX_URL, and try again",
    ),
    (
        r"(?:No matching distribution found for|The user requested \(constraint\)) ([^\s;]+)",
        "there is no wheel of {0} for this machine and Python {python}",
        "",
    ),
]


class Stop(Exception):
    """Setting up cannot go on: a sentence, and perhaps what to do about it."""


def main():
    version = "%d.%d.%d" % sys.version_info[:3]
    if sys.version_info < (3, 11):
        return fail("wardnet needs Python 3.11 or newer; this is " + version)
    if sys.version_info >= (3, 14):
        return fail("wardnet needs Python 3.11, 3.12 or 3.13; this is " + version)
    os.environ.setdefault("WARDNET_PROGRAM", "python3 cli.py")
    venv = os.path.abspath(os.environ.get("WARDNET_VENV") or os.path.join(ROOT, ".venv"))
    if os.environ.get("WARDNET_NO_VENV") == "1" or installed_here() or is_inside(venv):
        return run_in_place()
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    extras = ["test"] if words[:1] == ["test"] else []
    try:
        if not is_ready(venv, extras):
            set_up(venv, extras)
    except KeyboardInterrupt:
        return 130
    except Stop as stop:
        return fail(*stop.args)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM):
            return fail(*explain(venv, error.strerror or str(error)))
        return fail("cannot set up %s: %s" % (venv, error))
    command = [interpreter(venv)] + ENTRY + sys.argv[1:]
    if os.name == "nt":
        return subprocess.call(command)
    sys.stdout.flush()
    return os.execv(command[0], command)  # signals and the exit code are the program's own


def fail(sentence, hint=""):
    sys.stderr.write("error: " + sentence + "\n" + ("hint: " + hint + "\n" if hint else ""))
    return 3


def run_in_place():
    try:
        from node.commands.main import main as wardnet
    except ModuleNotFoundError as error:
        return fail("%s is not installed in %s" % (error.name, sys.executable), "pip install -e .")
    return wardnet()


def installed_here():
    """Say whether this interpreter has the distribution, installed from this checkout."""
    import importlib.metadata
    import json
    from urllib.parse import unquote, urlsplit

    for found in importlib.metadata.distributions(name="wardnet"):
        origin = json.loads(found.read_text("direct_url.json") or "{}")  # an egg-info has none
        if os.path.realpath(unquote(urlsplit(origin.get("url", "")).path) or "/") == real(ROOT):
            return True
    return False


def is_inside(venv):
    return real(sys.prefix) == real(venv)


def real(path):
    return os.path.normcase(os.path.realpath(path))


def interpreter(venv):
    parts = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return os.path.join(venv, *parts)


def wanted_stamp():
    """Give what the stamp says: this Python, this place, these requirements."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return ["python %d.%d" % sys.version_info[:2], "root " + ROOT, "sha256 " + digest.hexdigest()]


def read_stamp(venv):
    """Give the stamp's lines; empty without stamp or without a Python that starts."""
    with contextlib.suppress(OSError, UnicodeError):
        if os.path.exists(interpreter(venv)):
            with open(os.path.join(venv, STAMP), encoding="utf-8") as file:
                return file.read().splitlines()
    return []


def is_ready(venv, extras):
    stamp = read_stamp(venv)
    return stamp[:3] == wanted_stamp() and set(extras) <= set(" ".join(stamp[3:]).split()[1:])


def set_up(venv, extras):
    """Make the environment, or bring it up to date, and leave the stamp as the last thing."""
    lock_path = os.path.join(os.path.dirname(venv), ".wardnet-%s.lock" % os.path.basename(venv))
    ours = venv == os.path.join(ROOT, ".venv") or is_marked(lock_path)
    if not ours and os.path.isdir(venv) and os.listdir(venv):
        raise Stop("%s is not empty and was not made by cli.py" % venv, "WARDNET_VENV=<folder>")
    sys.stderr.write(
        "setting up wardnet in %s: once, about %s\n" % (venv, "a minute" if extras else "30 s")
    )
    sys.stderr.flush()
    os.makedirs(os.path.dirname(venv), exist_ok=True)
    with locked(lock_path) as lock:
        if is_ready(venv, extras):
            return  # another first run was faster
        keep = read_stamp(venv)[:2] == wanted_stamp()[:2]
        keep = keep or (not is_marked(lock_path) and is_whole(venv, lock))  # made by hand
        if not keep:
            lock.write("made by cli.py\n")  # so that a half-made one may be cleared
            lock.flush()
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(venv, STAMP))  # from here to the end it is half-made
        pip = find_pip(venv, lock, keep)
        words = ["install", "--disable-pip-version-check", "--only-binary", ":all:"]
        words += ["--no-compile", "-c", os.path.join(ROOT, "constraints.txt")]  # saves 9 s of 36
        status, output = call(pip + words + what_to_install(venv, extras, lock), lock)
        if status:
            raise Stop(*explain(venv, output))
        call([interpreter(venv)] + ENTRY + ["--help"], lock)  # compiles what every command needs
        temporary = os.path.join(venv, STAMP + ".new")
        with open(temporary, "w", encoding="utf-8") as file:
            file.write("\n".join(wanted_stamp() + [" ".join(["extras"] + extras)]) + "\n")
        os.replace(temporary, os.path.join(venv, STAMP))


def is_marked(lock_path):
    return os.path.exists(lock_path) and os.path.getsize(lock_path) > 0


def is_whole(venv, lock):
    """Say whether this is an environment of this Python x.y with a pip that starts."""
    ask = "import pip, sys; print('%d.%d' % sys.version_info[:2], end='')"
    with contextlib.suppress(OSError):
        return call([interpreter(venv), "-c", ask], lock) == (0, "%d.%d" % sys.version_info[:2])
    return False


def what_to_install(venv, extras, lock):
    """Give pip's last words: the checkout, editable; of one that is read-only what it needs."""
    if os.access(ROOT, os.W_OK):
        return ["-e", ROOT + ("[%s]" % ",".join(extras) if extras else "")]
    import tomllib

    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as file:
        project = tomllib.load(file)["project"]
    ask = "import sysconfig; print(sysconfig.get_path('purelib'), end='')"
    _, packages = call([interpreter(venv), "-c", ask], lock)
    facts = os.path.join(packages, "wardnet-%s.dist-info" % project["version"])
    os.makedirs(facts, exist_ok=True)
    with open(os.path.join(facts, "METADATA"), "w", encoding="utf-8") as file:
        file.write("Metadata-Version: 2.1\nName: wardnet\nVersion: %s\n" % project["version"])
    with open(os.path.join(packages, "wardnet-checkout.pth"), "w", encoding="utf-8") as file:
        file.write(ROOT + "\n")
    optional = project["optional-dependencies"]
    return sum((optional[extra] for extra in extras), project["dependencies"])


@contextlib.contextmanager
def locked(path):
    """Hold a lock file.  Children inherit it: a pip that outlives its killed parent keeps it."""
    with open(path, "a") as file:
        if os.name == "nt":
            import msvcrt

            while True:
                with contextlib.suppress(OSError):  # gives up after ten seconds: ask again
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
                    break
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def call(command, lock):
    """Run a command; give its exit code and all that it said."""
    environment = dict(os.environ, PIP_USER="0", PIP_REQUIRE_VIRTUALENV="0", PIP_NO_INPUT="1")
    for name in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_QUIET", "PYTHONHOME"):
        environment.pop(name, None)
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        pass_fds=() if os.name == "nt" else (lock.fileno(),),
    )
    return done.returncode, done.stdout.decode("utf-8", "replace")


def has_module(name):
    """Say whether a module is whole: Debian leaves an empty folder where ensurepip should be."""
    import importlib.util

    found = importlib.util.find_spec(name)
    return found is not None and found.origin is not None


def find_pip(venv, lock, keep):
    """Give the words that run a pip for the environment; make the environment unless kept."""
    python = interpreter(venv)
    make = [sys.executable, "-m", "venv", "--clear"]
    whole = keep or (has_module("ensurepip") and call(make + [venv], lock)[0] == 0)
    if whole and call([python, "-m", "pip", "--version"], lock)[0] == 0:
        return [python, "-m", "pip"]
    status, output = (0, "") if keep else call(make + ["--without-pip", venv], lock)
    if status:
        raise Stop(*explain(venv, output))
    if has_module("pip"):
        system = [sys.executable, "-m", "pip", "--python", python]
        if call(system + ["--version"], lock)[0] == 0:  # pip 22.3 brought --python
            return system
    return [python, os.path.join(download_pip(venv), "pip")]


def download_pip(venv):
    """Fetch the newest pip wheel from the index that pip's own settings name."""
    import html
    import ssl
    from urllib.parse import urljoin
    from urllib.request import urlopen

    advice = "apt install python3-venv"
    index = pip_setting("index-url")
    if not index:
        raise Stop("this Python has neither ensurepip nor pip, and no index is named", advice)
    try:
        trust = ssl.create_default_context(cafile=pip_setting("cert"))
        page_url = index.rstrip("/") + "/pip/"
        with urlopen(page_url, timeout=60, context=trust) as page:
            text, page_url = page.read().decode("utf-8"), page.geturl()
        found = []
        for tag in re.findall(r"<a\s[^>]*>", text, re.IGNORECASE):
            link = re.search(
                r"""href\s*=\s*["']((?:[^"'#]*/)?(pip-([\d.]+)-py3-none-any\.whl)[^"'#]*)""", tag
            )
            if link and "data-yanked" not in tag:
                end = re.search(r"#sha256=([0-9a-f]{64})", tag)
                number = tuple(int(part) for part in link.group(3).split("."))
                url = urljoin(page_url, html.unescape(link.group(1)))
                found.append((number, url, link.group(2), end.group(1) if end else ""))
        if not found:
            raise Stop("the index names no pip wheel", advice)
        _, url, name, sha256 = max(found)
        with urlopen(url, timeout=60, context=trust) as wheel:
            body = wheel.read()
    except (OSError, ValueError) as error:
        raise Stop("pip cannot be fetched from the index: %s" % error, advice) from error
    if hashlib.sha256(body).hexdigest() != sha256:
        raise Stop("%s from the index has not the sha256 that the index names" % name, advice)
    with open(os.path.join(venv, name), "wb") as file:
        file.write(body)
    return os.path.join(venv, name)


def pip_setting(name):
    """Give a setting of pip: from the environment, else from its configuration files."""
    import configparser

    value = os.environ.get("PIP_" + name.upper().replace("-", "_"))
    home = os.path.expanduser("~")
    files = [
        os.environ.get("PIP_CONFIG_FILE", ""),
        os.path.join(os.environ.get("XDG_CONFIG_HOME") or home + "/.config", "pip", "pip.conf"),
        os.path.join(os.environ.get("APPDATA", home), "pip", "pip.ini"),
        os.path.join(home, ".pip", "pip.conf"),
        "/etc/pip.conf",
        "/etc/xdg/pip/pip.conf",
    ]
    for path in files:
        settings = configparser.RawConfigParser()
        with contextlib.suppress(configparser.Error, UnicodeError):
            settings.read(path, encoding="utf-8")
        for section in ("install", "global"):
            value = value or settings.get(section, name, fallback=None)
    return value


def explain(venv, output):
    """Give a sentence and a hint for what pip, venv or the system said."""
    for pattern, sentence, hint in CAUSES:
        met = re.search(pattern, output)
        if met:
            python = "%d.%d" % sys.version_info[:2]
            return sentence.format(*met.groups(), venv=venv, python=python), hint
    lines = [line for line in output.splitlines() if line.strip()]
    return "setting up %s failed:\n  %s" % (venv, "\n  ".join(lines[-6:])), ""


if __name__ == "__main__":
    sys.exit(main())
