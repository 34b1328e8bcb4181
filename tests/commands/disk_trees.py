"""Trees on a disk for tests: bytes are a file, text a symlink's target, a dict a folder."""

from node.commands.tree_files import tree_at
from node.ipfs_lite.unixfs_tree import TreeFile, TreeFolder, TreeLink


def disk_tree(path, **options):
    return tree_at(str(path), chunk_bytes=4, **options)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def content_of(tree):
    match tree:
        case TreeFile(pieces):
            return b"".join(pieces)
        case TreeLink(target):
            return target.decode()
        case TreeFolder(entries):
            return {name: content_of(below) for name, below in entries}


def make(path, content):
    match content:
        case bytes():
            path.write_bytes(content)
        case str():
            path.symlink_to(content)
        case _:
            path.mkdir()
            for name, below in content.items():
                make(path / name, below)
