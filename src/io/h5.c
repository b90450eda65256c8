#include "io/h5.h"

#include <errno.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "h5_file.h"
#include "h5_guard.h"
#include "io/durable_file.h"

enum { TEXT_LIMIT = 1 << 20 }; /* bytes; a longer attribute counts as damaged, because McKean writes at most 64 KiB */

/* ---- errors ---- */

struct reason {
  int error; /* errno, or 0 if unknown */
  char text[256];
};

/* Copies the innermost message of HDF5, and the errno if the message contains one, as those of all file drivers do. */
static herr_t innermost(unsigned n, const H5E_error2_t *error, void *context) {
  struct reason *reason = context;
  if (n > 0) return 0;
  const char *message = error->desc ? error->desc : "no reason given", *number = strstr(message, "errno = ");
  snprintf(reason->text, sizeof reason->text, "%s", message);
  if (number) reason->error = atoi(number + strlen("errno = "));
  return 0;
}

int h5_fail(const struct h5 *file, const char *object, const char *what) {
  struct reason reason = {.text = "no reason given"};
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, innermost, &reason);
  if (reason.error) return durable_file_fail(reason.error, "%s: %s: %s", file->path, object, what);
  return FAIL(FAILED, "%s: %s: %s (HDF5: %s)", file->path, object, what, reason.text);
}

void h5_start(void) {
  setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1); /* locks fail on some parallel file systems; McKean uses <output>/lock */
  /* If the last write to a file failed, HDF5 keeps a broken object, and the cleanup at exit crashes on this object.
   * HDF5 registers this cleanup in two ways: with atexit, which is disabled here, and as an attribute of MPI_COMM_SELF,
   * but only if MPI has started. H5open is therefore called before MPI_Init. */
  H5dont_atexit();
  H5open();
  h5_guard_start();
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

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

/* ---- files ---- */

/* Wraps the identifier that HDF5 returned for path. If id is negative, reports the error of HDF5. Call this before any
 * other HDF5 call, because every call clears the previous error. */
static int wrap(const char *path, hid_t id, const char *what, struct h5 **file) {
  struct h5 *new = alloc_small(sizeof *new);
  *new = (struct h5){.id = id, .path = strdup(path)};
  *file = new;
  if (id >= 0) return OK;
  const int status = h5_fail(new, "/", what);
  h5_close(new);
  *file = NULL;
  return status;
}

int h5_create(const char *path, int64_t user_block, struct h5 **file) {
  const hid_t creation = H5Pcreate(H5P_FILE_CREATE), access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_userblock(creation, (hsize_t)user_block);
  /* Aligns large data to pages. After a user block HDF5 supports only alignment to the size of the user block. */
  H5Pset_alignment(access, 4096, user_block > 0 ? (hsize_t)user_block : 4096);
  const int status = wrap(path, H5Fcreate(path, H5F_ACC_TRUNC, creation, access), "cannot create the file", file);
  H5Pclose(creation);
  H5Pclose(access);
  return status;
}

int h5_open(const char *path, bool writable, struct h5 **file) {
  struct stat found;
  *file = NULL;
  if (stat(path, &found) != 0) return FAIL(FAILED, "%s: cannot open it: %s", path, strerror(errno));
  if (!S_ISREG(found.st_mode)) return FAIL(FAILED, "%s: expected an HDF5 file, this is not a regular file", path);
  if (H5Fis_hdf5(path) <= 0) return FAIL(FAILED, "%s: expected an HDF5 file, this is not one", path);
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  /* h5_close must close the file even if objects in it are still open. */
  H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
  const hid_t id = H5Fopen(path, writable ? H5F_ACC_RDWR : H5F_ACC_RDONLY, access);
  const int status = wrap(path, id, "cannot open it as an HDF5 file", file);
  H5Pclose(access);
  return status;
}

/* HDF5 cannot close a file if it cannot write the cached bytes. Redirects the file descriptor to a memory file, so that
 * the close succeeds and discards the bytes. */
static void abandon(hid_t id) {
  int *descriptor;
  const int memory = memfd_create("abandoned", MFD_CLOEXEC);
  if (memory >= 0 && H5Fget_vfd_handle(id, H5P_DEFAULT, (void **)&descriptor) >= 0) dup2(memory, *descriptor);
  if (memory >= 0) close(memory);
  H5Fclose(id);
}

int h5_close(struct h5 *file) {
  if (!file) return OK;
  int status = OK;
  if (file->id >= 0 && H5Fflush(file->id, H5F_SCOPE_GLOBAL) < 0) {
    status = h5_fail(file, "/", "cannot flush it");
    abandon(file->id);
  } else if (file->id >= 0 && H5Fclose(file->id) < 0) {
    status = h5_fail(file, "/", "cannot close it");
  }
  free(file->path);
  free(file);
  return status;
}

/* ---- objects ---- */

/* Checks every link along the path, because only hard links are known to stay in this file. */
bool h5_exists(struct h5 *file, const char *object) {
  if (strcmp(object, "/") == 0) return true;
  char path[512];
  for (const char *end = object; end;) {
    end = strchr(end + 1, '/');
    snprintf(path, sizeof path, "%.*s", end ? (int)(end - object) : (int)strlen(object), object);
    H5L_info_t link;
    if (H5Lexists(file->id, path, H5P_DEFAULT) <= 0 || H5Lget_info(file->id, path, &link, H5P_DEFAULT) < 0 ||
        link.type != H5L_TYPE_HARD)
      return false;
  }
  return true;
}

bool h5_link(struct h5 *file, const char *group, int64_t i, char *name, size_t size) {
  return H5Lget_name_by_idx(file->id, group, H5_INDEX_NAME, H5_ITER_INC, (hsize_t)i, name, size, H5P_DEFAULT) >= 0;
}

/* Opens an object for access to its attributes. make: create a missing object as a group. */
static hid_t open_object(struct h5 *file, const char *object, bool make) {
  if (h5_exists(file, object)) return H5Oopen(file->id, object, H5P_DEFAULT);
  if (!make) return -1;
  const hid_t links = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  const hid_t group = H5Gcreate2(file->id, object, links, H5P_DEFAULT, H5P_DEFAULT);
  H5Pclose(links);
  return group;
}

static int set_attribute(struct h5 *file, const char *object, const char *name, hid_t type, const void *value) {
  const hid_t at = open_object(file, object, true);
  const hid_t space = H5Screate(H5S_SCALAR);
  if (at >= 0 && H5Aexists(at, name) > 0) H5Adelete(at, name);
  const hid_t attribute = H5Acreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  int status = OK;
  if (attribute < 0 || H5Awrite(attribute, type, value) < 0) {
    char what[128];
    snprintf(what, sizeof what, "cannot write the attribute %s", name);
    status = h5_fail(file, object, what);
  }
  H5Aclose(attribute);
  H5Sclose(space);
  H5Oclose(at);
  return status;
}

/* The file format that every version of HDF5 can read limits attributes to 64 KiB. */
int h5_set_text(struct h5 *file, const char *object, const char *name, const char *value) {
  const size_t length = strlen(value);
  if (length > 64000)
    return FAIL(FAILED, "%s: %s: the attribute %s of %zu bytes is too long", file->path, object, name, length);
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, length ? length : 1);
  H5Tset_cset(type, H5T_CSET_UTF8);
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  const int status = set_attribute(file, object, name, type, value);
  H5Tclose(type);
  return status;
}

int h5_set_int(struct h5 *file, const char *object, const char *name, int64_t value) {
  return set_attribute(file, object, name, H5T_NATIVE_INT64, &value);
}

int h5_set_double(struct h5 *file, const char *object, const char *name, double value) {
  return set_attribute(file, object, name, H5T_NATIVE_DOUBLE, &value);
}

int h5_describe(struct h5 *file, const char *dataset, const char *description, const char *units) {
  TRY(h5_set_text(file, dataset, "description", description));
  TRY(h5_set_text(file, dataset, "long_name", description));
  if (!units) return OK;
  TRY(h5_set_text(file, dataset, "unit", units));
  return h5_set_text(file, dataset, "units", units);
}

static int missing(struct h5 *file, const char *object, const char *name) {
  return FAIL(FAILED, "%s: %s: expected the attribute %s", file->path, object, name);
}

/* Opens a scalar attribute of this type class. Returns a negative identifier if there is no such attribute. */
static hid_t open_attribute(struct h5 *file, const char *object, const char *name, H5T_class_t class) {
  const hid_t at = open_object(file, object, false);
  if (at < 0) return -1;
  const hid_t attribute = H5Aexists(at, name) > 0 ? H5Aopen(at, name, H5P_DEFAULT) : -1;
  H5Oclose(at);
  if (attribute < 0) return -1;
  const hid_t space = H5Aget_space(attribute), type = H5Aget_type(attribute);
  const bool expected = H5Sget_simple_extent_npoints(space) == 1 && H5Tget_class(type) == class &&
                        (class == H5T_STRING || h5_guard_number(type));
  H5Sclose(space);
  H5Tclose(type);
  if (expected) return attribute;
  H5Aclose(attribute);
  return -1;
}

int h5_get_text(struct h5 *file, const char *object, const char *name, char **value) {
  *value = NULL;
  const hid_t attribute = open_attribute(file, object, name, H5T_STRING);
  if (attribute < 0) return missing(file, object, name);
  const hid_t type = H5Aget_type(attribute);
  const size_t size = H5Tget_size(type);
  const bool fixed = H5Tis_variable_str(type) == 0 && size > 0 && size <= TEXT_LIMIT;
  int status = fixed ? OK : missing(file, object, name);
  if (fixed) {
    *value = alloc_small(size + 1);
    (*value)[size] = 0;
    if (H5Aread(attribute, type, *value) < 0) status = h5_fail(file, object, "cannot read an attribute");
  }
  H5Tclose(type);
  H5Aclose(attribute);
  if (status == OK) {
    error_printable(*value);
    return OK;
  }
  free(*value);
  *value = NULL;
  return status;
}

static int get_number(struct h5 *file, const char *object, const char *name, H5T_class_t class, hid_t type,
                      void *value) {
  const hid_t attribute = open_attribute(file, object, name, class);
  if (attribute < 0) return missing(file, object, name);
  const int status = H5Aread(attribute, type, value) < 0 ? h5_fail(file, object, "cannot read an attribute") : OK;
  H5Aclose(attribute);
  return status;
}

int h5_get_int(struct h5 *file, const char *object, const char *name, int64_t *value) {
  return get_number(file, object, name, H5T_INTEGER, H5T_NATIVE_INT64, value);
}

int h5_get_double(struct h5 *file, const char *object, const char *name, double *value) {
  return get_number(file, object, name, H5T_FLOAT, H5T_NATIVE_DOUBLE, value);
}

/* ---- datasets ---- */

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

/* h5_fail is called before anything is closed, for the reason given at wrap. */
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

void h5_version(char *text, size_t size) {
  unsigned major, minor, release;
  H5get_libversion(&major, &minor, &release);
  snprintf(text, size, "HDF5 %u.%u.%u", major, minor, release);
}
