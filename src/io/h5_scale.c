/* Dimension scales, by HDF5's high-level library. */
#include <hdf5_hl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "h5_file.h"
#include "io/h5.h"

int h5_index(struct h5 *file, const char *dataset, int64_t count, const char *description) {
  int64_t *index;
  TRY(alloc_array((void **)&index, count, sizeof *index, dataset));
  for (int64_t i = 0; i < count; i++) index[i] = i;
  const int status = h5_write(file, dataset, H5_INT64, 1, &count, index);
  free(index);
  TRY(status);
  TRY(h5_describe(file, dataset, description, NULL));
  return h5_dimensions(file, dataset, 1, &dataset);
}

static herr_t make_scale(hid_t at, const char *path) {
  const char *slash = strrchr(path, '/');
  return H5DSis_scale(at) > 0 ? 0 : H5DSset_scale(at, slash ? slash + 1 : path);
}

int h5_dimensions(struct h5 *file, const char *dataset, int rank, const char *const *scales) {
  const bool itself = rank == 1 && strcmp(dataset, scales[0]) == 0;
  const hid_t at = H5Dopen2(file->id, dataset, H5P_DEFAULT);
  herr_t written = at < 0 ? -1 : 0;
  for (int i = 0; i < rank && written >= 0; i++) {
    const hid_t scale = H5Dopen2(file->id, scales[i], H5P_DEFAULT);
    written = scale < 0 ? -1 : make_scale(scale, scales[i]);
    if (written >= 0 && !itself) written = H5DSattach_scale(at, scale, (unsigned)i);
    if (scale >= 0) H5Dclose(scale);
  }
  const int status = written < 0 ? h5_fail(file, dataset, "cannot write its dimensions") : OK;
  if (at >= 0) H5Dclose(at);
  return status;
}
