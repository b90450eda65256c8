__doc__ = """Command line of the package.

usage: python3 -m mckean import DATA.csv|DATA.npz|DATA.npy OUT.h5
                                [--y COLUMN | --points] [--test FILE]

Converts a table to a data file for an input with
`target: {type: file, path: OUT.h5}`.

  DATA      NPZ: the arrays x (N, d), y (N) and, optionally, test_x, test_y;
            NPY: an array (N, d + 1);
            any other file: text with a row per point, and columns separated by
            commas, semicolons, tabs or spaces; the first row may be names
  --y       the column of the labels: its name, or its index from 0 (-1: the
            last); default: the last. All other columns are x
  --points  all columns are x: points without labels, for `mckean eval`
  --test    a file of the same form with test points
"""
import os
import sys

if sys.path[:1] == [os.getcwd()]:  # by `python3 -m`; the folder may contain a random.py
    del sys.path[0]

import argparse  # noqa: E402

from .data import POINTS, read_file, save_data  # noqa: E402


def main(arguments):
    parser = argparse.ArgumentParser(prog="python3 -m mckean", usage=__doc__.split("usage: ")[1], add_help=False)
    parser.add_argument("verb", choices=["import"])
    parser.add_argument("data")
    parser.add_argument("out")
    labels = parser.add_mutually_exclusive_group()
    labels.add_argument("--y")
    labels.add_argument("--points", dest="y", action="store_const", const=POINTS)
    parser.add_argument("--test")
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(__doc__.split("\n", 2)[2].strip())
        return 0 if arguments else 2
    request = parser.parse_args(arguments)
    try:
        x, y, test_x, test_y, columns = read_file(request.data, request.y)
        if request.test:
            test_x, test_y = read_file(request.test, request.y)[:2]
        save_data(request.out, x, y, test_x, test_y)
    except (OSError, ValueError) as error:
        print(f"mckean import: {error}", file=sys.stderr)
        return 2
    d = x.shape[1] if x.ndim > 1 else 1
    print(f"{request.data}: {columns}")
    if y is None:
        print(f"{request.out}: {len(x)} points, d = {d}; next: mckean eval RUN {request.out} -o f.h5")
        return 0
    tests = f"{len(test_x)} test points" if test_x is not None else "no test points: by default, a run keeps 20 % of the points for testing"
    print(f"{request.out}: {len(x)} points, d = {d}; {tests}")
    print(f"in the input: target: {{type: file, path: {request.out}, d: {d}}}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
