"""Writes results to paths that the user gives, as a new file or in place of an earlier result of the same kind. If writing
fails, an earlier file is unchanged.

Call check() before the work and write() after it. Both refuse any other existing file, such as a history, a checkpoint or an
input, with a message and exit code 2. The content of a file determines its kind, not its name. An empty file is replaced. If
the path is a link, its target is replaced and the link is kept. A device or a pipe is written directly, as by `mckean`
(io/json.h).
"""
import json
import os
import socket
import stat
import sys

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


def keys_of(content):
    try:
        found = json.loads(content)
    except ValueError:  # also raised for invalid UTF-8
        return set()
    return set(found) if isinstance(found, dict) else set()


KINDS = {  # kind: its name in messages, and a function that recognizes its bytes
    "page": ("page of tools/report or tools/studies", lambda content: content.startswith(PAGE.encode())),
    "picture": ("picture of McKean's tools", lambda content: content.startswith(b"\x89PNG") and
                b"tEXtSoftware\0McKean" in content[:1024]),
    "scaling": ("result of tools/scaling", lambda content: keys_of(content) == {"study", "cases"}),
    "comparison": ("result of tools/compare-pytorch", lambda content: {"cases", "mckean", "pytorch"} <= keys_of(content)),
}
OTHERS = ((b"MCKEANHI", "the history of a run"), (b"MCKEANCK", "a checkpoint"), (b"\x89HDF\r\n\x1a\n", "an HDF5 file"))


def refuse(path, kind, received):
    name = path if path.isprintable() else ascii(path)
    print(f"{os.path.basename(sys.argv[0])}: {name}: expected a new file or an earlier {KINDS[kind][0]}, received "
          f"{received}; give another name, or move that file away", file=sys.stderr)
    sys.exit(2)


def check(path, kind):
    """Ends the program unless write() may write this kind of result to path. Returns the path with all links resolved."""
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
            content = file.read(LARGEST)
    except OSError as error:
        refuse(path, kind, f"a file that cannot be read and written ({error.strerror})")
    if content and not KINDS[kind][1](content):
        refuse(path, kind, next((name for start, name in OTHERS if content.startswith(start)), "another file"))
    return place


def write(path, kind, content):
    """Writes content (str or bytes) to path after check()."""
    deliver(check(path, kind), content.encode() if isinstance(content, str) else content)


def deliver(place, content):
    """Writes a file under a temporary name, syncs and renames it; keeps the permissions of an earlier file.

    An existing device or pipe is written directly.
    """
    if os.path.exists(place) and not os.path.isfile(place):
        with open(place, "wb") as file:
            file.write(content)
        return
    folder, name = os.path.split(place)
    temporary = os.path.join(folder, f".{name[:40]}.tmp-{socket.gethostname()}-{os.getpid()}")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            if os.path.exists(place):
                os.fchmod(file.fileno(), stat.S_IMODE(os.stat(place).st_mode) & 0o777)
            os.fsync(file.fileno())
        os.replace(temporary, place)
    except BaseException:  # includes KeyboardInterrupt
        if os.path.exists(temporary):
            os.remove(temporary)
        raise
