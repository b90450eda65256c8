"""Tries random combinations of wrong or odd input: paths, encodings, keys, data files, signals at random times, targets of -o.

usage: combinations.py PROGRAM COUNT SEED

Three invariants hold in every case:
  1. No file that is not the run's own changes by a byte. Only a result may replace a file, if that is empty.
  2. Every exit code is 0, 1, 2 or 75. With 1 or 2, one line "mckean: ..." has the reason; with 75, the command that resumes is
     printed. A signal before its handler is installed may end the process.
  3. A run that has written a checkpoint is listed, resumes and is analyzed. `status --json -` prints JSON.

Case K of seed S is the same for every COUNT; combinations.py PROGRAM -K S repeats it alone, keeps its folder and prints its
commands.
"""
import hashlib
import json
import os
import pathlib
import random
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import h5py
import numpy as np

PROGRAM, COUNT, SEED = os.path.realpath(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGKILL]
INPUT = """\
ensemble: {n: [4, 9], replicas: 2}
target: {type: file, path: data.h5}
data: {samples: 12, test: 6}
dynamics: {stages: [{steps: %d, dt: 0.01}]}
output: {history_every: %d, checkpoint_every: %d}
"""
EMPTY = hashlib.sha256(b"").hexdigest()
OWN = {b"history.h5", b"history.previous.h5", b"checkpoints", b"lock", b"live", b"run.log", b"summary.json", b"stop"}

NAMES = [b"a b.yaml", b"caf\xe9.yaml", b"tab\there.yaml", "\u00fcber.yaml".encode(), b"it's.yaml", b"$HOME.yaml", b"~.yaml",
         b"new\nline.yaml", b"*.yaml", b"-x.yaml", b"noending", b"n" * 200 + b".yaml", b"sub/in.yaml", b"./in.yaml"]
ENCODINGS = [
    lambda text: b"\xef\xbb\xbf" + text,
    lambda text: text.replace(b"\n", b"\r\n"),
    lambda text: text.replace(b"\n", b"\r"),
    lambda text: text.decode().encode("utf-16"),
    lambda text: text + b"# caf\xe9\n",
    lambda text: text + b"# \0\n",
    lambda text: b"\t" + text,
    lambda text: text[:-9],
    lambda text: b"",
    lambda text: text + b"...\n",
    lambda text: text + b"output: {keep: 3}\n",
]
KEYS = ["ensemble.n", "ensemble.replicas", "data.samples", "data.test", "data.mode", "dynamics.stages[0].dt",
        "dynamics.stages[0].batch", "run.seed", "run.threads", "run.name", "run.precision", "output.keep", "output.fields",
        "output.snapshots", "unit.type", "target.path", "target.type", "data.sampels"]
VALUES = ["0", "1", "-1", "2", "07", "2e1", "1e18", "1e-300", "nan", "inf", "null", "~", "", "[]", "[1, 1]", "{a: 1}", "auto",
          "tanh", "..", "a/b", "online", "spin", "single", "data.h5", "x y", "\u00fc", "$HOME", "'", "[", "*a", "&a 1", "1_000",
          "0x10", "true", "1" * 400]
OUTPUTS = [b"out/", b"./out//", b"a/b/c", b".", b"..", b"notes.txt", b"other", b"other/in", b"link", b"dangling", b"~/out", b"$HOME",
           b"/dev/null", b"/proc/out", b"o\tut", b"o\xe9t", b"-out", b"o" * 300, b"with space", "\u00fc".encode(), b"data.h5", b""]
OPTIONS = [[b"--fresh"], [b"--dry-run"], [b"--stop-at", b"7"], [b"--stop-at", b"x"], [b"--max-wall", b"0.05"], [b"run.seed=2"] * 2]
TARGETS = [b"new.h5", b"notes.txt", b"other/history.h5", b"other/history.previous.h5", b"other/run.log", b"in.yaml", b"data.h5",
           b"a/new.h5", b".", b"other", b"/dev/full", b"tonotes", b"dangling/x.h5", b"n\xe9w.h5", b"-", b"", b"new"]


def with_h5(path, **datasets):
    with h5py.File(path, "w") as file:
        for name, values in datasets.items():
            file[name] = values


def data_files(folder):
    """Writes data files into a folder; returns their names."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(18, 3))
    y = np.sin(x[:, 0])
    bad = x.copy()
    bad[5, 1] = np.nan
    files = {
        "good": dict(x=x, y=y), "float32": dict(x=x.astype("f4"), y=y.astype("f4")), "column": dict(x=x, y=y[:, None]),
        "integers": dict(x=np.round(9 * x).astype("i4"), y=y), "transposed": dict(x=x.T, y=y), "nan": dict(x=bad, y=y),
        "half": dict(x=x.astype("f2"), y=y), "complex": dict(x=x.astype(complex), y=y), "short": dict(x=x[:9], y=y), "one": dict(x=x[:1], y=y[:1]),
        "none": dict(x=x[:0], y=y[:0]), "names": dict(X=x, Y=y), "bool": dict(x=x > 0, y=y), "same": dict(x=0 * x, y=0 * y),
        "huge": dict(x=1e300 * x, y=y), "flat": dict(x=x[:, 0], y=y), "text": dict(x=np.array([b"a"] * 18), y=y), "cube": dict(x=x[:, :, None], y=y)}
    for name, datasets in files.items():
        with_h5(folder / name, **datasets)
    whole = (folder / "good").read_bytes()
    (folder / "cut").write_bytes(whole[:-100])
    (folder / "flipped").write_bytes(whole[:100] + b"\xff" * 64 + whole[164:])
    (folder / "empty").write_bytes(b"")
    (folder / "csv").write_text("".join(f"{a},{b},{c}\n" for a, b, c in x))
    np.savez(folder / "zipped.npz", x=x, y=y)
    return sorted(path.name for path in folder.iterdir())


def call(case, arguments, interrupt=None):
    """Runs PROGRAM in the folder of the case; returns its exit code, output and errors. interrupt: (signal, seconds)."""
    case["commands"].append((arguments, interrupt))
    process = subprocess.Popen([PROGRAM, *arguments], cwd=case["folder"], env=dict(os.environ, TMPDIR=case["mpi"]),
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if interrupt:
        time.sleep(interrupt[1])
        process.send_signal(interrupt[0])
    try:
        out, err = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        case["failures"].append("no end within 120 s")
        return None, b"", b""
    code = process.returncode
    reasons = (b"\n" + err).count(b"\nmckean: ")
    what = f"exit code {code}, standard error {err[-600:]!r}"
    if code not in (0, 1, 2, 75) and not (interrupt and code == -interrupt[0]):
        case["failures"].append(what)
    if code in (1, 2) and (reasons != 1 or len(err) < 20):
        case["failures"].append("expected one line with the reason: " + what)
    if code == 75 and arguments[0] == b"run" and b"to resume" not in out:
        case["failures"].append("the command that resumes was not printed: " + what)
    if b"Traceback" in err or b"HDF5-DIAG" in err or b"runtime error" in err:
        case["failures"].append(what)
    return code, out, err


def foreign(case):
    """Returns {path: content} of all files that are not the run's own."""
    folder, output = case["folder"], case["output"]
    found = {}
    for root, names, files in os.walk(folder):
        own_folder = os.path.realpath(root) == output
        names[:] = [name for name in names if os.path.realpath(os.path.join(root, name)) != output or output == folder]
        if own_folder:
            names[:] = [name for name in names if name not in OWN]
        for name in files + [name for name in names if os.path.islink(os.path.join(root, name))]:
            path = os.path.join(root, name)
            if own_folder and name in OWN:
                continue
            if os.path.islink(path):
                found[path] = os.readlink(path)
            elif os.path.isfile(path):
                with open(path, "rb") as file:
                    found[path] = hashlib.sha256(file.read()).hexdigest()
    return found


def compare(case, before, what):
    after = foreign(case)
    for path, content in before.items():
        if after.get(path) != content:
            case["failures"].append(f"{what}: {path!r} {'changed' if path in after else 'was removed'}")


def create(case, rng, templates, data):
    """Writes the files of a case, of which one to three properties are odd; returns the command and its interruption."""
    folder = case["folder"]
    odd = rng.sample(["name", "encoding", "data", "keys", "output", "option", "signal", "absolute"], rng.choice([1, 1, 2, 2, 3]))
    name = rng.choice(NAMES) if "name" in odd else b"in.yaml"
    path = os.path.join(folder, name)
    steps, every = (20000, 2000) if "signal" in odd else (20, 5)
    text = (INPUT % (steps, every, every)).encode()
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(rng.choice(ENCODINGS)(text) if "encoding" in odd else text)
    shutil.copy(templates / "data" / (rng.choice(data) if "data" in odd else "good"), os.path.join(folder, b"data.h5"))
    shutil.copytree(templates / "other", os.fsdecode(os.path.join(folder, b"other")))
    with open(os.path.join(folder, b"notes.txt"), "w") as file:
        file.write("mine\n")
    for link, target in ("link", "other"), ("dangling", "nowhere"), ("tonotes", "notes.txt"):
        os.symlink(target, os.path.join(folder, link.encode()))
    words = [b"run", path if "absolute" in odd else name]
    for _ in range(rng.choice([1, 1, 2]) if "keys" in odd else 0):
        words.append(f"{rng.choice(KEYS)}={rng.choice(VALUES)}".encode())
    output = rng.choice(OUTPUTS) if "output" in odd else b"out"
    words.append(b"run.output=" + output)
    words += rng.choice(OPTIONS) if "option" in odd else []
    case["output"] = os.path.realpath(os.path.join(folder, output)) if output else os.path.join(folder, b"(none)")
    return words, (rng.choice(SIGNALS), rng.uniform(0, 0.6)) if "signal" in odd else None


def resume(case, words):
    """A run that has written a checkpoint completes, is listed and analyzed."""
    output = case["output"]
    case["resumed"] = True
    plain = [word for word in words if word not in (b"--fresh", b"--stop-at", b"7", b"--max-wall", b"0.05")]
    code, out, err = call(case, plain)
    if code != 0:
        case["failures"].append(f"the run does not resume: exit code {code}, {err[-600:]!r}")
        return
    code, out, err = call(case, [b"status", output])
    if code != 0 or not out.startswith(b"done "):
        case["failures"].append(f"a complete run is not listed as done: {out[-600:]!r}")
    code, out, err = call(case, [b"analyze", output])
    if code != 0:
        case["failures"].append(f"a complete run is not analyzed: exit code {code}, {err[-600:]!r}")


def checkpoints(case):
    try:
        return sorted(name for name in os.listdir(os.path.join(case["output"], b"checkpoints")) if name.startswith(b"step-"))
    except OSError:
        return []


def odd_target(case, rng):
    """A verb with an odd target for its results."""
    run = rng.choice([b"other", case["output"]])
    verb, options = rng.choice([(b"analyze", [b"-o", b"--json"]), (b"spectrum", [b"-o", b"--json"]), (b"eval", [b"-o"]), (b"status", [b"--json"])])
    points = [rng.choice([b"data.h5", b"notes.txt", b"other"])] if verb == b"eval" else []
    call(case, [verb, run, *points, rng.choice(options), rng.choice(TARGETS)])


def try_case(number, templates, data, keep=False):
    rng = random.Random(f"{SEED} {number}")
    folder = os.fsencode(os.path.realpath(tempfile.mkdtemp(prefix="case ")))
    # Two programs without mpirun that create the same folder for sockets at the same time fail, so each case has its own.
    case = {"folder": folder, "mpi": tempfile.mkdtemp(prefix="mpi"), "commands": [], "failures": [], "resumed": False}
    words, interrupt = create(case, rng, templates, data)
    foreign_run = case["output"] == os.path.join(case["folder"], b"other")
    before = foreign(case)
    had = checkpoints(case)
    call(case, words, interrupt)
    compare(case, before, "the run")
    if checkpoints(case) and not foreign_run and not had:
        resume(case, words)
    code, out, _ = call(case, [b"status", b"--json", b"-", case["output"]])
    try:
        json.loads(out.decode())
    except ValueError as error:
        if code is not None and code != 2:
            case["failures"].append(f"status --json -: {error}: {out[:300]!r}")
    before = {path: content for path, content in foreign(case).items() if content != EMPTY}
    odd_target(case, rng)
    compare(case, before, "a verb with an odd target")
    if not keep:
        shutil.rmtree(folder)
    shutil.rmtree(case["mpi"], ignore_errors=True)
    return number, case


def show(case):
    for arguments, interrupt in case["commands"]:
        text = " ".join(shlex.quote(os.fsdecode(word)) for word in arguments)
        print(f"    mckean {ascii(text)}" + (f"   signal {interrupt[0].name} after {interrupt[1]:.3f} s" if interrupt else ""))


def main():
    os.environ.update(OMPI_MCA_ess_singleton_isolated="1", OMPI_MCA_pml="ob1", OMPI_MCA_btl="self", HOME="/nonexistent")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        templates = pathlib.Path(folder) / "templates"
        (templates / "data").mkdir(parents=True)
        data = data_files(templates / "data")
        shutil.copy(templates / "data" / "good", templates / "data.h5")
        (templates / "in.yaml").write_text(INPUT % (20, 5, 5))
        subprocess.run([PROGRAM, "run", "in.yaml", "run.output=other", "run.seed=5"], cwd=templates, check=True, stdout=subprocess.DEVNULL)
        if COUNT < 0:
            number, case = try_case(-COUNT, templates, data, keep=True)
            show(case)
            print("\n".join(case["failures"]) or "no failure")
            return bool(case["failures"])
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            cases = pool.map(lambda number: try_case(number, templates, data), range(1, COUNT + 1))
            failed = resumed = 0
            for number, case in cases:
                resumed += case["resumed"]
                failed += bool(case["failures"])
                if case["failures"]:
                    print(f"FAILED: case {number} of seed {SEED}:")
                    show(case)
                    print("\n".join(f"  {text}" for text in case["failures"]), flush=True)
        print(f"{COUNT} combinations of seed {SEED}: {resumed} runs started, {failed} failed")
        return failed > 0


sys.exit(main())
