"""mckean.open: the history of a run as labeled arrays."""
import os

import h5py
import numpy as np

from .records import attributes, history_of, members, read_config, text

RECORDS = {"series": "time", "field": "field_time", "overlaps": "overlaps_time", "stability": "stability_time"}  # group of a size: name of its time
# dimensions of the datasets of a group after its time
DIMS = {"f": ("replica", "point"), "f_train": ("replica", "train_point"), "Q": ("replica", "unit", "other_unit"),
        "M": ("replica", "unit", "teacher_unit"), "component": ("replica", "term"), "M_mean": ("replica", "teacher_unit"), "M_variance": ("replica", "teacher_unit"),
        "M_histogram": ("replica", "teacher_unit", "overlap")}
INDICES = {"replica": "number of the replica", "point": "number of the test point", "train_point": "number of the training point",
           "unit": "number of the unit i", "other_unit": "number of the unit j", "teacher_unit": "number of the unit r of the teacher",
           "term": "number of the term of the target"}
POINTS = {"test": "point", "train": "train_point"}


def described(dataset):
    """Returns the attributes that xarray and its plots use: units, long_name."""
    found = attributes(dataset)
    labels = {"long_name": found.get("description"), "units": found.get("units", found.get("unit"))}
    return {name: value for name, value in labels.items() if value}


def read_member(group, fields):
    """Reads the group of one size: {name: (dimensions, array, attributes)}. Datasets of stability get this prefix."""
    found = {}
    for record, time in RECORDS.items():
        if record not in group or (record in ("field", "overlaps") and not fields):
            continue
        axes = {"time": time, "step": "step" if record == "series" else f"{record}_step"}
        prefix = "stability_" if record == "stability" else ""
        for name, dataset in group[record].items():
            if name in INDICES:
                continue
            if name == "overlap":
                found[name] = (name,), dataset[()], described(dataset)
                continue
            rest = DIMS.get(name, ("replica",) if dataset.ndim == 2 else ())
            found[axes.get(name, prefix + name)] = (time, *rest), dataset[()], described(dataset)
    return found


def read_points(file):
    """Reads the stored points and labels: test_x (point, d), test_y (point), train_x (train_point, d), train_y."""
    found = {}
    for name, dim in POINTS.items():
        for part, dims in (("x", (dim, "d")), ("y", (dim,))):
            if name in file and part in file[name]:
                found[f"{name}_{part}"] = dims, file[name][part][()], described(file[name][part])
    return found


def dimension(file, config):
    """Returns d: that of the stored points or, if there are none, that of the input."""
    stored = [file[name]["x"].shape[1] for name in POINTS if name in file and "x" in file[name]]
    return int(stored[0] if stored else read_config(config).get("target.d", 0))


def provenance(file, path):
    """Returns the attributes of the dataset: those of the run, the target, the points, and the program that wrote the file."""
    first = members(file)[0]
    config = text(file.attrs["config"])
    about = {"run": os.path.dirname(os.path.abspath(path)), "unit": text(first.attrs["unit"]),
             "d": dimension(file, config), "step": int(file.attrs["step"]),
             "streams": int(first.attrs.get("streams", 1))}
    about.update({"target" if name == "type" else name: value for name, value in attributes(file["target"]).items()})
    for name in POINTS:
        if name in file:
            about.update({f"{name}_{key}": value for key, value in attributes(file[name]).items()})
    for key, value in (attributes(file["provenance"]) if "provenance" in file else {}).items():
        about[key if key not in about else f"provenance_{key}"] = value
    return {**about, "config": config}


def axes_of(member):
    """Returns what must agree between sizes that become one array: the clocks, and all shapes."""
    clocks = [member[name][1].tobytes() for name in (*RECORDS.values(), "step", "field_step") if name in member]
    return clocks, {name: array.shape for name, (_, array, _) in member.items()}


CLOCKS = ("time", "step", "field_time", "field_step", "overlaps_time", "overlaps_step", "stability_time", "stability_step")


def stack(sizes, parts):
    """Joins the members of several sizes along n."""
    found = {"n": (("n",), np.array(sizes), {"long_name": "units of a network"})}
    for name, (dims, _, about) in parts[0].items():
        if name in (*CLOCKS, "overlap"):
            found[name] = parts[0][name]
        else:
            found[name] = ("n", *dims), np.stack([part[name][1] for part in parts]), about
    return found


def alone(n, member):
    return {"n": ((), np.array(n), {"long_name": "units of a network"}), **member}


def with_indices(found):
    """Adds the numbers of replicas, points, units and terms as coordinates."""
    sizes = {dim: length for dims, array, _ in found.values() for dim, length in zip(dims, array.shape)}
    return {**found, **{name: ((name,), np.arange(sizes[name]), {"long_name": label}) for name, label in INDICES.items()
                        if name in sizes}}


def as_dictionary(found, about):
    return {**{name: array for name, (_, array, _) in found.items()},
            "dims": {name: dims for name, (dims, _, _) in found.items()},
            "units": {name: labels.get("units", "") for name, (_, _, labels) in found.items()}, "attrs": about}


def as_dataset(found, about, xarray):
    axes = {"n", "overlap", *INDICES, *CLOCKS}
    return xarray.Dataset({name: entry for name, entry in found.items() if name not in axes},
                          {name: entry for name, entry in found.items() if name in axes}, about)


def open(run, fields=True, arrays=None):
    """Reads the history of a run, up to its newest checkpoint. The run may be in progress.

    run      the folder of a run, or its history.h5
    fields   False: skips the outputs f and f_train and the overlaps, which can be large
    arrays   "numpy": a dictionary of NumPy arrays; "xarray": an xarray.Dataset; None: a Dataset if xarray is installed

    Returns a Dataset with the dimensions n (sizes), replica, time (rows of the series), field_time (recorded outputs),
    point (test points), train_point (fixed training points), term (of the target), overlaps_time and stability_time, and the variables

      loss, test_loss, loss_over_C_f, grad2, c_mean, ... (n, time, replica); dt, batch (n, time); step (time)
      f (n, field_time, replica, point), f_train (n, field_time, replica, train_point)   outputs f_n(x)
      c2phi2, c2phi2_train (n, field_time, replica)
      Q (n, overlaps_time, replica, unit, other_unit), M (n, overlaps_time, replica, unit, teacher_unit)   overlaps, n <= 64
      Q_self_mean, Q_pair_mean, M_mean, M_histogram, ...   their moments and histograms (output.overlaps), larger n
      component (n, field_time, replica, term)   residual f_n - f along the terms of target.type: hermite
      remainder (n, field_time, replica)         half the mean square of the rest of it at the test points
      test_x (point, d), test_y (point), train_x (train_point, d), train_y (train_point)
      stability_limit, stability_dt_over_limit, ... (n, stability_time)

    if the run has them. Each has the attributes long_name and units: f for labels, f^2 for losses, t for time
    (dt times steps). The attributes of the Dataset are the provenance: run, unit, d, C_f, version, command,
    host, config (the input with all defaults) and so on. A dictionary has the same arrays, and the entries dims, units
    ({name: ...}) and attrs.

    If the sizes have different times (dt_power), or other shapes, they do not fit into one array: the result is a list with
    one Dataset or dictionary per n, without the dimension n.

    Errors: FileNotFoundError: no history yet, or no run. ImportError: arrays="xarray" without xarray. OSError: another file.

    Example: mckean.open("runs/mine").loss.mean("replica").to_pandas()
    """
    xarray = load_xarray(arrays)
    path = history_of(run)
    with h5py.File(path, "r") as file:
        sizes = [int(group.attrs["n"]) for group in members(file)]
        parts = [read_member(group, fields) for group in members(file)]
        points, about = read_points(file), provenance(file, path)
    together = all(axes_of(part) == axes_of(parts[0]) for part in parts)
    tables = [stack(sizes, parts)] if together else [alone(n, part) for n, part in zip(sizes, parts)]
    tables = [with_indices({**table, **points}) for table in tables]
    found = [as_dataset(table, about, xarray) if xarray else as_dictionary(table, about) for table in tables]
    return found[0] if together else found


def by_size(run):
    """Yields (n, table) of a run: a dictionary of arrays as from open(), without the dimension n, for each size."""
    tables = open(run, arrays="numpy")
    for table in tables if isinstance(tables, list) else [tables]:
        for i, n in enumerate(table["n"].reshape(-1)):
            own = table if table["n"].ndim == 0 else {
                name: array[i] if table["dims"][name][:1] == ("n",) else array for name, array in table.items()
                if name in table["dims"]}
            yield int(n), {**own, "attrs": table["attrs"]}


def load_xarray(arrays):
    """Returns the module xarray, or None for NumPy."""
    if arrays not in (None, "numpy", "xarray"):
        raise ValueError(f"arrays: expected \"numpy\", \"xarray\" or None, received {arrays!r}")
    if arrays == "numpy":
        return None
    try:
        import xarray
        return xarray
    except ImportError:
        if arrays == "xarray":
            raise
        return None
