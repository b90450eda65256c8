"""mckean.run and mckean.sweep: start runs, and wait for them."""
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys

from .history import open as open_history
from .program import environment, find_program

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


def literal(value):
    """Writes a value as YAML: numbers of NumPy, bool, lists and dictionaries, text."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return value if isinstance(value, str) else json.dumps(value)


def arguments(keys):
    return [f"{name}={literal(value)}" for name, value in flatten(keys).items()]


# ---- one run ----

def show_line(line, show):
    """Prints a line of a run. show: True; "last": each line replaces the one before, in a terminal or a notebook; False."""
    if show == "last" and (sys.stdout.isatty() or "ipykernel" in sys.modules):
        print(f"\r{line[:WIDTH]:{WIDTH}}", end="\r", flush=True)
    elif show is True:
        print(line, flush=True)


def stop(process):
    """Lets a run write its checkpoint; a second Ctrl-C kills it. mpirun passes USR2 on to all ranks, and kills them on INT."""
    print("stopping with a checkpoint; Ctrl-C again stops at once", flush=True)
    try:
        process.send_signal(signal.SIGUSR2)
        process.communicate()
    except KeyboardInterrupt:
        process.kill()
        process.wait()


def start(command, show):
    """Runs a command, shows its lines as they come, and returns its exit code and its last lines."""
    lines = []
    process = subprocess.Popen(command, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, errors="replace", bufsize=1, start_new_session=True)  # Ctrl-C reaches Python alone
    try:
        for line in process.stdout:
            lines = [*lines[-29:], line.rstrip("\n")]
            show_line(lines[-1], show)
        return process.wait(), lines
    except KeyboardInterrupt:
        stop(process)
        raise


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
    show    True: print the lines of the run, in a terminal or a notebook, as they come; "last": only the newest; False: none
    fresh   True: rename an existing output, and start at step 0

    Example: folder = mckean.run("input/quickstart.yaml", ranks=2, ensemble={"n": [32, 64]})
             mckean.open(folder).loss.mean("replica").to_pandas()

    Errors: RunStopped: it stopped early with a checkpoint, at a time limit; the same call resumes it. KeyboardInterrupt
    (Ctrl-C): the same. RunError: it failed; its attributes are code and output. FileNotFoundError: no input, no mckean or
    no mpirun.
    """
    input = os.fspath(input)
    if not os.path.isfile(input):
        raise FileNotFoundError(f"{input}: no such input")
    keys = {**flatten(keys or {}), **flatten(more)}
    folder = os.fspath(folder) if folder is not None else keys.get("run.output") or default_folder(input, keys)
    command = [find_program(), "run", input, *arguments({**keys, "run.output": folder}), *(["--fresh"] if fresh else [])]
    ranks = ranks or len(os.sched_getaffinity(0))
    if ranks > 1:
        if not shutil.which("mpirun"):
            raise FileNotFoundError("mpirun: not found in PATH; with ranks=1 it is not needed")
        command = ["mpirun", "-n", str(ranks), *command]
    code, lines = start(command, show)
    if code == STOPPED:
        raise RunStopped(f"{folder}: stopped early with a checkpoint; the same call resumes it", code, "\n".join(lines))
    if code != 0:
        ours = "\n".join(itertools.takewhile(lambda line: not line.startswith("-----"), lines))  # without those of mpirun
        raise RunError(f"{folder}: mckean run ended with exit code {code}:\n{ours}", code, "\n".join(lines))
    return folder


# ---- several runs ----

def settings_of(keys):
    """Returns [{key: value}], one for each combination of values; the last key varies fastest."""
    keys = flatten(keys)
    listed = {name: values if isinstance(values, (list, tuple)) else list(values) for name, values in keys.items()}
    return [dict(zip(listed, values)) for values in itertools.product(*listed.values())]


def short(settings):
    """Writes settings as dt=0.1,n=64, with the last parts of the keys if these differ."""
    last = [name.rsplit(".", 1)[-1] for name in settings]
    names = last if len(set(last)) == len(last) else list(settings)
    return ",".join(f"{name}={literal(value)}" for name, value in zip(names, settings.values()))


def folder_name(settings):
    return "".join(mark if mark.isalnum() or mark in "=,._-[]" else "_" for mark in short(settings))


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

        loss and test_loss are means over replicas, in the unit f^2; spread is the standard deviation of the final loss over
        replicas. A DataFrame with pandas, otherwise a list of dictionaries.
        """
        rows = [{**settings, **row} for settings, folder in self.runs for row in rows_of(folder)]
        try:
            import pandas
        except ImportError:
            return rows
        return pandas.DataFrame(rows)


def rows_of(folder):
    """Returns a row of Sweep.table for each n of a run."""
    tables = open_history(folder, fields=False, arrays="numpy")
    for table in tables if isinstance(tables, list) else [tables]:
        for i, n in enumerate(table["n"].reshape(-1)):
            loss, test = (table[name] if table["n"].ndim == 0 else table[name][i] for name in ("loss", "test_loss"))
            yield {"n": int(n), "replicas": loss.shape[1], "t": float(table["time"][-1]), "loss_start": float(loss[0].mean()),
                   "loss": float(loss[-1].mean()), "test_loss_start": float(test[0].mean()), "test_loss": float(test[-1].mean()),
                   "spread": float(loss[-1].std(ddof=1)) if loss.shape[1] > 1 else float("nan")}


def sweep(input, keys, ranks=None, folder=None, show=True, **more):
    """Runs all combinations of some keys, one after the other. Finished runs are not repeated.

    input   path of an input (YAML)
    keys    {key: list of values}: {"dynamics.stages[0].dt": [0.1, 0.2]}
    ranks, and further keywords: as in mckean.run, the same in all runs
    show    True: print a line for each run
    folder  folder of the sweep; a run is in FOLDER/KEY=VALUE,...; default: runs/NAME-sweep of the input file

    Writes FOLDER/sweep.json with settings and folders. Returns a Sweep, whose table() has the losses of all runs.
    Errors: those of mckean.run, when the first run fails; the same call then continues.
    """
    settings = settings_of(keys)
    folder = os.fspath(folder) if folder is not None else default_folder(os.fspath(input), more) + "-sweep"
    runs = [(each, os.path.join(folder, folder_name(each))) for each in settings]
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "sweep.json"), "w") as file:
        json.dump({"input": os.path.abspath(input), "runs": [{"settings": each, "folder": os.path.basename(place)}
                                                               for each, place in runs]}, file, indent=1, default=literal)
    for i, (each, place) in enumerate(runs):
        run(input, ranks, place, {**flatten(more), **each}, "last" if show else False)
        if show:
            print(f"{i + 1}/{len(runs)}  {short(each)}: {outcome(place)}"[:WIDTH].ljust(WIDTH), flush=True)
    return Sweep(folder, runs)
