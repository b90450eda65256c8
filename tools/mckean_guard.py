"""The files that tools write where the user says: a new file, or an earlier result of the same kind, whole or not at all.

check() comes before the work and write() after it. Both refuse any other file, such as a history, a checkpoint or an input,
with a message and exit code 2. What is there is recognized by its content, not by its name. An empty file is replaced; a
link stays, and the file that it leads to is replaced; a device or a pipe is written itself, as `mckean` does (base/json.h).
"""
import json
import os
import socket
import stat
import sys

PAGE = '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="generator" content="McKean">'
PICTURE = {"Software": "McKean"}  # metadata of a PNG
LARGEST = 1 << 26  # bytes of any such result


def keys_of(content):
    try:
        found = json.loads(content)
    except ValueError:  # also bytes that are not UTF-8
        return set()
    return set(found) if isinstance(found, dict) else set()


KINDS = {  # name: what a message calls it, and whether these bytes are one
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
    """Returns where the bytes of path go: behind links."""
    if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        return path
    place = os.path.realpath(path)
    if os.path.basename(path) == "" or os.path.isdir(place):
        refuse(path, kind, "a folder")
    if not os.path.isdir(os.path.dirname(place)) or os.path.islink(place):  # realpath leaves a circle of links
        refuse(path, kind, "a name in a folder that does not exist")
    if not os.path.exists(place):
        return place
    try:
        with open(place, "r+b") as file:  # also finds out whether it may be written
            content = file.read(LARGEST)
    except OSError as error:
        refuse(path, kind, f"a file that cannot be read and written ({error.strerror})")
    if content and not KINDS[kind][1](content):
        refuse(path, kind, next((name for start, name in OTHERS if content.startswith(start)), "another file"))
    return place


def write(path, kind, content):
    """content: text or bytes."""
    deliver(check(path, kind), content.encode() if isinstance(content, str) else content)


def deliver(place, content):
    """Gives a plain file its name when it is complete and on disk; an earlier one passes on its permissions."""
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
    except BaseException:  # also when it is interrupted
        if os.path.exists(temporary):
            os.remove(temporary)
        raise
