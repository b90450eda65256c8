#include "h5_guard.h"

#include <stdio.h>
#include <string.h>

enum {
  ALWAYS_ALLOWED = 16 << 20, /* bytes in memory up to which the compression ratio is not checked */
  GZIP_RATIO = 1032,         /* the largest compression ratio of zlib */
  GZIP_CHUNK = 1 << 20       /* largest gzip chunk in bytes: the numbers in memory */
};

void h5_guard_start(void) {
  H5PLset_loading_state(0);
}

bool h5_guard_number(hid_t type) {
  const hid_t usual[] = {H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_IEEE_F32BE, H5T_IEEE_F64BE, H5T_STD_I8LE,
                         H5T_STD_I16LE,  H5T_STD_I32LE,  H5T_STD_I64LE,  H5T_STD_U8LE,   H5T_STD_U16LE,
                         H5T_STD_U32LE,  H5T_STD_U64LE,  H5T_STD_I8BE,   H5T_STD_I16BE,  H5T_STD_I32BE,
                         H5T_STD_I64BE,  H5T_STD_U8BE,   H5T_STD_U16BE,  H5T_STD_U32BE,  H5T_STD_U64BE};
  for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
    if (H5Tequal(type, usual[i]) > 0) return true;
  return false;
}

/* Returns whether a type is the bool of h5py: an enumeration of 8 bits with the values FALSE = 0 and TRUE = 1. */
static bool is_bool(hid_t type) {
  static const char *const names[] = {"FALSE", "TRUE"};
  if (H5Tget_class(type) != H5T_ENUM || H5Tget_size(type) != 1 || H5Tget_nmembers(type) != 2) return false;
  bool same = true;
  for (unsigned i = 0; i < 2; i++) {
    signed char value = -1;
    char *name = H5Tget_member_name(type, i);
    same = same && name && strcmp(name, names[i]) == 0 && H5Tget_member_value(type, i, &value) >= 0 &&
           value == (signed char)i;
    H5free_memory(name);
  }
  return same;
}

const char *h5_guard_content(hid_t type, char text[64]) {
  switch (H5Tget_class(type)) {
  case H5T_STRING:
    return "text";
  case H5T_COMPOUND:
    return H5Tget_nmembers(type) == 2 && H5Tget_member_index(type, "r") == 0 && H5Tget_member_index(type, "i") == 1
               ? "complex numbers"
               : "compound values (tables with named columns)";
  case H5T_ENUM:
    return is_bool(type) ? "bool" : "an enumeration";
  case H5T_REFERENCE:
    return "references";
  case H5T_VLEN:
    return "rows of different lengths";
  case H5T_ARRAY:
    return "arrays as elements";
  case H5T_INTEGER:
  case H5T_FLOAT:
    snprintf(text, 64, "%d-bit %s", (int)(8 * H5Tget_size(type)),
             H5Tget_class(type) == H5T_FLOAT ? "floating-point numbers" : "integers");
    return text;
  default:
    return "values of an unusual type";
  }
}

struct sizes {
  int rank;
  hsize_t size[H5S_MAX_RANK], number; /* shape; bytes of one number */
  hsize_t claimed, stored, length;    /* bytes: all numbers in memory; all numbers in the file; the whole file */
};

/* *bytes = the bytes of a block of numbers whose shape is `size`. Returns false if they exceed 2^62. */
static bool bytes_of(const struct sizes *sizes, const hsize_t *size, hsize_t *bytes) {
  *bytes = sizes->number;
  for (int i = 0; i < sizes->rank; i++)
    if (__builtin_mul_overflow(*bytes, size[i], bytes)) return false;
  return *bytes <= (hsize_t)1 << 62;
}

static bool usual_filters(hid_t creation, bool *gzip) {
  *gzip = false;
  for (int i = 0; i < H5Pget_nfilters(creation); i++) {
    unsigned flags, config;
    size_t values = 0;
    const H5Z_filter_t filter = H5Pget_filter2(creation, (unsigned)i, &flags, &values, NULL, 0, NULL, &config);
    if (filter == H5Z_FILTER_DEFLATE)
      *gzip = true;
    else if (filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32)
      return false;
  }
  return true;
}

/* Returns whether the stored size of every chunk is at most slightly larger than `bytes`, the size of its numbers in
 * memory. A larger chunk could decompress to much more than `bytes`. */
static bool chunks_fit(hid_t dataset, const struct sizes *sizes, const hsize_t *chunk, hsize_t bytes) {
  hsize_t offset[H5S_MAX_RANK] = {0}, stored;
  for (;;) {
    if (H5Dget_chunk_storage_size(dataset, offset, &stored) >= 0 && stored > bytes + bytes / 64 + 1024) return false;
    int i = sizes->rank - 1;
    while (i >= 0 && (offset[i] += chunk[i]) >= sizes->size[i]) offset[i--] = 0;
    if (i < 0) return true;
  }
}

static const char *guard_chunks(hid_t dataset, hid_t creation, const struct sizes *sizes) {
  hsize_t chunk[H5S_MAX_RANK], bytes;
  bool gzip;
  if (!usual_filters(creation, &gzip))
    return "expected numbers without filters, or with gzip; rewrite the file: h5repack -f NONE OLD NEW";
  if (H5Pget_chunk(creation, H5S_MAX_RANK, chunk) != sizes->rank || !bytes_of(sizes, chunk, &bytes) || bytes == 0)
    return "expected chunks of the dimensions of the dataset";
  if (bytes > ALWAYS_ALLOWED && bytes / GZIP_RATIO > sizes->stored)
    return "expected chunks of at most 1032 times the stored bytes";
  if (!gzip || sizes->claimed == 0) return NULL;
  if (bytes > GZIP_CHUNK) return "expected gzip in chunks of at most 1 MiB (h5repack -f NONE)";
  if (sizes->claimed / bytes > sizes->length) return "expected fewer chunks than the file has bytes";
  return chunks_fit(dataset, sizes, chunk, bytes) ? NULL : "expected compressed chunks shorter than their numbers";
}

static const char *guard_sizes(hid_t file, hid_t dataset, hid_t creation, hid_t space, hid_t type) {
  struct sizes sizes = {.rank = H5Sget_simple_extent_ndims(space), .number = H5Tget_size(type)};
  if (H5Sget_simple_extent_type(space) == H5S_NULL) return "expected numbers, the dataset has none";
  if (sizes.rank < 0 || H5Sget_simple_extent_dims(space, sizes.size, NULL) < 0 ||
      !bytes_of(&sizes, sizes.size, &sizes.claimed))
    return "expected sizes that fit into memory";
  sizes.stored = H5Dget_storage_size(dataset);
  if (H5Fget_filesize(file, &sizes.length) < 0 || sizes.stored > sizes.length)
    return "expected at most as many stored bytes as the file has";
  if (sizes.claimed > 0 && sizes.stored == 0) return "expected numbers, none were ever written";
  if (sizes.claimed > ALWAYS_ALLOWED && sizes.claimed / GZIP_RATIO > sizes.stored)
    return "expected at most 1032 times the stored bytes";
  if (H5Pget_layout(creation) == H5D_CHUNKED) return guard_chunks(dataset, creation, &sizes);
  return sizes.claimed <= sizes.stored ? NULL : "expected as many stored bytes as the numbers take";
}

/* Checks the layout first, because HDF5 opens the source files of a virtual dataset when its shape is queried. */
const char *h5_guard_dataset(hid_t file, hid_t dataset) {
  const hid_t creation = H5Dget_create_plist(dataset);
  if (creation < 0) return "expected a dataset";
  const H5D_layout_t layout = H5Pget_layout(creation);
  const bool own = (layout == H5D_CONTIGUOUS || layout == H5D_CHUNKED || layout == H5D_COMPACT) &&
                   H5Pget_external_count(creation) == 0;
  const char *expected = "expected numbers stored in this file itself";
  if (own) {
    const hid_t space = H5Dget_space(dataset), type = H5Dget_type(dataset);
    expected = h5_guard_number(type) || is_bool(type) ? guard_sizes(file, dataset, creation, space, type)
                                                      : "expected integers of 8 to 64 bits, floats or doubles";
    H5Sclose(space);
    H5Tclose(type);
  }
  H5Pclose(creation);
  return expected;
}
