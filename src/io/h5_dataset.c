/* Datasets of numbers, and series, which grow by rows. */
#include <hdf5.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "h5_file.h"
#include "h5_guard.h"
#include "io/h5.h"

static hid_t native(enum h5_type type) {
  switch (type) {
  case H5_FLOAT:
    return H5T_NATIVE_FLOAT;
  case H5_DOUBLE:
    return H5T_NATIVE_DOUBLE;
  case H5_INT64:
    return H5T_NATIVE_INT64;
  case H5_UINT64:
    return H5T_NATIVE_UINT64;
  default:
    return H5T_NATIVE_UINT32;
  }
}

static hid_t make_dataset(struct h5 *file, const char *dataset, hid_t type, hid_t space, hid_t creation) {
  const hid_t links = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER);
  const hid_t id = H5Dcreate2(file->id, dataset, type, space, links, creation, H5P_DEFAULT);
  H5Pclose(links);
  return id;
}

static hid_t space_of(int rank, const int64_t *shape) {
  hsize_t size[H5_RANK_MAX];
  for (int i = 0; i < rank; i++) size[i] = (hsize_t)shape[i];
  return H5Screate_simple(rank, size, NULL);
}

int h5_write(struct h5 *file, const char *dataset, enum h5_type type, int rank, const int64_t *shape,
             const void *data) {
  const hid_t space = space_of(rank, shape), creation = H5Pcreate(H5P_DATASET_CREATE);
  const hid_t id = make_dataset(file, dataset, native(type), space, creation);
  int status = OK;
  if (id < 0 || H5Dwrite(id, native(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
    status = h5_fail(file, dataset, "cannot write");
  if (H5Dclose(id) < 0 && status == OK) status = h5_fail(file, dataset, "cannot write");
  H5Pclose(creation);
  H5Sclose(space);
  return status;
}

int h5_reserve(struct h5 *file, const char *dataset, enum h5_type type, int rank, const int64_t *shape,
               int64_t *offset) {
  const hid_t space = space_of(rank, shape), creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_layout(creation, H5D_CONTIGUOUS);
  H5Pset_alloc_time(creation, H5D_ALLOC_TIME_EARLY);
  const hid_t id = make_dataset(file, dataset, native(type), space, creation);
  const haddr_t at = id < 0 ? HADDR_UNDEF : H5Dget_offset(id);
  int status = at == HADDR_UNDEF ? h5_fail(file, dataset, "cannot reserve space") : OK;
  *offset = (int64_t)at;
  if (H5Dclose(id) < 0 && status == OK) status = h5_fail(file, dataset, "cannot reserve space");
  H5Pclose(creation);
  H5Sclose(space);
  return status;
}

/* Opens a dataset of numbers stored in this file. *rank, shape = its rank and shape, with zeros beyond the rank. */
static int open_dataset(struct h5 *file, const char *dataset, hid_t *id, int *rank, int64_t shape[H5_RANK_MAX]) {
  hsize_t size[H5S_MAX_RANK] = {0};
  *id = h5_exists(file, dataset) ? H5Dopen2(file->id, dataset, H5P_DEFAULT) : -1;
  if (*id < 0) return FAIL(FAILED, "%s: %s: expected a dataset", file->path, dataset);
  const char *expected = h5_guard_dataset(file->id, *id);
  if (!expected) {
    const hid_t space = H5Dget_space(*id);
    *rank = H5Sget_simple_extent_dims(space, size, NULL);
    H5Sclose(space);
    if (*rank < 0 || *rank > H5_RANK_MAX) expected = "expected at most 4 dimensions";
  }
  for (int i = 0; i < H5_RANK_MAX; i++) shape[i] = (int64_t)size[i];
  if (!expected) return OK;
  H5Dclose(*id);
  return FAIL(FAILED, "%s: %s: %s", file->path, dataset, expected);
}

int h5_shape(struct h5 *file, const char *dataset, int *rank, int64_t shape[H5_RANK_MAX]) {
  hid_t id;
  TRY(open_dataset(file, dataset, &id, rank, shape));
  H5Dclose(id);
  return OK;
}

const char *h5_shape_text(int rank, const int64_t *shape, char text[128]) {
  int used = snprintf(text, 128, "(");
  for (int i = 0; i < rank; i++)
    used += snprintf(text + used, 128 - (size_t)used, i ? ", %lld" : "%lld", (long long)shape[i]);
  snprintf(text + used, 128 - (size_t)used, ")");
  return text;
}

bool h5_is_numbers(struct h5 *file, const char *object, char text[H5_TEXT]) {
  const hid_t id = h5_exists(file, object) ? H5Oopen(file->id, object, H5P_DEFAULT) : -1;
  const H5I_type_t kind = id < 0 ? H5I_BADID : H5Iget_type(id);
  snprintf(text, H5_TEXT, "%s", kind == H5I_GROUP ? "(a group)" : "(a link)");
  bool numbers = false;
  if (kind == H5I_DATASET) {
    const hid_t space = H5Dget_space(id), type = H5Dget_type(id);
    hsize_t size[H5S_MAX_RANK] = {0};
    int64_t shape[H5_RANK_MAX] = {0};
    const int rank = H5Sget_simple_extent_dims(space, size, NULL);
    char content[64], shape_text[128];
    for (int i = 0; i < H5_RANK_MAX; i++) shape[i] = (int64_t)size[i];
    const char *what = h5_guard_content(type, content);
    numbers = h5_guard_number(type) || strcmp(what, "bool") == 0;
    h5_shape_text(rank < H5_RANK_MAX ? rank : H5_RANK_MAX, shape, shape_text);
    snprintf(text, H5_TEXT, "%s%s%s", shape_text, numbers ? "" : " of ", numbers ? "" : what);
    H5Sclose(space);
    H5Tclose(type);
  }
  if (id >= 0) H5Oclose(id);
  return numbers;
}

int h5_offset(struct h5 *file, const char *dataset, enum h5_type type, int64_t *offset) {
  hid_t id;
  int rank;
  int64_t shape[H5_RANK_MAX];
  TRY(open_dataset(file, dataset, &id, &rank, shape));
  const hid_t stored = H5Dget_type(id);
  const bool same = H5Tequal(stored, native(type)) > 0;
  const haddr_t at = H5Dget_offset(id); /* includes the user block */
  H5Tclose(stored);
  H5Dclose(id);
  if (at == HADDR_UNDEF || !same)
    return FAIL(FAILED, "%s: %s: expected a contiguous dataset of numbers of the program's type", file->path, dataset);
  *offset = (int64_t)at;
  return OK;
}

/* Returns the dataspace of a dataset, with a selection of shape `size` that begins at `start`. On failure returns a
 * negative identifier; HDF5 reports an error when the caller uses it. */
static hid_t part_space(hid_t id, const hsize_t start[H5_RANK_MAX], const hsize_t size[H5_RANK_MAX]) {
  const hid_t space = H5Dget_space(id);
  if (space < 0 || H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, size, NULL) >= 0) return space;
  H5Sclose(space);
  return -1;
}

static hid_t rows_space(hid_t id, int64_t first, const hsize_t size[H5_RANK_MAX]) {
  return part_space(id, (hsize_t[H5_RANK_MAX]){(hsize_t)first}, size);
}

/* Reads a part of an open dataset, and closes the dataset. */
static int read_part(const struct h5 *file, const char *dataset, hid_t id, enum h5_type type, int rank,
                     const hsize_t start[H5_RANK_MAX], const hsize_t size[H5_RANK_MAX], void *data) {
  const hid_t space = part_space(id, start, size), memory = H5Screate_simple(rank, size, NULL);
  int status = OK;
  if (H5Dread(id, native(type), memory, space, H5P_DEFAULT, data) < 0) status = h5_fail(file, dataset, "cannot read");
  H5Sclose(memory);
  H5Sclose(space);
  H5Dclose(id);
  return status;
}

int h5_read_rows(struct h5 *file, const char *dataset, enum h5_type type, int rank, const int64_t *shape, int64_t first,
                 int64_t count, void *data) {
  hid_t id;
  int found_rank;
  int64_t found[H5_RANK_MAX] = {0};
  TRY(open_dataset(file, dataset, &id, &found_rank, found));
  for (int i = 0; i < rank; i++)
    if (found_rank != rank || found[i] != shape[i]) {
      H5Dclose(id);
      return FAIL(
          FAILED,
          "%s: %s: expected %d dimension(s), with size %lld in dimension %d; received %d dimension(s), size %lld",
          file->path, dataset, rank, (long long)shape[i], i, found_rank, (long long)found[i]);
    }
  hsize_t size[H5_RANK_MAX];
  for (int i = 0; i < rank; i++) size[i] = (hsize_t)(i == 0 ? count : shape[i]);
  return read_part(file, dataset, id, type, rank, (hsize_t[H5_RANK_MAX]){(hsize_t)first}, size, data);
}

int h5_read_part(struct h5 *file, const char *dataset, enum h5_type type, int rank, const int64_t *start,
                 const int64_t *count, void *data) {
  hid_t id;
  int found_rank;
  int64_t found[H5_RANK_MAX] = {0};
  hsize_t first[H5_RANK_MAX], size[H5_RANK_MAX];
  TRY(open_dataset(file, dataset, &id, &found_rank, found));
  bool inside = found_rank == rank;
  for (int i = 0; i < rank; i++) {
    inside = inside && start[i] >= 0 && count[i] >= 0 && start[i] <= found[i] && count[i] <= found[i] - start[i];
    first[i] = (hsize_t)start[i];
    size[i] = (hsize_t)count[i];
  }
  if (inside) return read_part(file, dataset, id, type, rank, first, size, data);
  char text[128];
  H5Dclose(id);
  return FAIL(FAILED, "%s: %s: expected a larger dataset, received shape %s", file->path, dataset,
              h5_shape_text(found_rank, found, text));
}

int h5_read(struct h5 *file, const char *dataset, enum h5_type type, int rank, const int64_t *shape, void *data) {
  return h5_read_rows(file, dataset, type, rank, shape, 0, shape[0], data);
}

/* ---- series ---- */

static hid_t make_series(struct h5 *file, const char *dataset, enum h5_type type, int rank, const hsize_t *row) {
  hsize_t size[H5_RANK_MAX] = {0}, most[H5_RANK_MAX] = {H5S_UNLIMITED}, chunk[H5_RANK_MAX] = {1}, numbers = 1;
  for (int i = 1; i < rank; i++) {
    size[i] = most[i] = chunk[i] = row[i];
    numbers *= row[i];
  }
  /* A chunk holds several short rows; a long row is split along its first dimensions. */
  chunk[0] = numbers < H5_CHUNK_NUMBERS ? H5_CHUNK_NUMBERS / (numbers ? numbers : 1) : 1;
  if (chunk[0] > H5_CHUNK_ROWS) chunk[0] = H5_CHUNK_ROWS;
  for (int i = 1; i < rank && numbers > 16 * H5_CHUNK_NUMBERS; i++) {
    numbers /= chunk[i];
    chunk[i] = 16 * H5_CHUNK_NUMBERS / numbers < 1 ? 1 : 16 * H5_CHUNK_NUMBERS / numbers;
    if (chunk[i] > row[i]) chunk[i] = row[i];
    numbers *= chunk[i];
  }
  const hid_t space = H5Screate_simple(rank, size, most), creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(creation, rank, chunk);
  H5Pset_fletcher32(creation); /* a read detects flipped bits */
  const hid_t id = make_dataset(file, dataset, native(type), space, creation);
  H5Pclose(creation);
  H5Sclose(space);
  return id;
}

/* h5_fail is called before anything is closed, because every call of HDF5 clears the previous error. */
static int append_rows(const struct h5 *file, const char *dataset, hid_t id, enum h5_type type, int rank,
                       const hsize_t *row, int64_t keep, int64_t rows, const void *data) {
  hsize_t size[H5_RANK_MAX];
  memcpy(size, row, sizeof size);
  size[0] = (hsize_t)(keep + rows);
  if (H5Dset_extent(id, size) < 0) return h5_fail(file, dataset, "cannot append rows");
  if (rows == 0) return OK;
  size[0] = (hsize_t)rows;
  const hid_t space = rows_space(id, keep, size), memory = H5Screate_simple(rank, size, NULL);
  int status = OK;
  if (H5Dwrite(id, native(type), memory, space, H5P_DEFAULT, data) < 0)
    status = h5_fail(file, dataset, "cannot append rows");
  H5Sclose(memory);
  H5Sclose(space);
  return status;
}

int h5_append(struct h5 *file, const char *dataset, enum h5_type type, int row_rank, const int64_t *row_shape,
              int64_t keep, int64_t rows, const void *data) {
  const int rank = row_rank + 1;
  hsize_t row[H5_RANK_MAX] = {0};
  for (int i = 0; i < row_rank; i++) row[i + 1] = (hsize_t)row_shape[i];
  hid_t id;
  int64_t found[H5_RANK_MAX] = {0};
  int found_rank = rank;
  if (h5_exists(file, dataset))
    TRY(open_dataset(file, dataset, &id, &found_rank, found));
  else
    id = make_series(file, dataset, type, rank, row);
  bool fits = found_rank == rank && found[0] >= keep;
  for (int i = 1; i < rank && found[0] > 0; i++) fits = fits && found[i] == row_shape[i - 1];
  int status = OK;
  if (id < 0)
    status = h5_fail(file, dataset, "cannot create");
  else if (!fits)
    status = FAIL(FAILED, "%s: %s: expected at least %lld rows of the shape of this run, received %lld", file->path,
                  dataset, (long long)keep, (long long)found[0]);
  else
    status = append_rows(file, dataset, id, type, rank, row, keep, rows, data);
  if (H5Dclose(id) < 0 && status == OK)
    status = h5_fail(file, dataset, "cannot append rows"); /* H5Dclose writes the cached chunks */
  return status;
}
