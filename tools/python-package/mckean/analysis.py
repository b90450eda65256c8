"""mckean.analyze: the analysis of runs as tables, with verdicts."""
import math
import os

from .program import find_program
from .study import Case, Run

COLUMNS = ("kind", "name", "n", "t", "estimate", "low", "high", "expected", "verdict", "reason", "text")


def frame(rows, columns):
    """Returns rows (dictionaries) as a DataFrame, or unchanged without pandas."""
    try:
        import pandas
    except ImportError:
        return rows
    return pandas.DataFrame(rows, columns=columns)


def real(value):
    return math.nan if value is None else value


class Analysis:
    """The results of `mckean analyze`.

    data      the content of analysis.json: a dictionary; null is None
    text      the printed output
    quantities  names of what was estimated at each t and n: V, V_train, loss, test_loss, ...
    met       whether all conditions (--expect) are met; True without conditions
    folder    the run folder that contains analysis.json and analysis.h5

    Tables are DataFrames with pandas, otherwise lists of dictionaries with the same names.
    """

    def __init__(self, case, met):
        self.data, self.text, self.met, self.folder = case.data, case.output, met, case.home
        self.quantities = case.quantities()
        self.times = [case.times_of_size(s) for s in range(len(case.data["n"]))]

    def __repr__(self):
        return f"Analysis({self.folder}: {', '.join(self.quantities)})"

    @property
    def verdicts(self):
        """A row for each verdict, warning, note, limit of the data and condition.

        kind, name, n and t (NaN: all), estimate with its interval low, high, the value that theory expects, verdict (within,
        compatible, different, outside, none; met, not met), reason, and text: the printed line.
        """
        rows = []
        for finding in self.data["verdicts"]:
            low, high = finding["interval"]
            row = {**finding, "low": low, "high": high}
            rows.append({name: real(row[name]) if name in ("n", "t", "estimate", "low", "high", "expected") else row[name]
                         for name in COLUMNS})
        return frame(rows, COLUMNS)

    def table(self, name):
        """Returns a row for each t and n of a quantity: t, n, value, low, high. Units: those of analysis.h5; V: f^2."""
        group = self.group(name)
        rows = [{"t": self.times[s][i], "n": n, **{key: real(group[part][i][s]) for key, part in
                                                   (("value", "values"), ("low", "low"), ("high", "high"))}}
                for i in range(len(group["values"])) for s, n in enumerate(self.data["n"])]
        return frame(rows, ("t", "n", "value", "low", "high"))

    def slopes(self, name):
        """Returns a row for each t of a quantity: t, slope in n with low, high, and the verdict ("" without one)."""
        group = self.group(name)
        rows = [{"t": time, **{key: real(group[part][i]) for key, part in
                               (("slope", "slope"), ("low", "slope_low"), ("high", "slope_high"))},
                 "verdict": group["verdict"][i] if "verdict" in group else ""} for i, time in enumerate(self.data["times"])]
        return frame(rows, ("t", "slope", "low", "high", "verdict"))

    def group(self, name):
        if name not in self.quantities:
            raise KeyError(f"{name}: expected one of {', '.join(self.quantities)}")
        return self.data[name]


def analyze(run, options=(), again=True):
    """Runs `mckean analyze` and returns an Analysis.

    run      the folder of a run, or a list of folders that are analyzed as one study (other n, more replicas)
    options  further arguments: ["--window", "100:200", "--expect", "V=-1~0.05"]
    again    False: use an existing analysis.json if it is not older than the histories

    Writes analysis.json, analysis.h5 and analysis.txt into the folder of the run with the largest n.
    Errors: study.Failure: the analysis failed, with its message. FileNotFoundError: no program, or no history.
    """
    folders = [run] if isinstance(run, (str, os.PathLike)) else list(run)
    case = Case([Run(os.fspath(folder)) for folder in folders])
    met = True
    if again or options or not case.is_analyzed():
        met = case.analyze(find_program(), [str(option) for option in options])
    case.load()
    return Analysis(case, met)
