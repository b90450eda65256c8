"""The program mckean: where it is, and the environment in which it runs on one machine."""
import os
import shutil

HERE = os.path.dirname(os.path.realpath(__file__))
# In the source tree, this file is in tools/python-package/mckean; in an installed McKean, in PREFIX/share/mckean/tools/...
PLACES = ("../../../build/mckean", "../../../../../bin/mckean")


def find_program():
    """Returns the path of the program: $MCKEAN, that of the source tree or of the installation of this package, or mckean in PATH.

    Errors: FileNotFoundError: there is none, or $MCKEAN is not executable.
    """
    named = os.environ.get("MCKEAN")
    if named:
        found = shutil.which(named)
        if not found:
            raise FileNotFoundError(f"MCKEAN={named}: expected the path of the program mckean, received no executable file")
        return found
    for place in PLACES:
        path = os.path.normpath(os.path.join(HERE, place))
        if os.access(path, os.X_OK):
            return path
    found = shutil.which("mckean")
    if not found:
        raise FileNotFoundError("no program mckean: build it with `make`, set the environment variable MCKEAN to its path, or add "
                                "its folder to PATH")
    return found


def find_tool(name):
    """Returns the path of a tool, such as plot: in the source tree or in the installation of this package or of the program.

    Errors: FileNotFoundError: there is none.
    """
    folders = [os.path.join(HERE, "../..")]
    program = os.path.dirname(os.path.realpath(find_program()))
    folders += [os.path.join(program, place) for place in ("../tools", "../../tools", "../share/mckean/tools")]
    for folder in folders:
        path = os.path.normpath(os.path.join(folder, name))
        if os.path.isfile(path):
            return path
    raise FileNotFoundError(f"no tool {name} beside this package or {find_program()}: set MCKEAN to the program in a clone of McKean or "
                            "in an installation (make install)")


def environment():
    """Returns the environment for mpirun on one machine: that of tools/environment, under variables that are set already."""
    settings = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "HDF5_USE_FILE_LOCKING": "FALSE",
                "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_hwloc_base_binding_policy": "none",
                "OMPI_MCA_mpi_yield_when_idle": "1", "HWLOC_HIDE_ERRORS": "2"}
    if os.geteuid() == 0:
        settings.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    return {**settings, **os.environ}
