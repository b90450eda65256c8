"""Lets xarray.open_dataset(path, group=...) open a history or a checkpoint without an engine. xarray does not
recognize them, because their HDF5 signature follows a header of 512 bytes. pip registers the class as an entry point."""
import xarray
from xarray.backends import BackendEntrypoint

MAGIC = b"MCKEAN"


class Engine(BackendEntrypoint):
    description = "histories and checkpoints of McKean, read with h5netcdf"
    open_dataset_parameters = ("filename_or_obj", "drop_variables", "group")

    def guess_can_open(self, filename_or_obj):
        try:
            with open(filename_or_obj, "rb") as file:
                return file.read(len(MAGIC)) == MAGIC
        except (TypeError, OSError):
            return False

    def open_dataset(self, filename_or_obj, *, drop_variables=None, group=None):
        return xarray.open_dataset(filename_or_obj, engine="h5netcdf", drop_variables=drop_variables, group=group)
