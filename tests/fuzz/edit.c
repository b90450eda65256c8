/* Edits a file through the HDF5 library. Errors of HDF5 are ignored: they mean that no such file can exist. */
#include <hdf5.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static const char *choose(struct script *script, const char *const *names) {
  int count = 0;
  while (names[count]) count++;
  return names[script_byte(script) % count];
}

/* True for number types that HDF5 converts without a crash. The readers of McKean refuse all others first. */
static bool usual(hid_t type) {
  const H5T_class_t class = H5Tget_class(type);
  return (class == H5T_INTEGER || class == H5T_FLOAT) && H5Tget_precision(type) == 8 * H5Tget_size(type) &&
         H5Tget_size(type) != 3;
}

static hid_t number_type(struct script *script) {
  const hid_t types[] = {H5T_IEEE_F64LE, H5T_IEEE_F32LE, H5T_STD_U32LE, H5T_STD_I64LE,  H5T_STD_U64LE,
                         H5T_STD_I32LE,  H5T_IEEE_F64BE, H5T_STD_I8LE,  H5T_STD_REF_OBJ};
  const uint8_t byte = script_byte(script);
  const hid_t type = H5Tcopy(types[byte % 9]);
  if (byte >= 240) H5Tset_precision(type, 24);
  return type;
}

static void set_attribute(hid_t file, struct script *script, const char *object, const char *name) {
  const hid_t at = H5Oopen(file, object, H5P_DEFAULT);
  if (H5Aexists(at, name) > 0) H5Adelete(at, name);
  const uint8_t kind = script_byte(script);
  char value[256] = {0};
  hid_t type, space = H5Screate(H5S_SCALAR);
  if (kind < 96) {
    const int64_t number = script_value(script);
    const double real = kind % 2 ? (double)number : 0.1 * (double)script_byte(script);
    type = number_type(script);
    memcpy(value, kind % 3 ? (const void *)&number : (const void *)&real, sizeof number);
  } else {
    size_t length = 0;
    while (length < sizeof value - 1 && (value[length] = (char)script_byte(script))) length++;
    type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, kind > 250 ? 60000 : kind > 240 ? H5T_VARIABLE : length + 1);
    H5Tset_strpad(type, kind % 2 ? H5T_STR_NULLPAD : H5T_STR_SPACEPAD);
  }
  if (kind % 16 == 15) {
    H5Sclose(space);
    space = H5Screate_simple(1, &(hsize_t){kind % 5}, NULL);
  }
  const hid_t id = H5Acreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  const char *pointer = value;
  void *large = calloc(5, 60008);
  memcpy(large, value, sizeof value);
  H5Awrite(id, type, H5Tis_variable_str(type) > 0 ? (const void *)&pointer : large);
  free(large);
  H5Aclose(id);
  H5Sclose(space);
  H5Tclose(type);
  H5Oclose(at);
}

/* Changes one byte of an existing text attribute of fixed length. */
static void change_text(hid_t file, struct script *script, const char *object, const char *name) {
  const hid_t at = H5Oopen(file, object, H5P_DEFAULT);
  const hid_t id = H5Aexists(at, name) > 0 ? H5Aopen(at, name, H5P_DEFAULT) : -1, type = H5Aget_type(id);
  const size_t size = id < 0 ? 0 : H5Tget_size(type);
  if (size > 0 && size < 65536 && H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0 &&
      H5Aget_storage_size(id) == size) {
    char *text = calloc(size + 1, 1);
    H5Aread(id, type, text);
    const size_t position = ((size_t)script_byte(script) << 8 | script_byte(script)) % size;
    text[position] = (char)script_byte(script);
    H5Awrite(id, type, text);
    free(text);
  }
  H5Tclose(type);
  H5Aclose(id);
  H5Oclose(at);
}

/* A filter that changes nothing. It stands for all filters except gzip, shuffle and checksums; those of HDF5 cannot be
 * used here, because its scale-offset filter writes out of bounds. */
static size_t pass(unsigned flags, size_t count, const unsigned values[], size_t bytes, size_t *size, void **buffer) {
  (void)flags, (void)count, (void)values, (void)size, (void)buffer;
  return bytes;
}

static void set_own_filter(hid_t creation) {
  static const H5Z_class2_t own = {H5Z_CLASS_T_VERS, 300, 1, 1, "own", NULL, NULL, pass};
  if (H5Zfilter_avail(300) <= 0) H5Zregister(&own);
  H5Pset_filter(creation, 300, 0, 0, NULL);
}

static hid_t creation_of(struct script *script, int rank, const hsize_t *size) {
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  hsize_t chunk[5], bytes = 8;
  for (int i = 0; i < rank; i++) {
    chunk[i] = size[i] > 0 && size[i] < 64 ? size[i] : 64;
    bytes *= size[i] < 1 << 20 ? size[i] : 1 << 20;
    if (bytes > 1 << 20) bytes = 1 << 20;
  }
  const uint8_t layout = script_byte(script);
  H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER);
  if (layout % 4 == 1) H5Pset_layout(creation, H5D_COMPACT);
  if (layout % 4 == 2 && bytes < 1 << 20) H5Pset_alloc_time(creation, H5D_ALLOC_TIME_EARLY);
  if (layout % 4 == 3 && rank > 0) {
    if (layout & 64) chunk[0] = 1 << 20;
    H5Pset_chunk(creation, rank, chunk);
    if (layout & 4) H5Pset_deflate(creation, 6);
    if (layout & 8) H5Pset_fletcher32(creation);
    if (layout & 16) set_own_filter(creation);
    if (layout & 32) H5Pset_shuffle(creation);
  }
  if (layout == 252) H5Pset_external(creation, "/dev/zero", 0, H5F_UNLIMITED);
  return creation;
}

static void put_dataset(hid_t file, struct script *script, const char *object) {
  hsize_t size[5], count = 1;
  const int rank = script_byte(script) % 6;
  for (int i = 0; i < rank; i++) {
    size[i] = (hsize_t)script_value(script);
    if (size[i] >= (hsize_t)INT64_MAX) size[i] = 1;
    count = size[i] > 4096 ? 4097 : count * size[i];
    if (count > 4096) count = 4097;
  }
  const hid_t type = number_type(script), space = H5Screate_simple(rank, size, NULL),
              creation = creation_of(script, rank, size), links = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  H5Ldelete(file, object, H5P_DEFAULT);
  const hid_t id = H5Dcreate2(file, object, type, space, links, creation, H5P_DEFAULT);
  const uint8_t fill = script_byte(script);
  if (id >= 0 && count <= 4096 && fill > 16) {
    void *numbers = malloc(8 * 4096);
    memset(numbers, fill, 8 * 4096);
    for (int i = 0; i < 16; i++) ((uint8_t *)numbers)[i] = script_byte(script);
    H5Dwrite(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers);
    free(numbers);
  }
  H5Dclose(id);
  H5Pclose(links);
  H5Pclose(creation);
  H5Sclose(space);
  H5Tclose(type);
}

static void put_link(hid_t file, struct script *script, const char *object, const char *other) {
  H5Ldelete(file, object, H5P_DEFAULT);
  switch (script_byte(script) % 4) {
  case 0:
    H5Lcreate_soft(other, file, object, H5P_DEFAULT, H5P_DEFAULT);
    break;
  case 1:
    H5Lcreate_external("elsewhere.h5", other, file, object, H5P_DEFAULT, H5P_DEFAULT);
    break;
  case 2:
    H5Lcreate_hard(file, other, file, object, H5P_DEFAULT, H5P_DEFAULT);
    break;
  default:
    H5Gclose(H5Gcreate2(file, object, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  }
}

/* Reads an existing dataset as 64-bit integers, changes one, and writes all of them back. */
static void change_numbers(hid_t file, struct script *script, const char *object) {
  const hid_t id = H5Dopen2(file, object, H5P_DEFAULT), space = H5Dget_space(id), type = H5Dget_type(id);
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  if (id >= 0 && usual(type) && count > 0 && count <= 4096 && H5Sget_simple_extent_ndims(space) > 0) {
    int64_t *numbers = calloc((size_t)count, sizeof *numbers);
    if (H5Dread(id, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers) >= 0) {
      numbers[script_byte(script) % count] = script_value(script);
      H5Dwrite(id, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers);
    }
    free(numbers);
  }
  H5Tclose(type);
  H5Sclose(space);
  H5Dclose(id);
}

void fuzz_edit(struct script *script, const char *path, const char *const *object, const char *const *attribute) {
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
  const hid_t file = H5Fopen(path, H5F_ACC_RDWR, access);
  H5Pclose(access);
  for (int edits = 0; edits < 12 && script->at < script->end; edits++) {
    const uint8_t what = script_byte(script);
    const char *at = choose(script, object);
    const bool root = at == object[0];
    if (what < 80)
      set_attribute(file, script, at, choose(script, attribute));
    else if (what < 128)
      change_text(file, script, at, choose(script, attribute));
    else if (what < 176 && !root)
      put_dataset(file, script, at);
    else if (what < 200 && !root)
      put_link(file, script, at, choose(script, object));
    else if (what < 220 && !root)
      H5Ldelete(file, at, H5P_DEFAULT);
    else
      change_numbers(file, script, at);
  }
  if (H5Fclose(file) < 0) fuzz_found("the edited file cannot be closed");
}
