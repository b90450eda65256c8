import pathlib

from spack.package import *


class Mckean(MakefilePackage):
    """McKean simulates the training of wide one-hidden-layer neural networks as an interacting
    particle system, in parallel over MPI."""

    # The clone that contains this file.
    git = pathlib.Path(__file__).resolve().parents[4].as_uri()

    license("GPL-3.0-or-later")

    version("main", branch="main")

    depends_on("c", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("mpi")
    depends_on("hdf5+hl")
    depends_on("openblas")
    depends_on("netlib-scalapack")
    depends_on("gsl")
    depends_on("libyaml")
    depends_on("random123")
    depends_on("python@3.8:", type=("build", "run"))
    depends_on("py-h5py", type=("build", "run"))
    depends_on("py-matplotlib", type=("build", "run"))
    depends_on("cmocka", type="test")

    @property
    def build_targets(self):
        return ["all", f"CC={self.spec['mpi'].mpicc}"]

    @property
    def install_targets(self):
        return ["install", f"CC={self.spec['mpi'].mpicc}", f"PREFIX={self.prefix}"]

    def check(self):
        make("tests", f"CC={self.spec['mpi'].mpicc}")
        # tests/program needs further Python packages and tools.
        names = [pathlib.Path(test).stem for test in find("tests", ["test_*.c", "physics_*.c"])]
        run = Executable("tests/run")
        run.add_default_env("LD_LIBRARY_PATH", self.spec["cmocka"].prefix.lib)
        run("build", *names)
