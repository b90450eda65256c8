"""Runs the main function of a tool. An error ends it with one line that names the error, and an exit code, never with a traceback.

Exit codes: 0; that of main(); 1: an error; 2: wrong usage, or a path that must not be replaced (guard.py).
"""
import io
import os
import sys
import traceback
import warnings

from .guard import Failure, Misuse, Refused


class Discarding(io.FileIO):
    """Standard output that discards text once its reader has ended, as with `| head`: the tool still writes its files."""

    def write(self, content):
        try:
            return super().write(content)
        except BrokenPipeError:
            return len(content)


def place_of(error):
    """Returns the file and line that raised an error."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{os.path.basename(frame.filename)}:{frame.lineno}"


def code_of(main):
    name = f"tools/{os.path.basename(sys.argv[0]).removeprefix('mckean-')}"
    try:
        return main() or 0
    except (Misuse, Refused) as error:
        code, words = 2, str(error)
    except (Failure, OSError) as error:
        code, words = 1, str(error)
    except KeyboardInterrupt:
        code, words = 1, "interrupted; the same command starts again"
    except Exception as error:  # a fault of the tool or of a file that it reads
        if os.environ.get("MCKEAN_TRACEBACK"):
            raise
        code, words = 1, (f"unexpected {type(error).__name__} in {place_of(error)}: {error}; if `mckean verify` finds the files of "
                          "the run intact, report this line as a fault of McKean (MCKEAN_TRACEBACK=1 prints more)")
    print(f"{name}: {' '.join(words.split())}", file=sys.stderr)
    return code


def usage(document, asked):
    """Prints the usage of a tool and ends it: on standard output with exit code 0 if asked for, otherwise on standard error with 2."""
    print(document.strip(), file=sys.stdout if asked else sys.stderr)
    sys.exit(0 if asked else 2)


def run(main):
    """Calls main() and ends the process."""
    if not os.environ.get("MCKEAN_TRACEBACK"):
        warnings.simplefilter("ignore")  # of numpy and matplotlib, about pictures with few points
    sys.stdout.flush()
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(Discarding(1, "wb", closefd=False)), "utf-8", "surrogateescape",
                                  line_buffering=True)
    code = code_of(main)
    sys.stdout.flush()
    sys.exit(code)
