/* Attributes of groups and datasets. */
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "h5_file.h"
#include "h5_guard.h"
#include "io/h5.h"

enum { TEXT_LIMIT = 1 << 20 }; /* bytes; a longer attribute counts as damaged, because McKean writes at most 64 KiB */

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
  char *text = utf8_lines(value);
  const size_t length = strlen(text);
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, length ? length : 1);
  H5Tset_cset(type, H5T_CSET_UTF8);
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  const int status = length > 64000 ? FAIL(FAILED, "%s: %s: the attribute %s of %zu bytes is too long", file->path,
                                           object, name, length)
                                    : set_attribute(file, object, name, type, text);
  H5Tclose(type);
  free(text);
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
