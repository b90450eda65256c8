"""Reads the records of runs and the results of `mckean analyze`, for tools/report and tools/studies.

A case is a set of runs that are analyzed together: they differ only in run.* (except run.precision), ensemble.n, ensemble.replicas
and output.*. A study is a list of cases, such as one per power of the batch or per dimension. The results of a case are in one of
its run folders: analysis.json, analysis.h5 and analysis.txt (the printed output). All numbers and verdicts are read from
analysis.json; analysis.txt is only displayed.
"""
import json
import math
import os
import re
import subprocess

import h5py

from .guard import Failure, Misuse
from .records import LOSS_SCALES, checkpoints_of, history_of, mark_of, members, read_config, text

FREE = ("run.", "ensemble.n", "ensemble.replicas", "output.")  # keys, or beginnings of keys, in which the runs of a case may differ


class Run:
    """A run: a folder with history.h5."""

    def __init__(self, folder):
        self.folder = folder
        self.history = history_of(folder)
        with h5py.File(self.history) as file:
            self.config_text = text(file.attrs["config"])
            self.provenance = {name: text(value) for name, value in file["provenance"].attrs.items()}
            self.target = {name: text(value) for name, value in file["target"].attrs.items()}
            self.sizes = {int(group.attrs["n"]): int(group.attrs["replicas"]) for group in members(file)}
            self.origin = {name: text(file[name].attrs["origin"]) for name in ("train", "test")
                           if name in file and "origin" in file[name].attrs}  # where the points come from
            self.streams = max(int(group.attrs.get("streams", 1)) for group in members(file))
        self.config = read_config(self.config_text)
        self.summary = self.read_summary()

    def read_summary(self):
        try:
            with open(os.path.join(self.folder, "summary.json")) as file:
                return json.load(file)
        except (OSError, ValueError):
            return {}

    def target_text(self):
        """Describes the target: type, d, C_f with its standard error, linear fraction."""
        C_f, error = self.target["C_f"], self.target.get("C_f_error", math.nan)
        words = f"{self.target['type']}"
        if "target.d" in self.config:
            words += f", d = {self.config['target.d']}"
        if error > 0:
            digits = max(0, 1 - math.floor(math.log10(error)))
            words += f", C_f = {C_f:.{digits}f} +- {error:.{digits}f}"
            words += f" from {self.target['C_f_origin']}" if self.target.get("C_f_origin") else ""
        else:
            words += f", C_f = {C_f:.6g}" + (" (exact)" if error == 0 else "")
        linear = self.target.get("linear_fraction", math.nan)
        return words + (f", linear fraction {linear:.3f}" if math.isfinite(linear) else "")

    def problem(self):
        """Returns the keys and values of the input that all runs of a case have in common."""
        return tuple(sorted((key, value) for key, value in self.config.items() if not key.startswith(FREE) or key == "run.precision"))

    def snapshots(self):
        """Returns the paths of the existing checkpoints, in order of time."""
        return list(checkpoints_of(self.folder).values())


class Case:
    """Runs that are analyzed together. load() sets data to the content of analysis.json and output to that of analysis.txt.

    These files are in the folder of the run with the largest n (home). So if the same runs are also analyzed together with a
    reference run of larger n, neither analysis replaces the other. analysis: the name of the files without their endings; a study that
    uses runs of another study gives its own analysis of them another name.
    """

    def __init__(self, runs, analysis="analysis"):
        self.runs = sorted(runs, key=lambda run: max(run.sizes))
        self.first, self.home, self.analysis = self.runs[0], self.runs[-1].folder, analysis
        self.label = self.differs = ""
        self.data, self.output = {}, ""

    def path(self, ending):
        """Returns the path of the file of the analysis with this ending: ".json", ".h5" or ".txt"."""
        return os.path.join(self.home, self.analysis + ending)

    def is_analyzed(self, options=None):
        """Returns whether analysis.json exists, has verdicts, and was computed from these histories as they are now.

        options: also whether it was computed with these options, for conditions, window, level and prediction; None: with any.
        """
        try:
            with open(self.path(".json")) as file:
                data = json.load(file)
            marks, _ = data["sources"]["checksum"], data["verdicts"]
        except (OSError, ValueError, KeyError, TypeError):
            return False
        return sorted(marks) == sorted(mark_of(run.history) for run in self.runs) and (options is None or has_options(data, options))

    def analyze(self, mckean, options=()):
        """Runs `mckean analyze`. Returns whether all --expect conditions are met. Raises Failure on any other error."""
        command = [mckean, "analyze", *(run.folder for run in self.runs), "-o", self.path(".h5"), "--json", self.path(".json"), *options]
        if os.path.exists(self.path(".json")):
            os.remove(self.path(".json"))
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        except OSError as error:
            raise Failure(f"{mckean}: {error.strerror}; build it with `make`, or name it with --mckean") from None
        if done.returncode not in (0, 1) or not os.path.exists(self.path(".json")):
            raise Failure(done.stderr.strip().removeprefix("mckean: ") or f"{' '.join(command)} ended with {done.returncode}")
        return done.returncode == 0

    def load(self):
        with open(self.path(".json")) as file:
            self.data = json.load(file)
        for scale in LOSS_SCALES:  # None or 0: nothing can be divided by it
            if scale in self.data:
                self.data[scale] = self.data[scale] or math.nan
        self.data["times"] = [math.nan if time is None else time for time in self.data["times"]]  # NaN: no common t
        if os.path.exists(self.path(".txt")):
            with open(self.path(".txt")) as file:
                self.output = file.read()

    def times_of_size(self, s):
        """Returns the times of a size: those of the study or, if the sizes have different t (dt_power), its own."""
        return [row[s] for row in self.data["times_per_size"]] if "times_per_size" in self.data else self.data["times"]

    def loss_scale(self):
        """Returns the name of E l(0, y), by which losses are divided: C_f for the squared loss, otherwise loss_0."""
        return "C_f" if self.first.config.get("loss.type", "squared") == "squared" else "loss_0"

    def quantities(self):
        """Returns the names of the quantities that were estimated at each time and n."""
        return [name for name, value in self.data.items() if isinstance(value, dict) and "values" in value]

    def findings(self, *kinds):
        """Returns the entries of "verdicts" of these kinds: verdict, warning, note, limit, condition."""
        return [finding for finding in self.data["verdicts"] if finding["kind"] in kinds]

    def unmet(self):
        """Returns the findings of conditions that are not met, one for each time or n."""
        return [finding for finding in self.findings("condition") if finding["verdict"] == "not met"]


def has_options(data, options):
    """Returns whether the content of analysis.json has the conditions, the window, the level and the prediction of these options."""
    asked = list(zip(options[::2], options[1::2]))
    expected, single = [value for option, value in asked if option == "--expect"], dict(asked)
    found = [finding["text"].removeprefix("NOT MET").removeprefix("met").strip() for finding in data["verdicts"] if finding["kind"] == "condition"]
    window, plateau = [float(part) for part in single.get("--window", "").split(":") if part], data.get("plateau")
    return (all(any(text.startswith(f"{condition}:") for text in found) for condition in expected)
            and all(any(text.startswith(f"{condition}:") for condition in expected) for text in found)
            and (window == [plateau["first"], plateau["last"]] if plateau else not window)
            and data["level"] == float(single.get("--level", 0.99)) and ("--predicted" in single) == ("predicted" in data))


def natural(path):
    """Returns a key that sorts paths with numbers by their values."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", path)]


def find_runs(folder):
    """Returns the run folders at any depth below a folder, or the folder itself if it is a run folder."""
    if os.path.exists(os.path.join(folder, "history.h5")):
        return [folder]
    found = [root for root, _, files in os.walk(folder) if "history.h5" in files]
    if not found and not os.path.isdir(folder):
        history_of(folder)  # raises the reason
    if not found:
        raise Misuse(f"{folder}: expected history.h5 there or in folders below it (`mckean run` writes it)")
    return sorted(found, key=natural)


def open_study(folders, analysis="analysis"):
    """Groups all runs in these folders into cases and labels the cases by their differences.

    analysis: the name of the analysis to read, of cases that have one of this name; others have the usual name.
    """
    groups = {}
    for folder in dict.fromkeys(os.path.normpath(run) for folder in folders for run in find_runs(folder)):
        run = Run(folder)
        groups.setdefault(run.problem(), []).append(run)
    cases = [Case(runs) for runs in groups.values()]
    for case in cases:
        if os.path.exists(os.path.join(case.home, f"{analysis}.json")):
            case.analysis = analysis
    label_cases(cases)
    return cases


def label_cases(cases):
    """Labels cases by the names of their runs if these are all different, otherwise by the keys in which the cases differ."""
    configs = [dict(case.first.problem()) for case in cases]
    keys = [key for key in dict.fromkeys(key for config in configs for key in config)
            if len({config.get(key) for config in configs}) > 1]
    names = [case.first.config["run.name"] for case in cases]
    for case, config, name in zip(cases, configs, names):
        case.differs = ", ".join(f"{key.replace('dynamics.stages.0.', '')} = {config[key]}" for key in keys if key in config)
        case.label = name if len(set(names)) == len(names) else case.differs or name
