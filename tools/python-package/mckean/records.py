"""Functions that read the HDF5 files of runs. All other modules of the package use them.

A run in progress replaces history.h5 and its checkpoints as a whole, so a reader never sees an incomplete file.
"""
import functools
import os
import re

os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")  # before the first file is opened; a run may write beside the reader

import h5py  # noqa: E402
import numpy as np  # noqa: E402

from .checksum import crc32c  # noqa: E402

MAGIC, HEADER, OPEN_FLAGS = b"MCKEANHI", 512, 20  # of a history: its first bytes, the size of its header, an offset after it
CHUNK = 1 << 25  # bytes that are read at a time

LOSS_SCALES = ("C_f", "loss_0")  # E l(0, y), by which losses are divided: C_f for the squared loss, otherwise loss_0


def text(value):
    """Converts bytes to str: h5py returns HDF5 strings of fixed length as bytes."""
    return value.decode() if isinstance(value, bytes) else value


def attributes(item):
    """Returns the attributes of a group or dataset as {name: str, int or float}, without those of dimension scales."""
    found = {}
    for name in item.attrs:
        if name not in ("CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST"):
            value = text(item.attrs[name])
            found[name] = value.item() if hasattr(value, "item") else value
    return found


def members(file):
    """Returns the groups of the networks, sorted by n."""
    return sorted((file["ensemble"][name] for name in file["ensemble"]), key=lambda group: group.attrs["n"])


def time_of(checkpoint, group):
    """Returns t of the networks of a group of a checkpoint: its own with dt_power, otherwise that of the file."""
    return float(group.attrs.get("time", checkpoint.attrs["time"]))


def loss_scale(group):
    """Returns the name in LOSS_SCALES of the constant by which the losses of this member of a history are divided."""
    return next(name for name in LOSS_SCALES if f"loss_over_{name}" in group["series"])


def read_config(config):
    """Parses an input with all defaults, as stored in history.h5. Returns {"section.key": "value"}.

    Items of lists have indices: dynamics.stages.0.dt.
    """
    values, path, counts = {}, [], {}  # path: (indentation, key) of the sections around a line
    for line in config.splitlines():
        item = line.lstrip()
        indent = len(line) - len(item)
        while path and path[-1][0] >= indent:
            path.pop()
        if item.startswith("- "):
            around = tuple(key for _, key in path)
            counts[around] = counts.get(around, -1) + 1
            path.append((indent, str(counts[around])))
            item, indent = item[2:], indent + 2
        key, _, value = item.partition(":")
        if value:
            values[".".join([key for _, key in path] + [key])] = value.strip().strip('"')
        else:
            path.append((indent, key))
    return values


def open_hdf5(path):
    """Opens an HDF5 file for reading. Raises OSError with the path, which the messages of h5py lack."""
    try:
        return h5py.File(path, "r")
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such file or folder") from None
    except OSError as error:
        raise OSError(f"{path}: expected an HDF5 file, received a damaged, incomplete or other file ({error})") from None


@functools.lru_cache(64)
def is_damaged(path, *version):
    """Returns whether bytes of a history differ from those that McKean wrote (store/history_file.h). version: a key of the cache."""
    with open(path, "rb") as file:
        header = file.read(HEADER)
        if not header.startswith(MAGIC):
            return False  # written by an older program, or another file
        crc, left, mask = 0, os.path.getsize(path) - HEADER, 0xFF & ~5  # HDF5 sets 1 and 4 while a program writes to the file
        while left >= HEADER:
            data = np.fromfile(file, np.uint8, CHUNK if left > 2 * CHUNK else left)
            data[OPEN_FLAGS] &= mask
            crc, left, mask = crc32c(data, crc), left - len(data), 0xFF
    return crc != int.from_bytes(header[12:16], "little")


def check_history(path):
    """Raises OSError unless a file is the history of a run, and intact: the HDF5 library crashes on some damaged files."""
    state = os.stat(path)
    if is_damaged(os.path.abspath(path), state.st_ino, state.st_mtime_ns, state.st_size):
        before = os.path.join(os.path.dirname(path), "history.previous.h5")
        hint = f", or read {before}, the state at the previous checkpoint" * (os.path.exists(before) and before != path)
        raise OSError(f"{path}: the file is damaged: its bytes differ from those that McKean wrote; restore it{hint}")
    with open_hdf5(path) as file:
        found = text(file.attrs.get("format", ""))
    if found != "mckean-history":
        raise OSError(f"{path}: expected the history of a run, received an HDF5 file" + (f" of format {found}" if found else ""))


def history_of(run):
    """Returns the path of history.h5 of a run folder, or of a history itself. Raises OSError: none, or another file."""
    path = os.path.join(run, "history.h5") if os.path.isdir(run) else os.fspath(run)
    if os.path.isfile(path):
        check_history(path)
        return path
    if os.path.isdir(run):
        raise FileNotFoundError(f"{run}: no history.h5; `mckean run` writes it with its first checkpoint (output.checkpoint_every, "
                                "output.checkpoint_minutes)")
    if os.path.islink(path):
        raise FileNotFoundError(f"{path}: this link leads to {os.readlink(path)}, which does not exist")
    raise FileNotFoundError(f"{run}: expected the folder of a run or its history.h5; neither exists")


def mark_of(path):
    """Returns "CRC-LENGTH" of a history, by which results of `mckean analyze` name it (sources/checksum)."""
    with open(path, "rb") as file:
        seal = file.read(16)
    return (seal[12:16][::-1].hex() if seal.startswith(MAGIC) else "none") + f"-{os.path.getsize(path)}"


def outdated(run, sources, marks):
    """Returns why results do not belong to the current history of a run, or "".

    sources, marks: the paths and checksums of the histories that the results were computed from.
    """
    history = history_of(run)
    if mark_of(history) not in marks:
        return "was computed from an older state of this run" if os.path.realpath(history) in sources else (
            "does not name the history that it was computed from" if not marks else f"was computed from {', '.join(sources)}")
    changed = [path for path, mark in zip(sources, marks) if os.path.isfile(path) and mark_of(path) not in marks]
    return f"was computed from an older state of {changed[0]}" if changed else ""


def checkpoints_of(run):
    """Returns {step: path} of the checkpoints of a run folder, in order of steps."""
    folder = os.path.join(run, "checkpoints")
    found = (re.fullmatch(r"step-(\d+)\.h5", name) for name in (os.listdir(folder) if os.path.isdir(folder) else []))
    return {int(name[1]): os.path.join(folder, name[0]) for name in sorted(filter(None, found), key=lambda name: int(name[1]))}


def series_of(run, column):
    """Returns [(n, time (T), values (T, R) or (T))] of a column of the series of a run, one for each n that has it."""
    with h5py.File(history_of(run), "r") as file:
        return [(int(group.attrs["n"]), group["series/time"][()], group["series"][column][()]) for group in members(file)
                if column in group["series"]]
