"""Writes results to paths that the user gives, as a new file or in place of an earlier result of the same kind. If writing
fails, an earlier file is unchanged. All files that the package and the tools write go through this module.

Call check() before the work and write() or replacing() after it. They raise Refused for any other existing file, such as a
history, a checkpoint or an input; a tool then ends with exit code 2 (tool.py). The content of a file determines its kind, not
its name. An empty file is replaced. If the path is a link, its target is replaced and the link is kept. A device or a
pipe is written directly, as by `mckean` (io/json.h).
"""
import contextlib
import json
import os
import socket
import stat
import zipfile

PAGE = '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="generator" content="McKean">'
PICTURE = {"Software": "McKean"}  # metadata of a PNG
LARGEST = 1 << 26  # bytes; larger than any result


def words_of(error, place):
    """Returns the message of an exception. h5py's messages name no file; replaces them by one that states what to do.

    place: the folder or file that was read.
    """
    words = str(error)
    if isinstance(error, OSError) and error.filename is None and words.startswith(("Unable to", "Can't", "Unspecified")):
        return f"{place}: a file is damaged, incomplete or not HDF5; `mckean verify {place}` names it"
    return words if words.startswith(str(place)) else f"{place}: {words}"


class Failure(Exception):
    """A message for the user."""


class Misuse(Failure):
    """A message about the command line: its form, or a file or folder that it names."""


class Refused(FileExistsError):
    """A message: a path leads to a file that must not be replaced."""


def failure(error, place):
    """Returns an exception that ends a tool, with the message of an OSError that was raised while `place` was read."""
    return (Misuse if isinstance(error, FileNotFoundError) else Failure)(words_of(error, place))


# ---- kinds of files ----

def json_format(file):
    """Returns the member format of a JSON object; None without one."""
    try:
        found = json.loads(file.read(LARGEST))
    except (ValueError, RecursionError):  # ValueError: also invalid UTF-8
        return None
    return found.get("format") if isinstance(found, dict) else None


def hdf5_format(file):
    """Returns the attribute format of an HDF5 file; "" without one."""
    import h5py  # loaded only here: tools/scaling and tools/compare-pytorch need no HDF5 to write
    try:
        with h5py.File(file, "r") as found:
            value = found.attrs.get("format", "")
    except OSError:
        return ""
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def npz_format(file):
    """Returns the text format of an NPZ file; None without one."""
    import numpy
    try:
        with numpy.load(file) as found:
            return found["format"].item()
    except (KeyError, ValueError, OSError, TypeError, AttributeError, zipfile.BadZipFile):
        return None


def never(file):
    return False


KINDS = {  # kind: what may exist at its path, and a function that recognizes it in an open file
    "page": ("an earlier page of tools/report or tools/studies", lambda file: file.read(len(PAGE)) == PAGE.encode()),
    "picture": ("an earlier picture of McKean's tools", lambda file: file.read(4) == b"\x89PNG" and
                b"tEXtSoftware\0McKean" in file.read(1020)),
    "scaling": ("an earlier result of tools/scaling", lambda file: json_format(file) == "mckean-scaling"),
    "comparison": ("an earlier result of tools/compare-pytorch", lambda file: json_format(file) == "mckean-comparison"),
    "sweep": ("an earlier sweep.json of mckean.sweep", lambda file: json_format(file) == "mckean-sweep"),
    "manifest": ("the same manifest", never),
    "data": ("an earlier data file of mckean.save_data", lambda file: hdf5_format(file) == "mckean-data"),
    "particles": ("earlier initial particles of tools/studies", lambda file: hdf5_format(file) == "mckean-particles"),
    "network": ("an earlier file of Network.to_npz", lambda file: npz_format(file) == "mckean-network"),
}
OTHERS = ((b"MCKEANHI", "the history of a run"), (b"MCKEANCK", "a checkpoint"), (b"\x89HDF\r\n\x1a\n", "an HDF5 file"))


# ---- checking ----

def refuse(path, kind, received):
    name = path if path.isprintable() else ascii(path)
    raise Refused(f"{name}: expected a new file or {KINDS[kind][0]}, received {received}; give another name, or move that file "
                  "away")


def check(path, kind):
    """Raises Refused unless write() may write this kind of result to path. Returns the path with all links resolved."""
    path = os.fspath(path)
    if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        return path
    place = os.path.realpath(path)
    if os.path.basename(path) == "" or os.path.isdir(place):
        refuse(path, kind, "a folder")
    if not os.path.isdir(os.path.dirname(place)) or os.path.islink(place):  # realpath does not resolve a cycle of links
        refuse(path, kind, "a name in a folder that does not exist")
    if not os.path.exists(place):
        return place
    try:
        with open(place, "r+b") as file:  # r+ also checks the permission to write
            start = file.read(8)
            file.seek(0)
            earlier = not start or KINDS[kind][1](file)
    except OSError as error:
        refuse(path, kind, f"a file that cannot be read and written ({error.strerror})")
    if not earlier:
        refuse(path, kind, next((name for mark, name in OTHERS if start.startswith(mark)), "another file"))
    return place


def make_folder(path):
    """Creates a folder for results. Returns its path. A leading ~ is that of a shell."""
    path = os.path.expanduser(path)
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        words = f"this link leads to {os.readlink(path)}, which does not exist" if os.path.islink(path) else error.strerror
        raise Failure(f"{path}: expected a folder, or a new name for one: {words}") from None
    return path


# ---- writing ----

def write(path, kind, content):
    """Writes content (str or bytes) to path after check()."""
    deliver(check(path, kind), content.encode() if isinstance(content, str) else content)


def deliver(place, content):
    """Writes content to a path without links, of which the caller knows that it may be replaced."""
    if os.path.exists(place) and not os.path.isfile(place):  # a device or a pipe
        with open(place, "wb") as file:
            file.write(content)
        return
    with finished(place) as temporary:
        with open(temporary, "wb") as file:
            file.write(content)


@contextlib.contextmanager
def replacing(path, kind):
    """Gives the name under which a file is written, for libraries that write files. Call it as write()."""
    with finished(check(path, kind)) as temporary:
        yield temporary


@contextlib.contextmanager
def finished(place):
    """Gives a temporary name beside place, and then syncs and renames that file. Keeps the permissions of an earlier file."""
    folder, name = os.path.split(place)
    temporary = os.path.join(folder, f".{name[:40]}.tmp-{socket.gethostname()}-{os.getpid()}")
    try:
        yield temporary
        with open(temporary, "r+b") as file:
            if os.path.exists(place):
                os.fchmod(file.fileno(), stat.S_IMODE(os.stat(place).st_mode) & 0o777)
            os.fsync(file.fileno())
        os.replace(temporary, place)
    except BaseException:  # includes KeyboardInterrupt
        if os.path.exists(temporary):
            os.remove(temporary)
        raise
