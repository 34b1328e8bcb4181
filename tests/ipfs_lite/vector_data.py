"""What the vectors of the content store say: which data, which profile, which tree."""

import json
from hashlib import sha256, shake_256

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from node.ipfs_lite.profiles import PROFILES, Profile
from node.ipfs_lite.unixfs_tree import TreeFile, TreeFolder
from tests.vectors_dir import vectors

FOLDER = vectors("content-store")
_NAME_LETTERS = b"abcdefghijklmnopqrstuvwxyz01234567890-_"


def load(name):
    return json.loads((FOLDER / name).read_text())


def named(cases, wanted=lambda case: True):
    return [pytest.param(case, id=case["id"]) for case in cases if wanted(case)]


def profile_of(case):
    if "chunk_size" not in case:
        return PROFILES[case["profile"]]
    return Profile(
        case["id"],
        cid_version=case["cid_version"],
        raw_leaves=case["raw_leaves"],
        chunk_bytes=case["chunk_size"],
        links_max=case["max_links"],
    )


def pieces_of(case):
    """The data of a vector, in pieces that fit no chunk size."""
    if "text" in case:
        return [case["text"].encode()]
    size = case["size"]
    step = 3_000_001
    sizes = [min(step, size - at) for at in range(0, size, step)]
    match case["generator"]:
        case "zeros":
            return (bytes(count) for count in sizes)
        case "shake256":
            data = shake_256(case["seed"].encode()).digest(size)
            return (data[at : at + step] for at in range(0, size, step))
        case "chacha20":
            key = sha256(case["seed"].encode()).digest()
            stream = Cipher(algorithms.ChaCha20(key, bytes(16)), mode=None).encryptor()
            return (stream.update(bytes(count)) for count in sizes)
    raise AssertionError(case["generator"])


def content_of(case):
    """The files of a directory vector: path and content."""
    if "files" in case:
        for file in case["files"]:
            yield file["path"], shake_256(file["seed"].encode()).digest(file["size"])
    elif "rule" in case:
        rule = case["rule"]
        for index in range(rule["count"]):
            seed = rule["seed_printf"]
            seed = seed % index if "%" in seed else seed
            yield rule["path_printf"] % index, shake_256(seed.encode()).digest(rule["size"])
        if "last" in rule:
            last = rule["last"]
            name = last["name_char"] * last["name_length"]
            yield name, shake_256(last["seed"].encode()).digest(last["size"])
    else:
        yield from _published_names(case["dir"])


def _published_names(rule):
    if not rule["count"]:
        return
    lengths = [rule["name_len"]] * (rule["count"] - 1) + [rule["last_name_len"]]
    key = sha256(rule["seed"].encode()).digest()
    stream = Cipher(algorithms.ChaCha20(key, bytes(16)), mode=None).encryptor()
    for length in lengths:
        letters = stream.update(bytes(length))
        name = bytes(_NAME_LETTERS[byte % len(_NAME_LETTERS)] for byte in letters)
        yield name.decode(), rule["content"].encode()


def folder_of(files):
    below = {}
    for path, data in files:
        *folders, name = path.split("/")
        at = below
        for folder in folders:
            at = at.setdefault(folder, {})
        at[name] = data
    return _tree(below)


def _tree(content):
    if isinstance(content, bytes):
        return TreeFile((content,))
    return TreeFolder([(name, _tree(below)) for name, below in content.items()])
