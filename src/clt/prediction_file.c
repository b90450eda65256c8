#include "clt/prediction_file.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/crc32c.h"
#include "base/error.h"
#include "data/dataset.h"
#include "io/h5.h"
#include "io/result_file.h"
#include "study/results.h"

static const char FORMAT[] = "mckean-prediction";
enum { FORMAT_VERSION = 1 };

static const char *const groups[PREDICTION_SETS] = {"/test", "/train"};

uint32_t prediction_points_crc(uint32_t crc, int64_t count, int d, const double *x, const double *y) {
  crc = crc32c(crc, x, sizeof *x * (size_t)(count * d));
  return crc32c(crc, y, sizeof *y * (size_t)count);
}

/* ---- write ---- */

static int write_array(struct h5 *file, const char *name, enum h5_type type, int rank, const int64_t *shape,
                       const void *values, const char *description, const char *unit, const char *const *scales) {
  TRY(h5_write(file, name, type, rank, shape, values));
  TRY(h5_describe(file, name, description, unit));
  return h5_dimensions(file, name, rank, scales);
}

static int write_checksum(struct h5 *file, const struct dataset *data) {
  char text[16];
  uint32_t crc = prediction_points_crc(0, data->tests, data->d, data->test_x, data->test_y);
  crc = prediction_points_crc(crc, data->samples, data->d, data->x, data->y);
  snprintf(text, sizeof text, "%08x", crc);
  return h5_set_text(file, "/", "points_checksum", text);
}

static int write_root(struct h5 *file, const struct prediction *prediction) {
  const struct prediction_request *request = prediction->request;
  const int64_t times = prediction->times;
  static const char *const scale[] = {"/time"};
  char *config = config_echo(prediction->problem.config);
  int status = h5_set_text(file, "/", "config", config);
  free(config);
  TRY(status);
  TRY(h5_set_text(file, "/", "format", FORMAT));
  TRY(h5_set_int(file, "/", "format_version", FORMAT_VERSION));
  TRY(h5_set_text(file, "/", "random_numbers", dataset_random_numbers));
  TRY(h5_set_text(file, "/", "run", request->run));
  TRY(h5_set_int(file, "/", "units", request->units));
  TRY(h5_set_int(file, "/", "references", request->references));
  TRY(h5_set_int(file, "/", "seed", (int64_t)request->seed));
  TRY(write_checksum(file, prediction->problem.data));
  TRY(write_array(file, "/time", H5_DOUBLE, 1, &times, prediction->time, "time", "1", scale));
  TRY(write_array(file, "/step", H5_INT64, 1, &times, prediction->step, "step", NULL, scale));
  TRY(h5_index(file, "/draw", request->draws, "draw, counted from 0"));
  return h5_index(file, "/reference", request->references, "reference network, counted from 0");
}

/* The squares of a set, and n V_n. */
static int write_set(struct h5 *file, const struct prediction *prediction, int set) {
  const struct prediction_request *request = prediction->request;
  const int64_t shape[] = {prediction->times, request->draws};
  static const char *const scales[] = {"/time", "/draw"};
  char name[64];
  double *value = alloc_small(sizeof *value * (size_t)(2 * shape[0] + 1)), *error = value + shape[0];
  for (int64_t t = 0; t < shape[0]; t++) {
    const struct predicted_variance V =
        predicted_variance(request->draws, request->references, prediction->square[set] + t * shape[1]);
    value[t] = V.value;
    error[t] = V.error;
  }
  snprintf(name, sizeof name, "%s/square", groups[set]);
  int status = write_array(file, name, H5_DOUBLE, 2, shape, prediction->square[set],
                           "mean over the points of g^2 (time, draw)", "f^2", scales);
  snprintf(name, sizeof name, "%s/nV", groups[set]);
  if (status == OK)
    status = write_array(file, name, H5_DOUBLE, 1, shape, value, "prediction of n V_n (time)", "f^2", scales);
  snprintf(name, sizeof name, "%s/nV_error", groups[set]);
  if (status == OK)
    status =
        write_array(file, name, H5_DOUBLE, 1, shape, error,
                    "standard error of nV: of the draws and of the references, without the bias of a finite N (time)",
                    "f^2", scales);
  free(value);
  return status;
}

static int write_test(struct h5 *file, const struct prediction *prediction) {
  const struct prediction_request *request = prediction->request;
  const struct dataset *data = prediction->problem.data;
  const int64_t T = prediction->times, K = prediction->points[POINTS_TEST], x_shape[] = {K, data->d},
                g_shape[] = {T, request->draws, K}, f_shape[] = {T, request->references, K};
  static const char *const x_scales[] = {"/test/point", "/test/component"},
                           *const g_scales[] = {"/time", "/draw", "/test/point"},
                           *const f_scales[] = {"/time", "/reference", "/test/point"};
  if (K == 0) return OK;
  TRY(h5_index(file, "/test/point", K, "test point, counted from 0"));
  TRY(h5_index(file, "/test/component", data->d, "component of x, counted from 0"));
  TRY(write_array(file, "/test/x", H5_DOUBLE, 2, x_shape, data->test_x, "test points (point, component)", "x",
                  x_scales));
  TRY(write_array(file, "/test/g", H5_FLOAT, 3, g_shape, prediction->g,
                  "samples of the limit of sqrt n (f_n - f_t) at the test points (time, draw, point)", "f", g_scales));
  return write_array(file, "/test/f", H5_DOUBLE, 3, f_shape, prediction->f,
                     "f of the reference networks at the test points (time, reference, point)", "f", f_scales);
}

static int write(struct h5 *file, const struct prediction *prediction, const struct provenance *provenance) {
  TRY(write_root(file, prediction));
  for (int set = 0; set < PREDICTION_SETS; set++)
    if (prediction->points[set] > 0) TRY(write_set(file, prediction, set));
  TRY(write_test(file, prediction));
  return provenance_write(provenance, file);
}

int prediction_file_write(const struct prediction *prediction, const struct provenance *provenance, const char *path) {
  struct result_file to;
  struct h5 *file;
  TRY(result_file_open(path, results_is_earlier, FORMAT, &to));
  int status = h5_create(to.written, 0, &file);
  if (status == OK) {
    status = write(file, prediction, provenance);
    const int closed = h5_close(file);
    if (status == OK) status = closed;
  }
  if (status == OK) status = durable_file_sync(to.written);
  if (status == OK) return result_file_publish(&to);
  result_file_discard(&to);
  return status;
}

/* ---- read ---- */

static int read_set(struct h5 *file, struct prediction_file *content, int set) {
  char name[64];
  const int64_t shape[] = {content->times, content->draws};
  snprintf(name, sizeof name, "%s/square", groups[set]);
  if (!h5_exists(file, groups[set]) || !h5_exists(file, name)) return OK;
  TRY(alloc_copy((void **)&content->square[set], shape[0] * shape[1], sizeof(double), "mean squares of the draws"));
  return h5_read(file, name, H5_DOUBLE, 2, shape, content->square[set]);
}

static int read_content(struct h5 *file, struct prediction_file *content) {
  int rank;
  int64_t shape[H5_RANK_MAX], references;
  TRY(h5_shape(file, "/time", &rank, shape));
  const int64_t times = shape[0];
  TRY(h5_shape(file, "/draw", &rank, shape));
  const int64_t draws = shape[0];
  TRY(h5_get_text(file, "/", "config", &content->config));
  if (h5_get_text(file, "/", "points_checksum", &content->points_checksum) != OK) content->points_checksum = NULL;
  TRY(h5_get_int(file, "/", "units", &content->units));
  TRY(h5_get_int(file, "/", "references", &references));
  if (times < 1 || times > INT32_MAX || draws < 2 || draws > INT32_MAX || references < 2 || draws % references != 0)
    return FAIL(FAILED, "expected times, draws, and references that divide their number, received %lld, %lld and %lld",
                (long long)times, (long long)draws, (long long)references);
  content->times = (int)times;
  content->draws = (int)draws;
  content->references = (int)references;
  TRY(alloc_copy((void **)&content->time, times, sizeof(double), "times of a prediction"));
  TRY(h5_read(file, "/time", H5_DOUBLE, 1, &times, content->time));
  for (int set = 0; set < PREDICTION_SETS; set++) TRY(read_set(file, content, set));
  if (!content->square[POINTS_TEST]) return OK;
  TRY(h5_shape(file, "/test/x", &rank, shape));
  content->points = shape[0];
  return OK;
}

int prediction_file_read(const char *path, struct prediction_file **out) {
  struct h5 *file;
  if (!h5_is_format(path, FORMAT))
    return FAIL(USAGE, "%s: expected a prediction, a file that `mckean predict RUN -o FILE` wrote", path);
  TRY(h5_open(path, false, &file));
  struct prediction_file *content = alloc_small(sizeof *content);
  *content = (struct prediction_file){0};
  const int status = read_content(file, content);
  h5_close(file);
  if (status != OK) {
    prediction_file_free(content);
    return FAIL(status, "%s: %s", path, error_text());
  }
  *out = content;
  return OK;
}

void prediction_file_free(struct prediction_file *file) {
  if (!file) return;
  for (int set = 0; set < PREDICTION_SETS; set++) free(file->square[set]);
  free(file->config);
  free(file->points_checksum);
  free(file->time);
  free(file);
}

int prediction_file_draws(const char *path, const struct prediction_file *content, int time, double *g) {
  struct h5 *file;
  const int64_t start[] = {time, 0, 0}, count[] = {1, content->draws, content->points};
  TRY(h5_open(path, false, &file));
  const int status = h5_read_part(file, "/test/g", H5_DOUBLE, 3, start, count, g);
  h5_close(file);
  return status;
}
