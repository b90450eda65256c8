#include "data/dataset.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "data/inputs.h"
#include "data/target_file.h"
#include "parallel/heartbeat.h"

const char *const dataset_mode_names[DATA_MODES] = {"online", "fixed", "population", "rkhs"};

int dataset_refuse_rkhs(const struct dataset *data, const char *what) {
  if (data->spec.mode != DATA_RKHS) return OK;
  return FAIL(
      USAGE,
      "data.mode: %s: expected online, fixed or population, received rkhs, for which McKean implements no theory",
      what);
}

const char dataset_random_numbers[] =
    "online points, the noise of their labels, thermal noise: Philox4x32-10, keyed by Philox4x64-10; orders of "
    "mini-batches: Fisher-Yates shuffle with Philox4x64-10; all other random numbers: Philox4x64-10";

static const struct inputs *law_of(const struct dataset *data) {
  return &inputs_table[data->target->spec.inputs];
}

static void add_noise(const struct dataset *data, const struct rng *rng, int64_t first, int count, double *y) {
  if (data->spec.noise <= 0) return;
  for (int p = 0; p < count; p++) {
    double normal;
    rng_normal(rng, (uint64_t)(first + p), 1, &normal);
    y[p] += data->spec.noise * normal;
  }
}

void dataset_draw(const struct dataset *data, const struct rng *points, const struct rng *noise, int64_t first,
                  int count, double *x, double *y) {
  const struct inputs *law = law_of(data);
  for (int p = 0; p < count; p++) law->draw(points, (uint64_t)(first + p), data->d, x + (size_t)p * (size_t)data->d);
  if (!y) return;
  target_eval(data->target, count, x, y);
  if (noise) add_noise(data, noise, first, count, y);
}

/* Draws a set that all networks share, without noise. Computing the labels of a large set can take longer than the
 * timeout of the watchdog, so there is a heartbeat after each piece. */
static int draw_set(const struct dataset *data, uint64_t seed, enum rng_stream stream, int64_t count, double **x,
                    double **y) {
  enum { PIECE = 960 };
  TRY(alloc_copy((void **)x, count * data->d, sizeof(double), "data points"));
  TRY(alloc_copy((void **)y, count, sizeof(double), "labels"));
  const struct rng rng = {seed, stream, 0, 0};
  for (int64_t p = 0; p < count; p += PIECE) {
    dataset_draw(data, &rng, NULL, p, (int)(count - p < PIECE ? count - p : PIECE), *x + p * data->d, *y + p);
    heartbeat_beat();
  }
  return OK;
}

/* Copies rows of x and y. row: their indices in ascending order; NULL: the rows first .. first+count-1. */
static int copy(const struct target_rows *rows, int d, const int64_t *row, int64_t first, int64_t count, double **x,
                double **y) {
  TRY(alloc_copy((void **)x, count * d, sizeof(double), "data points"));
  TRY(alloc_copy((void **)y, count, sizeof(double), "labels"));
  for (int64_t p = 0; p < count; p++) {
    const int64_t from = row ? row[p] : first + p;
    memcpy(*x + p * d, rows->x + from * d, sizeof(double) * (size_t)d);
    (*y)[p] = rows->y[from];
  }
  return OK;
}

static int too_few_rows(const struct dataset *data, int64_t rows, int64_t held) {
  const struct dataset_spec *spec = &data->spec;
  const char *path = data->target->spec.path;
  const int64_t samples = spec->samples > 0 ? spec->samples : 1;
  if (spec->test == DATASET_TEST_AUTO && held > 0)
    return FAIL(
        USAGE,
        "%s: /x has %lld rows: expected at least %lld for data.samples: %lld, because a fifth of the rows (%lld) "
        "are test points; set data.samples to at most %lld, set data.test (0: no test points), or store test "
        "points as test_x and test_y",
        path, (long long)rows, (long long)(samples + held), (long long)samples, (long long)held,
        (long long)(rows - held));
  return FAIL(USAGE,
              "%s: /x has %lld rows: expected at least %lld (training %lld, test %lld); set data.samples or data.test, "
              "or store test points as test_x and test_y",
              path, (long long)rows, (long long)(samples + held), (long long)samples, (long long)held);
}

/* Draws the test rows of a file, and lists the other rows in the same order as in the file. */
static int draw_rows(struct dataset *data, int64_t rows, int64_t **others) {
  const struct dataset_spec *spec = &data->spec;
  const struct rng rng = {.seed = spec->test_seed ? spec->test_seed : spec->seed, .stream = RNG_TEST_ROWS};
  TRY(alloc_copy((void **)&data->test_rows, data->tests, sizeof **others, "test rows"));
  TRY(alloc_copy((void **)others, rows - data->tests, sizeof **others, "training rows"));
  rng_subset(&rng, rows, data->tests, 0, data->tests, data->test_rows);
  for (int64_t row = 0, test = 0; row < rows; row++)
    if (test < data->tests && data->test_rows[test] == row)
      test++;
    else
      (*others)[row - test] = row;
  return OK;
}

/* Takes both sets from the file. The test set is test_x and test_y, or a part of the rows of x and y: with
 * DATASET_TEST_AUTO rows that are drawn, otherwise the last rows. The training set is the first of the other rows. */
static int take_file(struct dataset *data) {
  const struct target_rows *rows = target_file_rows(data->target), *test = target_file_test_rows(data->target);
  const struct dataset_spec *spec = &data->spec;
  const int64_t share = spec->test == DATASET_TEST_AUTO ? rows->count / DATASET_TEST_SHARE : spec->test,
                held = test->count > 0 ? 0 : share, left = rows->count - held;
  const bool drawn = held > 0 && spec->test == DATASET_TEST_AUTO;
  data->samples = spec->samples > 0 ? spec->samples : left;
  if (data->samples < 1 || data->samples > left) return too_few_rows(data, rows->count, held);
  data->tests = test->count > 0 ? test->count : held;
  int64_t *others = NULL;
  int status = drawn ? draw_rows(data, rows->count, &others) : OK;
  if (status == OK) status = copy(rows, data->d, others, 0, data->samples, &data->x, &data->y);
  free(others);
  TRY(status);
  if (data->tests == 0) return OK;
  return test->count > 0 ? copy(test, data->d, NULL, 0, data->tests, &data->test_x, &data->test_y)
                         : copy(rows, data->d, data->test_rows, left, data->tests, &data->test_x, &data->test_y);
}

static int draw_sets(struct dataset *data) {
  if (data->spec.mode == DATA_FIXED) {
    data->samples = data->spec.samples;
    TRY(draw_set(data, data->spec.seed, RNG_DATA_FIXED, data->samples, &data->x, &data->y));
  }
  data->tests = data->spec.test;
  if (data->tests == 0) return OK;
  const uint64_t seed = data->spec.test_seed ? data->spec.test_seed : data->spec.seed;
  return draw_set(data, seed, RNG_DATA_TEST, data->tests, &data->test_x, &data->test_y);
}

/* Returns label i of all labels: first the training labels, then the test labels. */
static double label(const struct dataset *data, int64_t i) {
  return i < data->samples ? data->y[i] : data->test_y[i - data->samples];
}

/* Sets C_f to half the mean square of all labels, and its standard error: the sd of y^2 / 2 divided by sqrt(count). */
static void estimate_C_f(const struct dataset *data, struct dataset_scale *scale) {
  const int64_t count = data->samples + data->tests;
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < count; i++) sum += label(data, i) * label(data, i);
  scale->C_f = sum / (2 * (double)count);
  for (int64_t i = 0; i < count; i++) squares += pow(label(data, i) * label(data, i) / 2 - scale->C_f, 2);
  scale->C_f_error = count > 1 ? sqrt(squares / (double)(count - 1) / (double)count) : NAN;
}

/* Returns the mean of l(0, y) over all labels, or the constant of a loss for which l(0, y) does not depend on y. */
static double mean_at_zero(const struct dataset *data) {
  const struct loss_spec *loss = &data->spec.loss;
  const int64_t samples = data->samples, tests = data->tests;
  if (loss_row(loss)->zero > 0) return loss_row(loss)->zero;
  const double train = samples > 0 ? (double)samples * loss_at_zero(loss, samples, data->y) : 0,
               test = tests > 0 ? (double)tests * loss_at_zero(loss, tests, data->test_y) : 0;
  return (train + test) / (double)(samples + tests); /* NAN: no labels */
}

/* Computes the scale of the losses, before noise is added to the training labels. */
static void set_scale(struct dataset *data) {
  struct dataset_scale *scale = &data->scale;
  const long long samples = data->samples, tests = data->tests;
  *scale = (struct dataset_scale){.C_f = data->target->C_f, .C_f_error = NAN};
  if (scale->C_f > 0) {
    scale->C_f_error = 0;
    snprintf(scale->origin, sizeof scale->origin, "the target");
  } else if (samples + tests > 0) {
    estimate_C_f(data, scale);
    if (samples == 0 || tests == 0)
      snprintf(scale->origin, sizeof scale->origin, "%lld %s labels", samples + tests,
               tests == 0 ? "training" : "test");
    else
      snprintf(scale->origin, sizeof scale->origin, "%lld training and %lld test labels", samples, tests);
  }
  scale->loss_0 = loss_is_squared(&data->spec.loss) ? scale->C_f : mean_at_zero(data);
}

/* In ns per number of a fresh point. Measured on AMD Zen 4 (`mckean bench --only data`): 16, 27, 69 and 278 ns per
 * point for d = 5, 10, 25 and 100. */
static const double DRAW = 2.8;

int dataset_create(const struct target *target, const struct dataset_spec *spec, struct dataset **out) {
  struct dataset *data = alloc_small(sizeof *data);
  *data = (struct dataset){.spec = *spec, .target = target, .d = target->d, .draw_ns = DRAW * target->d};
  if (target->kind->label_ns) data->label_ns = target->kind->label_ns(target);
  int status = target_kind_stored(target->kind) ? take_file(data) : draw_sets(data);
  if (status != OK) {
    dataset_free(data);
    return status;
  }
  set_scale(data);
  const struct rng noise = {spec->seed, RNG_NOISE, 0, 0};
  if (data->samples > 0) add_noise(data, &noise, 0, (int)data->samples, data->y);
  *out = data;
  return OK;
}

bool dataset_constant(const struct dataset *data, double *label) {
  const bool stored = target_kind_stored(data->target->kind) && data->samples > 1;
  for (int64_t i = 1; stored && i < data->samples; i++)
    if (data->y[i] != data->y[0]) return false;
  if (stored) *label = data->y[0];
  return stored;
}

/* ---- origin of the points ---- */

static char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *text(const char *format, ...) {
  char *result = NULL;
  va_list arguments;
  va_start(arguments, format);
  if (vasprintf(&result, format, arguments) < 0) die("no memory for a text");
  va_end(arguments);
  return result;
}

char *dataset_train_origin(const struct dataset *data) {
  const struct dataset_spec *spec = &data->spec;
  const long long samples = data->samples, seed = (long long)spec->seed;
  if (spec->mode == DATA_POPULATION)
    return text("no points: exact mean over %s%s", *law_of(data)->in_words ? "x" : "the sphere",
                law_of(data)->in_words);
  if (spec->mode == DATA_RKHS) return text("no points: exact norm in the RKHS of the units");
  if (spec->mode == DATA_ONLINE)
    return text("fresh points at each step, drawn with seed %lld, %s%s", seed,
                spec->shared ? "the same for all networks" : "different for each network", law_of(data)->in_words);
  if (!target_kind_stored(data->target->kind))
    return text("%lld points drawn with seed %lld%s", samples, seed, law_of(data)->in_words);
  if (data->test_rows)
    return text("%lld points: %s rows of x in %s that are not test points", samples,
                samples + data->tests == target_file_rows(data->target)->count ? "the" : "the first",
                data->target->spec.path);
  return text("%lld points: rows 0..%lld of x in %s", samples, samples - 1, data->target->spec.path);
}

char *dataset_test_origin(const struct dataset *data) {
  const struct dataset_spec *spec = &data->spec;
  const long long tests = data->tests;
  if (tests == 0)
    return text(!target_kind_stored(data->target->kind) || spec->test == 0 ? "no points"
                                                                           : "no points: the file has fewer than 5");
  if (!target_kind_stored(data->target->kind))
    return text("%lld points drawn with seed %lld%s", tests,
                (long long)(spec->test_seed ? spec->test_seed : spec->seed), law_of(data)->in_words);
  if (target_file_test_rows(data->target)->count > 0)
    return text("%lld points: test_x in %s", tests, data->target->spec.path);
  if (data->test_rows)
    return text("%lld points: a fifth of the rows of x in %s, drawn with seed %lld", tests, data->target->spec.path,
                (long long)(spec->test_seed ? spec->test_seed : spec->seed));
  return text("%lld points: the last %lld rows of x in %s", tests, tests, data->target->spec.path);
}

void dataset_free(struct dataset *data) {
  if (!data) return;
  free(data->x);
  free(data->y);
  free(data->test_x);
  free(data->test_y);
  free(data->test_rows);
  free(data);
}

const uint32_t *dataset_order(const struct dataset *data, const struct batch_position *position,
                              struct epoch_order *order) {
  const int64_t epoch = position->epoch_step / (data->samples / position->batch);
  if (order->epoch != epoch || order->order != position->order) {
    const uint64_t network = data->spec.shared ? 0 : position->network;
    const struct rng rng = {data->spec.seed, RNG_DATA_ORDER, network, (uint64_t)epoch};
    rng_shuffle(&rng, (uint64_t)position->order, data->samples, order->rows);
    order->epoch = epoch;
    order->order = position->order;
  }
  return order->rows;
}

/* Returns the rows in the fixed set of the points of the batch at `position`; NULL: row i is that of point i. */
static const uint32_t *rows_of(const struct dataset *data, const struct batch_position *position) {
  if (position->batch >= data->samples) return NULL;
  if (!position->rows) die("a mini-batch lacks the order of its epoch");
  const int64_t batches = data->samples / position->batch;
  return position->rows + position->epoch_step % batches * position->batch;
}

static int clamp(int64_t value, int low, int high) {
  return value < low ? low : value > high ? high : (int)value;
}

/* Computes the labels of lanes from .. to-1 of a group of points, which also are the rows x. Changes `lanes`. */
static void label_lanes(const struct target *target, int from, int to, double *lanes, const double *x, double *label) {
  const size_t d = (size_t)target->d, bytes = sizeof *lanes * (size_t)(to - from);
  if (!target->kind->evaluate_lanes) {
    target->kind->evaluate(target, to - from, x + (size_t)from * d, label);
    return;
  }
  for (size_t k = 0; k < d && from > 0; k++) memmove(lanes + k * POINT_LANES, lanes + k * POINT_LANES + from, bytes);
  target->kind->evaluate_lanes(target, lanes, to - from, label);
}

/* Two numbers that are next to each other in memory. */
typedef double pair __attribute__((vector_size(2 * sizeof(double)), aligned(sizeof(double)), may_alias));
#define PAIR(at) (*(pair *)(at))

/* rows [count][d] = the first `count` of lanes [d][POINT_LANES], two numbers of two points at a time. */
static void copy_rows(int d, int count, double *lanes, double *rows) {
  int lane = 0;
  for (; lane + 1 < count; lane += 2) {
    double *row = rows + (size_t)lane * (size_t)d, *next = row + d, *column = lanes + lane;
    int k = 0;
    for (; k + 1 < d; k += 2, column += 2 * POINT_LANES) {
      const pair a = PAIR(column), b = PAIR(column + POINT_LANES);
      PAIR(row + k) = (pair){a[0], b[0]};
      PAIR(next + k) = (pair){a[1], b[1]};
    }
    if (k < d) {
      row[k] = column[0];
      next[k] = column[1];
    }
  }
  for (int k = 0; k < d && lane < count; k++) rows[lane * d + k] = lanes[k * POINT_LANES + lane];
}

/* Draws points first .. first+count-1 of the batch at `position`, POINT_LANES at a time. */
static void fresh_points(const struct dataset *data, const struct batch_position *position, int64_t first, int count,
                         const int64_t labels[2], double *x, double *y) {
  const int d = data->d;
  const uint64_t network = data->spec.shared ? 0 : position->network;
  const struct rng points = {data->spec.seed, RNG_DATA_ONLINE, network, (uint64_t)position->step},
                   noise = {data->spec.seed, RNG_NOISE, network, (uint64_t)position->step};
  const bool noisy = data->spec.noise > 0;
  const struct fresh_stream stream = fresh_stream_of(&points),
                            noise_stream = noisy ? fresh_stream_of(&noise) : (struct fresh_stream){{0}, {0}};
  _Alignas(64) double lanes[TARGET_D_MAX * POINT_LANES], label[POINT_LANES], normal[POINT_LANES];
  for (int done = 0; done < count; done += POINT_LANES) {
    const int used = count - done < POINT_LANES ? count - done : POINT_LANES;
    double *rows = x + (size_t)done * (size_t)d;
    law_of(data)->draw_lanes(&stream, first + done, d, lanes);
    copy_rows(d, used, lanes, rows);
    const int from = clamp(labels[0] - first - done, 0, used), to = clamp(labels[1] - first - done, 0, used);
    if (from >= to) continue;
    label_lanes(data->target, from, to, lanes, rows, label);
    if (noisy) fresh_normal(&noise_stream, first + done, 0, 1, normal);
    for (int lane = from; lane < to; lane++)
      y[done + lane] = label[lane - from] + (noisy ? data->spec.noise * normal[lane] : 0);
  }
}

void dataset_points(const struct dataset *data, const struct batch_position *position, int64_t first, int count,
                    double *x, double *y) {
  dataset_points_labeling(data, position, first, count, (const int64_t[]){first, y ? first + count : first}, x, y);
}

void dataset_points_labeling(const struct dataset *data, const struct batch_position *position, int64_t first,
                             int count, const int64_t labels[2], double *x, double *y) {
  const int d = data->d;
  if (data->spec.mode == DATA_FIXED) {
    const uint32_t *rows = rows_of(data, position);
    for (int p = 0; p < count; p++) {
      const int64_t row = rows ? rows[first + p] : first + p;
      memcpy(x + (size_t)p * (size_t)d, data->x + row * d, sizeof(double) * (size_t)d);
      if (first + p >= labels[0] && first + p < labels[1]) y[p] = data->y[row];
    }
    return;
  }
  fresh_points(data, position, first, count, labels, x, y);
}

static int check_labels(const char *set, int64_t count, const double *y, bool (*valid)(double y),
                        const char *expected) {
  for (int64_t row = 0; row < count; row++)
    if (!valid(y[row]))
      return FAIL(USAGE, "the label of %s point %lld (counted from 0) is %.17g, expected %s", set, (long long)row,
                  y[row], expected);
  return OK;
}

int dataset_check_labels(const struct dataset *data, bool (*valid)(double y), const char *expected) {
  enum { SAMPLE = 64 };
  if (data->samples > 0) {
    TRY(check_labels("training", data->samples, data->y, valid, expected));
  } else {
    double *x = alloc_small(sizeof *x * SAMPLE * (size_t)data->d), y[SAMPLE];
    const struct batch_position position = {.batch = SAMPLE};
    dataset_points(data, &position, 0, SAMPLE, x, y);
    free(x);
    TRY(check_labels("training", SAMPLE, y, valid, expected));
  }
  return check_labels("test", data->tests, data->test_y, valid, expected);
}
