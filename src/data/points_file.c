#include "data/points_file.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "data/target_kind.h"
#include "io/foreign_file.h"

int points_file_open(const char *path, struct h5 **file) {
  if (h5_open(path, false, file) == OK) return OK;
  char why[1024];
  snprintf(why, sizeof why, "%s", error_text());
  const int known = foreign_file_check(path, "x (N, d) and y (N)"); /* a file that is not HDF5 */
  return known != OK ? known : FAIL(USAGE, "%s; input/own-data.yaml describes the file", why);
}

/* ---- names ---- */

/* Returns whether `name` is a usual name of x or y in other programs: X, x_train, inputs; Y, y_train, labels. */
static bool is_alias(const char *name, const char *wanted) {
  static const char *const aliases[2][7] = {
      {"x_train", "train_x", "inputs", "input", "features", "points", "data"},
      {"y_train", "train_y", "labels", "label", "targets", "target", "outputs"},
  };
  if (strcasecmp(name, wanted) == 0) return true;
  for (int i = 0; i < 7; i++)
    if ((strcmp(wanted, "x") == 0 || strcmp(wanted, "y") == 0) && strcasecmp(name, aliases[*wanted == 'y'][i]) == 0)
      return true;
  return false;
}

/* Lists the content of a group, at most 8 names: "X (200, 8), Y (200)". */
static void list_content(struct h5 *file, const char *group, char *text, size_t size) {
  size_t used = 0;
  char name[64], object[256], what[H5_TEXT];
  snprintf(text, size, "nothing");
  for (int64_t i = 0; i <= 8 && h5_link(file, *group ? group : "/", i, name, sizeof name) && used < size; i++) {
    snprintf(object, sizeof object, "%s/%s", group, name);
    h5_is_numbers(file, object, what);
    used += i == 8 ? (size_t)snprintf(text + used, size - used, ", ...")
                   : (size_t)snprintf(text + used, size - used, "%s%s %s", i ? ", " : "", name, what);
  }
}

static bool is_dataset(struct h5 *file, const char *group, const char *name) {
  char object[256], what[H5_TEXT];
  snprintf(object, sizeof object, "%s/%s", group, name);
  return h5_is_numbers(file, object, what);
}

/* Writes the Python statement that renames the dataset with a usual name of `wanted`; nothing if there is none. */
static size_t rename_text(struct h5 *file, const char *group, const char *wanted, char *text, size_t size) {
  char name[64], object[256];
  snprintf(object, sizeof object, "%s/%s", group, wanted);
  *text = 0;
  if (h5_exists(file, object)) return 0;
  for (int64_t i = 0; h5_link(file, *group ? group : "/", i, name, sizeof name); i++)
    if (strcmp(name, wanted) != 0 && is_alias(name, wanted) && is_dataset(file, group, name))
      return (size_t)snprintf(text, size, "; f.move(\"%s/%s\", \"%s\")", group, name, object);
  return 0;
}

/* Returns whether a name exists that is not a dataset or group of this file. */
static bool is_link(struct h5 *file, const char *group, const char *wanted) {
  char name[64], object[256];
  snprintf(object, sizeof object, "%s/%s", group, wanted);
  for (int64_t i = 0; h5_link(file, *group ? group : "/", i, name, sizeof name); i++)
    if (strcmp(name, wanted) == 0) return !h5_exists(file, object);
  return false;
}

static int missing(struct h5 *file, const struct points_request *request, const char *name) {
  char content[1024], renames[512], advice[5120];
  const char *kind = foreign_file_name(request->path);
  if (strncmp(kind, "an HDF5 file", 12) == 0)
    list_content(file, request->group, content, sizeof content);
  else
    snprintf(content, sizeof content, "%s", kind); /* of McKean */
  size_t used = rename_text(file, request->group, request->x, renames, sizeof renames);
  used += rename_text(file, request->group, request->y, renames + used, sizeof renames - used);
  if (is_link(file, request->group, name))
    snprintf(
        advice, sizeof advice,
        "%s is a link, which is not followed; replace it by a copy: python3 -c 'import h5py; f = h5py.File(\"%s\", "
        "\"a\"); v = f[\"%s/%s\"][()]; del f[\"%s/%s\"]; f[\"%s/%s\"] = v'",
        name, request->path, request->group, name, request->group, name, request->group, name);
  else if (used > 0)
    snprintf(advice, sizeof advice, "rename them: python3 -c 'import h5py; f = h5py.File(\"%s\", \"a\")%s'",
             request->path, renames);
  else
    snprintf(advice, sizeof advice, "store %s in %s%s", name, *request->group ? request->group : "the root of the file",
             request->labels ? "" : ", or name the group that has it with --group");
  return FAIL(USAGE, "%s: expected %s (N, d)%s%s%s in %s, received %s: %s is missing; %s", request->path, request->x,
              request->labels ? " and " : "", request->labels ? request->y : "", request->labels ? " (N)" : "",
              *request->group ? request->group : "the file", content, name, advice);
}

/* ---- types and shapes ---- */

/* How to convert what is not accepted, by a part of its description (h5_is_numbers); %s is the name of the dataset. */
static const struct {
  const char *received, *advice;
} conversions[] = {
    {"text", "store a number for each class, for example numpy.unique(%s, return_inverse=True)[1]"},
    {"complex", "store real and imaginary parts as two dimensions, for example numpy.column_stack([%s.real, %s.imag])"},
    {"compound", "store the columns as one array, for example numpy.lib.recfunctions.structured_to_unstructured(%s)"},
    {"different lengths", "store rows of the same length as one array, for example numpy.stack(%s)"},
    {"references", "store the numbers to which they refer"},
    {"unusual type", "store float64, for example %s.astype(\"f8\") of a type of numbers"},
    {" of ", "store float64, for example %s.astype(\"f8\")"},
    {"group", "store a dataset of numbers with the name %s"},
    {"", "store a dataset of numbers with the name %s"},
};

static int check_numbers(struct h5 *file, const struct points_request *request, const char *name, const char *object) {
  char what[H5_TEXT];
  if (!h5_exists(file, object)) return missing(file, request, name);
  const bool numbers = h5_is_numbers(file, object, what);
  if (numbers) return OK;
  size_t i = 0;
  while (*conversions[i].received && !strstr(what, conversions[i].received)) i++;
  char advice[256];
  snprintf(advice, sizeof advice, conversions[i].advice, name, name);
  return FAIL(USAGE, "%s: %s: expected integers of 8 to 64 bits, floats, doubles or bool, received %s; %s",
              request->path, object, what, advice);
}

/* Checks the shape of labels. */
static int label_shape(const char *path, const char *name, int rank, const int64_t *shape) {
  char text[128];
  if (rank == 1 || (rank == 2 && shape[1] == 1)) return OK;
  const char *advice = rank == 2 && shape[0] == 1
                           ? "store it as (N), for example y.ravel(); MATLAB stores arrays transposed, then also x.T"
                       : rank == 0 ? "store one label per point"
                                   : "a network has one output: train one network per column, or store "
                                     "one column, for example y[:, 0]";
  return FAIL(USAGE, "%s: %s: expected one label per point, shape (N) or (N, 1), received %s; %s", path, name,
              h5_shape_text(rank, shape, text), advice);
}

/* Checks the shape of points. labels: the number of labels, -1: unknown. */
static int point_shape(const struct points_request *request, const char *name, int rank, const int64_t *shape,
                       int64_t labels) {
  char text[128];
  const char *path = request->path;
  h5_shape_text(rank, shape, text);
  if (rank == 2 && labels >= 0 && shape[0] != labels && shape[1] == labels)
    return FAIL(USAGE,
                "%s: %s has shape %s and %s has %lld labels: %s looks transposed; store it as (%lld, %lld), for "
                "example with %s.T",
                path, name, text, request->y, (long long)labels, request->x, (long long)shape[1], (long long)shape[0],
                request->x);
  if (rank == 2 && labels < 0 && request->d > 0 && shape[1] != request->d && shape[0] == request->d)
    return FAIL(USAGE,
                "%s: %s has shape %s, and %s requires d = %d: %s looks transposed; store it as (%lld, %lld), for "
                "example with %s.T",
                path, name, text, request->d_from, request->d, request->x, (long long)shape[1], (long long)shape[0],
                request->x);
  if (rank < 1 || rank > 2)
    return FAIL(USAGE, "%s: %s: expected shape (N, d), or (N) for d = 1, received %s%s", path, name, text,
                rank > 2 ? "; flatten each point, for example x.reshape(len(x), -1)" : "");
  const int64_t d = rank == 2 ? shape[1] : 1;
  if (shape[0] < 1 || d < 1)
    return FAIL(USAGE, "%s: %s: expected at least one point and one dimension, received shape %s", path, name, text);
  if (d > TARGET_D_MAX)
    return FAIL(USAGE,
                "%s: %s: expected at most d = %d, received shape %s, d = %lld; reduce the dimension, for example "
                "by a projection onto %d principal components",
                path, name, TARGET_D_MAX, text, (long long)d, TARGET_D_MAX);
  if (request->d > 0 && d != request->d)
    return FAIL(USAGE, "%s: %s: expected d = %d as in %s, received shape %s, d = %lld", path, name, request->d,
                request->d_from, text, (long long)d);
  if (labels >= 0 && shape[0] != labels)
    return FAIL(USAGE, "%s: %s has %lld points (shape %s), but %s has %lld labels: expected one label per point", path,
                name, (long long)shape[0], text, request->y, (long long)labels);
  if (shape[0] > INT32_MAX)
    return FAIL(USAGE, "%s: %s: expected at most 2^31 - 1 points, received %lld", path, name, (long long)shape[0]);
  return OK;
}

static int find(struct h5 *file, const struct points_request *request, struct points_file *points) {
  int64_t shape[H5_RANK_MAX], labels = -1;
  *points = (struct points_file){.file = file, .path = request->path};
  snprintf(points->x, sizeof points->x, "%s/%s", request->group, request->x);
  snprintf(points->y, sizeof points->y, "%s/%s", request->group, request->y);
  TRY(check_numbers(file, request, request->x, points->x));
  if (request->labels || h5_exists(file, points->y)) {
    TRY(check_numbers(file, request, request->y, points->y));
    TRY(h5_shape(file, points->y, &points->y_rank, shape));
    TRY(label_shape(request->path, points->y, points->y_rank, shape));
    labels = shape[0];
  }
  TRY(h5_shape(file, points->x, &points->x_rank, shape));
  TRY(point_shape(request, points->x, points->x_rank, shape, labels));
  points->count = shape[0];
  points->d = points->x_rank == 2 ? (int)shape[1] : 1;
  return OK;
}

int points_file_find(struct h5 *file, const struct points_request *request, struct points_file *points) {
  const int status = find(file, request, points);
  return status == FAILED ? FAIL(USAGE, "%s", error_text()) : status; /* a file that cannot be read is a wrong input */
}

/* ---- numbers ---- */

/* Checks values [rows][columns]; columns is 0 for labels [rows]. first: the index of the first row in the file. */
static int check_finite(const char *path, const char *name, int64_t first, int64_t rows, int columns,
                        const double *values) {
  const int64_t numbers = columns ? rows * columns : rows;
  for (int64_t i = 0; i < numbers; i++) {
    if (fabs(values[i]) < 1e150) continue;
    char column[32] = "";
    if (columns) snprintf(column, sizeof column, ", column %d", (int)(i % columns));
    const long long row = (long long)(first + (columns ? i / columns : i));
    return FAIL(USAGE,
                "%s: %s: row %lld%s is %g (counted from 0): expected finite numbers below 1e150 in absolute "
                "value; %s",
                path, name, row, column, values[i],
                isfinite(values[i]) ? "rescale the data" : "remove the row, or fill the gap");
  }
  return OK;
}

static int read_numbers(const struct points_file *points, int64_t first, int64_t count, double *x, double *y) {
  const int64_t x_shape[] = {points->count, points->d}, y_shape[] = {points->count, 1};
  TRY(h5_read_rows(points->file, points->x, H5_DOUBLE, points->x_rank, x_shape, first, count, x));
  TRY(check_finite(points->path, points->x, first, count, points->x_rank == 2 ? points->d : 0, x));
  if (!y || points->y_rank == 0) return OK;
  TRY(h5_read_rows(points->file, points->y, H5_DOUBLE, points->y_rank, y_shape, first, count, y));
  return check_finite(points->path, points->y, first, count, 0, y);
}

int points_file_read(const struct points_file *points, int64_t first, int64_t count, double *x, double *y) {
  const int status = read_numbers(points, first, count, x, y);
  return status == FAILED ? FAIL(USAGE, "%s", error_text()) : status;
}
