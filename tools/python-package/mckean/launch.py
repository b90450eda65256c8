"""mckean.run and mckean.sweep: start runs, and wait for them."""
import itertools
import json
import numbers
import os
import shutil
import signal
import subprocess
import sys

import h5py
import numpy as np

from .guard import make_folder, write
from .history import open as open_history
from .program import environment, find_program
from .records import history_of, members

WIDTH = 79  # columns of a terminal, less one
STOPPED = 75  # exit code of a run that stopped early with a checkpoint


class RunError(RuntimeError):
    """A run failed. code: its exit code; output: its last lines."""

    def __init__(self, words, code, output):
        super().__init__(words)
        self.code, self.output = code, output


class RunStopped(RunError):
    """A run stopped early with a checkpoint (exit code 75). The same call resumes it."""


# ---- keys ----

def flatten(keys, above=""):
    """Returns {"section.key": value} of nested or dotted keys."""
    found = {}
    for name, value in keys.items():
        if isinstance(value, dict):
            found.update(flatten(value, f"{above}{name}."))
        else:
            found[above + name] = value
    return found


def plain(value):
    """Converts numbers and arrays of NumPy to those of Python."""
    return value.tolist() if hasattr(value, "tolist") else value


def literal(value):
    """Writes a value as YAML: numbers, bool, lists and dictionaries, text."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    value = plain(value)
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return value if isinstance(value, str) else json.dumps(value, default=plain)


def arguments(keys):
    return [f"{name}={literal(value)}" for name, value in flatten(keys).items()]


# ---- one run ----

def live():
    """Returns whether a line can replace the one before: in a terminal or a notebook."""
    return sys.stdout.isatty() or "ipykernel" in sys.modules


def print_line(line):
    print(line, flush=True)


def replace_line(line):
    """Prints a line in place of the one before, where that is possible; otherwise nothing."""
    if live():
        print(f"\r{line[:WIDTH]:{WIDTH}}", end="\r", flush=True)


def stop(process):
    """Lets a run write its checkpoint; a second Ctrl-C kills it. mpirun forwards USR2 to all ranks, and kills them on INT."""
    print("stopping with a checkpoint; Ctrl-C again stops at once", flush=True)
    try:
        process.send_signal(signal.SIGUSR2)
        process.communicate()
    except KeyboardInterrupt:
        process.kill()
        process.wait()


class Quiet:
    """Shows lines. After mckean has printed an error, omits the banners of mpirun, which lie between lines of dashes."""

    def __init__(self, show):
        self.show, self.banner, self.stated = show, False, False

    def line(self, line):
        rule = line.startswith("-----")
        if not (self.stated and (self.banner or rule)):
            self.show(line)
        self.banner ^= rule
        self.stated |= line.startswith("mckean: ")


def start(command, show):
    """Runs a command, calls show with its lines as they come, and returns its exit code and its last lines."""
    lines, quiet = [], Quiet(show) if show else None
    process = subprocess.Popen(command, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, errors="replace", bufsize=1, start_new_session=True)  # Ctrl-C reaches Python alone
    try:
        for line in process.stdout:
            lines = [*lines[-29:], line.rstrip("\n")]
            if quiet:
                quiet.line(lines[-1])
        return process.wait(), lines
    except KeyboardInterrupt:
        stop(process)
        raise


def reason(lines):
    """Returns why a run failed: the lines of mckean without those of mpirun, or those of mpirun if it did not start mckean."""
    if any("attempt to run as root" in line for line in lines):
        return ("Open MPI's mpirun refuses root: work as a user, set ranks=1 (no mpirun), or in a container set the environment variables "
                "OMPI_ALLOW_RUN_AS_ROOT=1 and OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1")
    ours = itertools.takewhile(lambda line: not line.startswith("-----"), lines)
    return "\n".join(ours) or "\n".join(lines)


def default_folder(input, keys):
    name = flatten(keys).get("run.name", os.path.splitext(os.path.basename(input))[0])
    return os.path.join("runs", name)


def run(input, ranks=None, folder=None, keys=None, show=True, fresh=False, **more):
    """Starts a run, waits for it, and returns its folder. Resumes it if the folder contains an unfinished run.

    input   path of an input (YAML)
    ranks   MPI ranks; default: the number of cores; 1: without mpirun
    folder  output folder; default: runs/NAME of the input file
    keys    {key: value} that override the input: dotted or nested, "ensemble.n" or {"ensemble": {"n": [64, 128]}}. Keywords
            have the same meaning: ensemble={"replicas": 8}, or **{"ensemble.replicas": 8}
    show    True: print the lines of the run, in a terminal or a notebook, as they come; False: do not; or a function of a line
    fresh   True: rename an existing output, and start at step 0

    Example: folder = mckean.run("input/quickstart.yaml", ranks=2, ensemble={"n": [32, 64]})
             mckean.open(folder).loss.mean("replica").to_pandas()

    Errors: RunStopped: it stopped early with a checkpoint, at a time limit; the same call resumes it. KeyboardInterrupt
    (Ctrl-C): the same. RunError: it failed; its attributes are code and output. FileNotFoundError: no input, no mckean or
    no mpirun. ValueError: ranks is not a positive integer.
    """
    input = os.fspath(input)
    if not os.path.isfile(input):
        raise FileNotFoundError(f"{input}: no such input")
    if ranks is not None and not (isinstance(ranks, numbers.Integral) and ranks > 0):
        raise ValueError(f"ranks: expected a positive integer or None, received {ranks!r}")
    keys = {**flatten(keys or {}), **flatten(more)}
    folder = os.path.expanduser(folder) if folder is not None else keys.get("run.output") or default_folder(input, keys)
    command = [find_program(), "run", input, *arguments({**keys, "run.output": folder}), *(["--fresh"] if fresh else [])]
    ranks = ranks or len(os.sched_getaffinity(0))
    if ranks > 1:
        if not shutil.which("mpirun"):
            raise FileNotFoundError("mpirun: not found in PATH; with ranks=1 it is not needed")
        command = ["mpirun", "-n", str(ranks), *command]
    code, lines = start(command, print_line if show is True else show)
    if code == STOPPED:
        raise RunStopped(f"{folder}: stopped early with a checkpoint; the same call resumes it", code, "\n".join(lines))
    if code != 0:
        raise RunError(f"{folder}: mckean run ended with exit code {code}:\n{reason(lines)}", code, "\n".join(lines))
    return folder


# ---- several runs ----

def settings_of(values):
    """Returns [{key: value}], one for each combination of values; the last key varies fastest."""
    listed = {}
    for name, some in flatten(values).items():
        some = plain(some)
        if isinstance(some, str) or not hasattr(some, "__iter__"):
            raise ValueError(f"{name}: expected a list of values, such as [{some}], received {some!r}")
        listed[name] = list(some)
        if not listed[name]:
            raise ValueError(f"{name}: expected at least one value, received an empty list")
    if not listed:
        raise ValueError('values: expected {key: list of values}, such as {"dynamics.stages[0].dt": [0.1, 0.2]}, received none')
    return [dict(zip(listed, map(plain, each))) for each in itertools.product(*listed.values())]


def short(settings, form=".6g"):
    """Writes settings as dt=0.1,n=64, with the last parts of the keys if these differ. form: of floating-point numbers."""
    last = [name.rsplit(".", 1)[-1] for name in settings]
    names = last if len(set(last)) == len(last) else list(settings)
    return ",".join(f"{name}={value:{form}}" if isinstance(value, float) else f"{name}={literal(value)}"
                    for name, value in zip(names, settings.values()))


def folder_names(settings):
    """Returns a different name for each setting."""
    names = [short(each) for each in settings]
    names = names if len(set(names)) == len(names) else [short(each, ".17g") for each in settings]
    return ["".join(mark if mark.isalnum() or mark in "=,._-[]" else "_" for mark in name) for name in names]


def outcome(folder):
    """Writes the final losses of a run: "loss 0.4 (n = 16), 0.3 (n = 1024)"."""
    rows = list(rows_of(folder))
    return "loss " + ", ".join(f"{row['loss']:.4g} (n = {row['n']})" for row in (rows if len(rows) < 3 else (rows[0], rows[-1])))


class Sweep:
    """Runs that differ in some keys. runs: [(settings, folder)], settings {key: value}; folder: that of the sweep."""

    def __init__(self, folder, runs):
        self.folder, self.runs = folder, runs

    def __repr__(self):
        return f"Sweep({self.folder}: {len(self.runs)} runs)"

    def __iter__(self):
        return iter(self.runs)

    def __len__(self):
        return len(self.runs)

    def open(self, **options):
        """Returns [(settings, result of mckean.open)]."""
        return [(settings, open_history(folder, **options)) for settings, folder in self.runs]

    def table(self):
        """Returns a row for each run and n: the settings, n, replicas, t, and the losses at the start and at the end.

        loss and test_loss are means over replicas, in units of f^2. spread is the standard deviation of the final loss over
        replicas. V is the variance over replicas of f_n at the test points at the last recorded field (output.fields), and
        t_V the time of that field; both are NaN without fields, with one replica, or with data.streams. A DataFrame with
        pandas, otherwise a list of dictionaries.
        """
        rows = [{**settings, **row} for settings, folder in self.runs for row in rows_of(folder)]
        try:
            import pandas
        except ImportError:
            return rows
        return pandas.DataFrame(rows)


def last_at(times, until):
    """Returns the index of the last entry of times that is at most `until` (up to rounding), -1 if there is none."""
    return int(np.searchsorted(times[:], until * (1 + 1e-9), side="right")) - 1


def variance(field, until):
    """Returns V_n, the variance over replicas of f_n (field_time, replica, point), mean over points, and its time: the last one up to `until`."""
    last = last_at(field["time"], until) if "f" in field else -1
    f = field["f"][last] if last >= 0 else np.empty((0, 0))
    return (float(f.var(axis=0, ddof=1).mean()), float(field["time"][last])) if len(f) > 1 else (float("nan"), float("nan"))


def rows_of(folder, until=float("inf")):
    """Yields a row of Sweep.table for each n of a run, at the last recorded time that is at most `until`."""
    with h5py.File(history_of(folder), "r") as file:
        for group in members(file):
            series, field, streams = group["series"], group.get("field", {}), group.attrs.get("streams", 1)
            end = max(last_at(series["time"], until), 0)
            ends = {name: (series[name][0].mean(), series[name][end].mean()) for name in ("loss", "test_loss")}
            last = series["loss"][end]
            V, t_V = variance(field, until if streams == 1 else -1)
            yield {"n": int(group.attrs["n"]), "replicas": len(last), "t": float(series["time"][end]),
                   "loss_start": float(ends["loss"][0]), "loss": float(ends["loss"][1]),
                   "test_loss_start": float(ends["test_loss"][0]), "test_loss": float(ends["test_loss"][1]),
                   "spread": float(last.std(ddof=1)) if len(last) > 1 else float("nan"),
                   "V": V, "t_V": t_V}


def sweep(input, values, ranks=None, folder=None, keys=None, show=True, **more):
    """Runs all combinations of values of some keys, one run after the other. Finished runs are not repeated.

    input   path of an input (YAML)
    values  {key: list of values}: {"dynamics.stages[0].dt": [0.1, 0.2]}
    ranks, keys, and further keywords: as in mckean.run, the same in all runs
    folder  folder of the sweep; a run is in FOLDER/KEY=VALUE,...; default: runs/NAME-sweep of the input file
    show    True: print a line for each run

    Writes FOLDER/sweep.json with settings and folders. Returns a Sweep, whose table() has the losses of all runs.
    Errors: ValueError: values without a list; those of mckean.run, when the first run fails; the same call then continues.

    Example: mckean.sweep("mine.yaml", {"dynamics.stages[0].dt": [0.1, 0.2]}, ranks=2).table()
    """
    settings, common = settings_of(values), {**flatten(keys or {}), **flatten(more)}
    folder = os.path.expanduser(folder) if folder is not None else default_folder(os.fspath(input), common) + "-sweep"
    runs = [(each, os.path.join(folder, name)) for each, name in zip(settings, folder_names(settings))]
    make_folder(folder)
    listed = [{"settings": each, "folder": os.path.basename(place)} for each, place in runs]
    content = {"format": "mckean-sweep", "input": os.path.abspath(input), "runs": listed}
    write(os.path.join(folder, "sweep.json"), "sweep", json.dumps(content, indent=1, default=plain))
    for i, (each, place) in enumerate(runs):
        label = f"{i + 1}/{len(runs)}  {short(each)}: "
        run(input, ranks, place, {**common, **each}, (lambda line: replace_line(label + line.strip())) if show else False)
        if show:
            print(f"{label}{outcome(place)}"[:WIDTH].ljust(WIDTH if live() else 0), flush=True)
    return Sweep(folder, runs)
