"""mckean.plot and mckean.report: the pictures and the page of the tools plot and report."""
import os
import subprocess
import sys

from .program import find_program, find_tool
from .study import Failure


def call(tool, arguments):
    """Runs a tool with this Python. Returns the lines that it prints. Raises Failure with its message."""
    done = subprocess.run([sys.executable, find_tool(tool), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Failure(done.stderr.strip() or f"tools/{tool} ended with exit code {done.returncode}")
    return done.stdout.splitlines()


def plot(run, folder=None):
    """Draws the pictures of a run: losses, fluctuations, particles. Several runs: overlay.png, with a curve for each run.

    run     the folder of a run, which is analyzed first if necessary, or a list of folders. Needs matplotlib
    folder  where the PNG files go; default: RUN/plots. Required for several runs

    Returns the paths of the pictures. Errors: study.Failure, with the message of the tool; ValueError: several runs, no folder.
    """
    runs = [os.fspath(run)] if isinstance(run, (str, os.PathLike)) else [os.fspath(each) for each in run]
    if len(runs) > 1 and not folder:
        raise ValueError(f"folder: expected a folder for the pictures of {len(runs)} runs, received {folder!r}")
    lines = call("plot", [*runs, *(["-o", os.fspath(folder)] if len(runs) > 1 else [os.fspath(folder)] if folder else [])])
    return [line for line in lines if line.endswith(".png") and os.path.isfile(line)]


def report(run, path=None, title=None):
    """Writes an HTML page about runs: what was trained, asked and found, with figures and provenance. Needs matplotlib.

    run    the folder of a run, or of several runs, or a list of folders. They are analyzed first if necessary
    path   the file: a new one, or an earlier page; default: RUN/report.html. Required for several folders

    Returns the path. Errors: study.Failure, with the message of the tool.
    """
    runs = [run] if isinstance(run, (str, os.PathLike)) else list(run)
    if path is None and len(runs) > 1:
        raise ValueError(f"path: expected a file for the page about {len(runs)} folders, received None")
    path = os.path.join(runs[0], "report.html") if path is None else path
    call("report", [*map(os.fspath, runs), "-o", os.fspath(path), "--mckean", find_program(), *(["--title", title] if title else [])])
    return path
