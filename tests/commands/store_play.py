"""The commands of ``wardnet store`` as a person calls them."""

import json

from node.commands.main import main


class StorePlay:
    """One data directory and the words typed at it."""

    def __init__(self, folder, capfdbinary):
        self.data = folder / "data"
        self.folder = folder
        self._capture = capfdbinary

    def run(self, *words, data=None):
        """Give exit code, stdout as bytes, stderr as text."""
        self._capture.readouterr()
        place = ["--data", str(self.data if data is None else data)]
        status = main(["store", *map(str, words), *place])
        found = self._capture.readouterr()
        return status, found.out, found.err.decode()

    def good(self, *words, data=None):
        """Give stdout of a command that must succeed."""
        status, out, err = self.run(*words, data=data)
        assert status == 0, err
        return out

    def bad(self, *words, data=None):
        """Give the exit code and the error line of a command that must fail."""
        status, _, err = self.run(*words, data=data)
        assert status != 0
        assert err.startswith("error: "), err
        assert "unexpected" not in err, err
        return status, err.splitlines()[0].removeprefix("error: ")

    def lines(self, *words):
        return self.good(*words).decode().splitlines()

    def json(self, *words):
        return json.loads(self.good(*words))

    def file(self, name, data):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def add(self, path, *more):
        return self.lines("add", path, *more)[-1]
