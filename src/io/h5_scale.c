/* Dimension scales as the HDF5 specification "Dimension Scales" defines them. A scale has the attributes CLASS, NAME,
 * and REFERENCE_LIST: the datasets and dimensions that use it. A dataset has the attribute DIMENSION_LIST: the scales
 * of each dimension. The library's own functions are in libhdf5_hl, which not every installation has. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "h5_file.h"
#include "io/h5.h"

struct use { /* an entry of REFERENCE_LIST */
  hobj_ref_t dataset;
  int dimension;
};

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

/* The specification requires strings that end with a zero byte, unlike those of h5_set_text. */
static herr_t write_string(hid_t at, const char *name, const char *value) {
  const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
  H5Tset_size(type, strlen(value) + 1);
  const hid_t attribute = H5Acreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  const herr_t written = attribute < 0 ? -1 : H5Awrite(attribute, type, value);
  H5Aclose(attribute);
  H5Sclose(space);
  H5Tclose(type);
  return written;
}

static herr_t make_scale(hid_t at, const char *path) {
  if (H5Aexists(at, "CLASS") > 0) return 0;
  const char *slash = strrchr(path, '/');
  return write_string(at, "CLASS", "DIMENSION_SCALE") < 0 ? -1 : write_string(at, "NAME", slash ? slash + 1 : path);
}

static hid_t use_type(void) {
  const hid_t type = H5Tcreate(H5T_COMPOUND, sizeof(struct use));
  H5Tinsert(type, "dataset", HOFFSET(struct use, dataset), H5T_STD_REF_OBJ);
  H5Tinsert(type, "dimension", HOFFSET(struct use, dimension), H5T_NATIVE_INT);
  return type;
}

/* Reads the uses of a scale [*count], which the caller frees, with space for one more. Returns false after an error. */
static bool read_uses(hid_t scale, hid_t type, struct use **uses, hsize_t *count) {
  *count = 0;
  *uses = NULL;
  const hid_t attribute = H5Aexists(scale, "REFERENCE_LIST") > 0 ? H5Aopen(scale, "REFERENCE_LIST", H5P_DEFAULT) : -1;
  if (attribute >= 0) {
    const hid_t space = H5Aget_space(attribute);
    *count = (hsize_t)H5Sget_simple_extent_npoints(space);
    H5Sclose(space);
  }
  *uses = calloc(*count + 1, sizeof **uses);
  if (!*uses) die("no memory for %llu uses of a dimension scale", (unsigned long long)*count);
  const bool read = attribute < 0 || H5Aread(attribute, type, *uses) >= 0;
  if (attribute >= 0) H5Aclose(attribute);
  return read;
}

static herr_t add_use(hid_t scale, hobj_ref_t dataset, int dimension) {
  const hid_t type = use_type();
  struct use *uses;
  hsize_t count;
  herr_t written = -1;
  if (read_uses(scale, type, &uses, &count)) {
    uses[count++] = (struct use){dataset, dimension};
    if (count > 1) H5Adelete(scale, "REFERENCE_LIST");
    const hid_t space = H5Screate_simple(1, &count, NULL);
    const hid_t attribute = H5Acreate2(scale, "REFERENCE_LIST", type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (attribute >= 0) written = H5Awrite(attribute, type, uses);
    H5Aclose(attribute);
    H5Sclose(space);
  }
  free(uses);
  H5Tclose(type);
  return written;
}

static herr_t write_list(hid_t at, int rank, hobj_ref_t *scales) {
  hvl_t list[H5_RANK_MAX];
  for (int i = 0; i < rank; i++) list[i] = (hvl_t){1, &scales[i]};
  const hsize_t size = (hsize_t)rank;
  const hid_t type = H5Tvlen_create(H5T_STD_REF_OBJ), space = H5Screate_simple(1, &size, NULL);
  const hid_t attribute = H5Acreate2(at, "DIMENSION_LIST", type, space, H5P_DEFAULT, H5P_DEFAULT);
  const herr_t written = attribute < 0 ? -1 : H5Awrite(attribute, type, list);
  H5Aclose(attribute);
  H5Sclose(space);
  H5Tclose(type);
  return written;
}

int h5_dimensions(struct h5 *file, const char *dataset, int rank, const char *const *scales) {
  hobj_ref_t own, reference[H5_RANK_MAX];
  const bool itself = rank == 1 && strcmp(dataset, scales[0]) == 0;
  const hid_t at = H5Dopen2(file->id, dataset, H5P_DEFAULT);
  herr_t written = at < 0 ? -1 : H5Rcreate(&own, file->id, dataset, H5R_OBJECT, -1);
  for (int i = 0; i < rank && written >= 0; i++) {
    const hid_t scale = H5Dopen2(file->id, scales[i], H5P_DEFAULT);
    written = scale < 0 ? -1 : make_scale(scale, scales[i]);
    if (written >= 0 && !itself) written = add_use(scale, own, i);
    if (written >= 0) written = H5Rcreate(&reference[i], file->id, scales[i], H5R_OBJECT, -1);
    if (scale >= 0) H5Dclose(scale);
  }
  if (written >= 0 && !itself) written = write_list(at, rank, reference);
  const int status = written < 0 ? h5_fail(file, dataset, "cannot write its dimensions") : OK;
  if (at >= 0) H5Dclose(at);
  return status;
}
