"""mckean.save_data and `python3 -m mckean import`: data files for target.type: file."""
import csv
import os

import h5py
import numpy as np

from .guard import check, replacing

FORMAT = "mckean-data"
LARGEST = 1e150  # labels are squared and summed
DIMENSIONS = 1024  # the largest d of a run
LABELS = ("y", "label", "labels", "target")  # usual names of a column of labels
ENCODE = "store a number for each class, for example numpy.unique(values, return_inverse=True)[1]"
POINTS = object()  # as y: there are no labels


class DataError(ValueError):
    """A message about data of the user: what was expected, what was received, and where."""


# ---- reading tables ----

def delimiter_of(line):
    return next((mark for mark in (",", ";", "\t") if mark in line), None)  # None: spaces


def is_number(word):
    try:
        float(word)
        return True
    except ValueError:
        return False


def cells(line, mark):
    return next(csv.reader([line], delimiter=mark)) if mark else line.split()


def read_csv(path):
    """Returns the numbers of a text file (rows, columns), and the names of the columns or None."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        lines = [line for line in file.read().splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise DataError(f"{path}: expected rows of numbers, received an empty file")
    mark = delimiter_of(lines[0])
    first = [word.strip() for word in cells(lines[0], mark)]
    names = None if any(map(is_number, first)) else first
    rows = lines[names is not None:]
    if not rows:
        raise DataError(f"{path}: expected rows of numbers below the names of the columns, received none")
    try:
        table = np.loadtxt(rows, delimiter=mark, ndmin=2, comments=None)
    except ValueError:
        table = read_slowly(path, rows, mark, len(first), 1 + (names is not None))
    if names and not names[0] and np.array_equal(table[:, 0], np.arange(len(table))):
        raise DataError(f"{path}: column 1 has no name and counts the rows, like the index of a DataFrame; remove it, for example "
                        "by to_csv(path, index=False)")
    return table, names


def read_slowly(path, rows, mark, columns, first):
    """Reads rows that loadtxt refuses: quoted numbers. Names the row and column of anything else."""
    table = np.empty((len(rows), columns))
    for i, line in enumerate(rows):
        words = cells(line, mark)
        if len(words) != columns:
            raise DataError(f"{path}: row {i + first}: expected {columns} columns, received {len(words)}")
        for k, word in enumerate(words):
            if not is_number(word):
                hint = "; decimal commas? write 1.5, not 1,5" if ";" in word else ""
                raise DataError(f"{path}: row {i + first}, column {k + 1}: expected a number, received "
                                + (f"\"{word.strip()}\"" if word.strip() else "an empty cell") + hint)
            table[i, k] = float(word)
    return table


def column_of(path, names, count, y):
    """Returns the index of the column with the labels. y: its name, its index from 0 (negative: from the end), None: the last."""
    if y is None:
        return count - 1
    if isinstance(y, str) and names and y in names:
        return names.index(y)
    try:
        index = int(y)
    except ValueError:
        listed = ", ".join(names) if names else f"none; the indices are 0 to {count - 1}"
        raise DataError(f"{path}: no column named \"{y}\"; the names are: {listed}") from None
    if not -count <= index < count:
        raise DataError(f"{path}: no column {index}; the indices are 0 to {count - 1}")
    return index % count


def listed(names):
    return ", ".join(names if len(names) <= 8 else [*names[:4], "...", names[-1]])


def split(path, table, names, y):
    """Splits a table into points x and labels y; also returns a sentence that states the columns of both."""
    if y is POINTS:
        return table, None, f"all {table.shape[-1] if table.ndim > 1 else 1} columns are x; no labels"
    if table.ndim != 2 or table.shape[1] < 2:
        raise DataError(f"{path}: expected a table with at least two columns, x and y, received the shape {table.shape}")
    label = column_of(path, names, table.shape[1], y)
    columns = names or [str(k) for k in range(table.shape[1])]
    words = (f"y is column {columns[label]}; x is column{'s' * (len(columns) > 2)} "
             f"{listed(columns[:label] + columns[label + 1:])}" + ("" if names else " (counted from 0)"))
    other = next((name for name in columns if name.lower() in LABELS), None) if y is None else None
    if other not in (None, columns[label]):
        words += f"\nwarning: the last column is y by default, but there is a column {other}; if that is y, add --y {other}"
    return np.delete(table, label, axis=1), table[:, label], words


def read_npz(path, y):
    with np.load(path, allow_pickle=False) as file:
        found = {name: file[name] for name in file.files}
    lower = {name.lower(): name for name in found}
    label = y if y in found else lower.get("y")
    points = next((lower[name] for name in ("x", "points", "inputs") if name in lower), None)
    if y is POINTS and points:
        return found[points], None, None, None, f"x is the array {points}; no labels"
    if points is None or label is None:
        raise DataError(f"{path}: expected arrays named x and y, received {', '.join(sorted(found)) or 'none'}")
    tests = [found[lower[name]] if name in lower else None for name in ("test_x", "test_y")]
    return (found[points], found[label], *tests, f"y is the array {label}; x is the array {points}")


def read_file(path, y=None):
    """Reads points and labels from a file: CSV or text, NPY, NPZ, whatever its name is. Returns x, y, test_x, test_y, which may be
    None, and a sentence that states which columns or arrays are x and y.

    y: the column of the labels, a name or an index from 0; default: the last; POINTS: none, the labels are None. NPZ: the
    arrays x, y and, optionally, test_x and test_y.
    """
    path = os.fspath(path)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"{path}: no such file")
    try:
        with open(path, "rb") as file:
            start = file.read(6)
        if start.startswith(b"PK\x03\x04"):
            return read_npz(path, y)
        if start.startswith(b"\x89HDF"):
            raise DataError(f"{path}: expected CSV, NPY or NPZ, received HDF5. If it has the datasets x (N, d) and y (N), "
                            "it needs no import: set target.path to it")
        if start == b"\x93NUMPY":
            table, names = np.load(path, allow_pickle=False), None
        else:
            table, names = read_csv(path)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: expected CSV, NPY or NPZ with numbers, received another file ({error})") from None
    if table.dtype.names:  # a structured array has named columns
        names = list(table.dtype.names)
        table = np.stack([table[name] for name in names], axis=1)
    x, y, words = split(path, table, names, y)
    return x, y, None, None, words


# ---- checking arrays ----

def text_column(values):
    """Returns the name of the first column of a DataFrame that is not numbers, None for other types."""
    for name in getattr(values, "columns", ()):
        try:
            np.asarray(values[name]).astype(float)
        except (TypeError, ValueError):
            return name
    return None


def numbers(name, values):
    """Converts to double: numbers of any kind, bool, or a DataFrame or Series."""
    array = np.asarray(values.detach() if hasattr(values, "detach") else values)  # detach: a tensor of PyTorch
    if array.dtype == object:
        try:
            array = array.astype(float)
        except (TypeError, ValueError):
            where = f": column {column!r}" if (column := text_column(values)) is not None else ""
            raise DataError(f"{name}: expected numbers, received a {type(values).__name__} with values that are not numbers{where}; {ENCODE}") from None
    if array.dtype.kind not in "fiub":
        hint = f"; {ENCODE}" if array.dtype.kind in "SU" else "; store real and imaginary parts as two columns" * (array.dtype.kind == "c")
        raise DataError(f"{name}: expected real numbers, received the type {array.dtype}{hint}")
    return np.ascontiguousarray(array, dtype=np.float64)


def check_finite(name, array):
    wrong = np.argwhere(~(np.abs(array) < LARGEST))
    if len(wrong):
        where = ", column ".join(str(i) for i in wrong[0])
        raise DataError(f"{name}: row {where} is {array[tuple(wrong[0])]:g} (counted from 0): expected finite numbers below "
                        f"1e150 in absolute value" + (f"; {len(wrong)} numbers are like this" if len(wrong) > 1 else ""))


def pair_of(source, *arguments):
    """Returns pair(*arguments). If source is the path of a file, errors name it."""
    try:
        return pair(*arguments)
    except DataError as error:
        raise DataError(f"{os.fspath(source)}: {error}" if is_path(source) else str(error)) from None


def pair(x, y, prefix="", d=None):
    """Returns points (N, d) and labels (N) or None. Accepts points (N) for d = 1 and labels (N, 1)."""
    x = numbers(f"{prefix}x", x)
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or 0 in x.shape:
        raise DataError(f"{prefix}x: expected the shape (N, d) with N >= 1 and d >= 1, received {x.shape}"
                        + ("; flatten each point: x.reshape(len(x), -1)" if x.ndim > 2 else ""))
    if x.shape[1] > DIMENSIONS and (y is None or np.shape(y)[:1] != x.shape[1:]):  # not transposed
        raise DataError(f"{prefix}x: expected at most d = {DIMENSIONS}, received {x.shape}; reduce the dimension, for example by a "
                        f"projection onto {DIMENSIONS} principal components")
    if y is None:
        check_finite(f"{prefix}x", x)
        return x, None
    y = numbers(f"{prefix}y", y)
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.shape != (len(x),):
        hint = ("; x looks transposed: use x.T" if y.shape == (x.shape[1],) else
                "; a network has one output: use one column, such as y[:, 0]" if y.ndim == 2 and len(y) == len(x) else "")
        raise DataError(f"{prefix}y: expected the shape ({len(x)},), one label for each row of {prefix}x {x.shape}, received "
                        f"{y.shape}{hint}")
    if d and x.shape[1] != d:
        raise DataError(f"{prefix}x: expected d = {d} columns as in x, received {x.shape}")
    check_finite(f"{prefix}x", x)
    check_finite(f"{prefix}y", y)
    return x, y


# ---- writing ----

def write_points(file, prefix, x, y):
    for name, values, words in ((f"{prefix}x", x, "points (N, d)"), (f"{prefix}y", y, "labels (N)")):
        if values is not None:
            file[name] = values
            file[name].attrs["description"] = words


def write(path, arrays):
    """Writes {prefix: (x, y)}."""
    with replacing(path, "data") as temporary, h5py.File(temporary, "w") as file:
        file.attrs["format"] = np.bytes_(FORMAT)
        for prefix, (x, y) in arrays.items():
            write_points(file, prefix, x, y)


def is_path(value):
    return isinstance(value, (str, os.PathLike))


def save_data(path, x, y=None, test_x=None, test_y=None):
    """Writes a data file for an input with target: {type: file, path: ...}, or, without y, points for `mckean eval`.

    path            the file to write (.h5); replaces only an earlier data file
    x               points (N, d), or (N) for d = 1: an array, list or DataFrame; or the path of a CSV, NPY or NPZ file
    y               labels (N) or (N, 1): numbers, integers or bool. If x is a file: the column of the labels, a name or an
                    index from 0; default: the last. None with an array x: points without labels
    test_x, test_y  points and labels on which the test loss is computed, in the same forms; default: none, and a run then
                    keeps a part of x, y as test points

    The file has the datasets x (N, d), y (N), and test_x, test_y if given, in double precision. Labels have the units of f.
    Returns the path.
    Errors: DataError (a ValueError): shapes that do not fit, numbers that are not finite, with row and column.
    FileExistsError: path is another file.

    Examples: mckean.save_data("data.h5", "table.csv", y="price")
              mckean.save_data("points.h5", x)
    """
    check(path, "data")
    sources = x, test_x
    if is_path(x):
        column = y
        x, y, *tests = read_file(x, column)[:4]
        if test_x is None:
            test_x, test_y = tests
    else:
        column = None
    if is_path(test_x):
        test_x, test_y = read_file(test_x, column if test_y is None else test_y)[:2]
    arrays = {"": pair_of(sources[0], x, y)}
    if (test_x is None) != (test_y is None):
        raise DataError("expected both test_x and test_y, received only one of them")
    if arrays[""][1] is None and test_x is not None:
        raise DataError("y: expected the labels of the points x, because there are test points; received none")
    if test_x is not None:
        arrays["test_"] = pair_of(sources[1] if sources[1] is not None else sources[0], test_x, test_y, "test_", arrays[""][0].shape[1])
    write(path, arrays)
    return path
