"""McKean in Python: reads runs, evaluates trained networks, writes data files, starts runs and sweeps.

  open(run)                          the history of a run: an xarray.Dataset, or a dictionary of NumPy arrays
  load(run, n, replica, step)        a trained network: f(x), its gradient, its parameters
  save_data(path, x, y)              writes a data file from arrays, a DataFrame, CSV, NPY or NPZ
  run(input, ranks, ...)             starts a run and waits for it
  sweep(input, {key: values}, ...)   runs all combinations of values
  analyze(run)                       `mckean analyze` as tables with verdicts
  plot(run), report(run, path)       pictures, and a page about runs
  frozen_features(run), linearized(run), square_flow(run)   exact answers of the theory, to compare with a run
  overlaps(a, b), saad_solla(...)    teachers and students of erf units: overlaps, and their equations for d -> infinity

numpy and h5py are required. xarray, pandas, torch and matplotlib are used where they are installed. The tools of McKean
(tools/plot, report, studies) use the same modules.
"""
import importlib
import importlib.util
import os
import sys

_TOOLS = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
# A tool of the source tree starts again with a Python that has h5py, if this one lacks it.
if (os.path.isfile(sys.argv[0]) and os.path.dirname(os.path.realpath(sys.argv[0])) == _TOOLS
        and os.path.exists(os.path.join(_TOOLS, "python")) and not importlib.util.find_spec("h5py")):
    os.execv(os.path.join(_TOOLS, "python"), [os.path.join(_TOOLS, "python"), *sys.argv])

_HOME = {"open": "history", "load": "network", "Network": "network", "save_data": "data", "DataError": "data", "run": "launch",
         "sweep": "launch", "RunError": "launch", "RunStopped": "launch", "analyze": "analysis", "plot": "pictures",
         "report": "pictures", "frozen_features": "theory", "linearized": "theory",
         "square_flow": "theory", "overlaps": "teacher_student", "saad_solla": "teacher_student", "Failure": "study", "find_program": "program"}
__all__ = list(_HOME)


def __getattr__(name):
    """Imports a function when it is first used, so that each tool needs only the libraries that it uses."""
    if name not in _HOME:
        raise AttributeError(f"module 'mckean' has no attribute '{name}'")
    return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)


def __dir__():
    return sorted({*globals(), *__all__})
