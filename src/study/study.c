#include "study/study.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/error.h"
#include "config/config.h"
#include "history_tables.h"
#include "io/durable_file.h"
#include "io/foreign_file.h"
#include "io/h5.h"
#include "store/history_file.h"
#include "study_slice.h"

enum { TIMES_SHOWN = 8 }; /* maximum number of time points if no fields exist */

char *study_physics(const struct config *config) {
  struct config bare = *config;
  config_forget(&bare);
  bare.data.seed = bare.data.test_seed = 0; /* check_points compares the points instead */
  if (bare.target.type == TARGET_FILE) *bare.target.path = 0;
  *bare.unit.import.checksum = 0; /* it depends on n and on the seeds */
  char *echo = config_echo(&bare), *physics;
  const char *from = strstr(echo, "\nunit:"), *to = strstr(echo, "\noutput:");
  if (!from || !to) die("the echo of the input has no sections unit and output");
  if (asprintf(&physics, "%s %a %a%.*s", precision_names[config->precision], config->ensemble.scale,
               config->ensemble.scale_power, (int)(to - from), from) < 0)
    die("no memory");
  free(echo);
  return physics;
}

static int read_config(struct h5 *file, const char *path, struct config **config) {
  char *text = NULL;
  int status = h5_get_text(file, "/", "config", &text);
  if (status == OK) status = config_parse(path, text, config);
  free(text);
  return status;
}

static int add_slices(struct study *study, int run, const struct config *config) {
  const struct ensemble_spec *ensemble = &config->ensemble;
  const int64_t points[] = {
      [POINTS_TEST] = study->fields ? study->test_points : 0, [POINTS_TRAIN] = study->fields ? study->train_points : 0};
  for (int e = 0; e < ensemble->members; e++)
    TRY(history_tables_check(study->file[run], e, ensemble->replicas, points));
  study->slice = realloc(study->slice, sizeof *study->slice * (size_t)(study->slices + ensemble->members));
  if (!study->slice) die("no memory for %d slices of a study", study->slices + ensemble->members);
  for (int e = 0; e < ensemble->members; e++)
    study->slice[study->slices++] =
        (struct study_slice){.run = run, .member = e, .n = ensemble->n[e], .replicas = ensemble->replicas};
  return OK;
}

/* Returns the power of n with which the batches of all stages grow; NAN if the powers of the stages differ or there are
 * no batches. */
static double batch_power(const struct schedule *schedule) {
  double power = NAN;
  for (int s = 0; s < schedule->stages && schedule->scheme == SCHEME_SGD; s++) {
    const double own = schedule->stage[s].batch > 0 ? 0 : schedule->stage[s].batch_power;
    if (s > 0 && own != power) return NAN;
    power = own;
  }
  return power;
}

/* Returns dt_power if it is the same in all stages, otherwise NAN. */
static double dt_power(const struct schedule *schedule) {
  for (int s = 1; s < schedule->stages; s++)
    if (schedule->stage[s].dt_power != schedule->stage[0].dt_power) return NAN;
  return schedule->stage[0].dt_power;
}

/* Returns whether the temperature of a stage depends on n. */
static bool heat_varies(const struct schedule *schedule) {
  bool varies = false;
  for (int s = 0; s < schedule->stages; s++)
    varies |= schedule->stage[s].temperature > 0 && schedule->stage[s].temperature_power != 0;
  return varies;
}

/* Keeps at most TIMES_SHOWN of the rows: the last one, the one at half its index, the one at a quarter, and so on. */
static void thin_times(struct study *study, int64_t rows) {
  int64_t last = -1;
  study->times = 0;
  for (int shift = TIMES_SHOWN - 1; shift >= 0; shift--) {
    const int64_t row = (rows - 1) >> shift;
    if (row == last) continue;
    study->step[study->times] = study->step[row]; /* row >= study->times: the rows increase */
    study->time[study->times] = study->time[row];
    study->times++;
    last = row;
  }
}

/* Reads from the first run the steps and times at which networks are compared (those of the fields, or a few rows of
 * the series), and the properties that all runs share. */
static int read_times(struct h5 *file, const char *path, const struct config *config, struct study *study) {
  study->fields = h5_exists(file, "/ensemble/0/field/step");
  const char *group = study->fields ? "/ensemble/0/field" : "/ensemble/0/series";
  char steps[64], times[64];
  snprintf(steps, sizeof steps, "%s/step", group);
  snprintf(times, sizeof times, "%s/time", group);
  int64_t rows;
  TRY(history_tables_steps(file, steps, &rows, &study->step));
  if (rows < 1)
    return FAIL(
        USAGE,
        "%s: %s is empty: the run has recorded nothing there yet; resume it (`mckean status` prints its state), "
        "and analyze it then",
        path, steps);
  if (rows > INT32_MAX) return FAIL(FAILED, "%s: expected at most 2^31 - 1 rows", steps);
  TRY(alloc_array((void **)&study->time, rows, sizeof *study->time, "times of a history"));
  TRY(h5_read(file, times, H5_DOUBLE, 1, &rows, study->time));
  study->times = (int)rows;
  study->field_rows = rows;
  study->own_times = schedule_dt_varies(&config->schedule, schedule_steps(&config->schedule));
  if (!study->fields && rows > TIMES_SHOWN) thin_times(study, rows);
  study->streams = config->ensemble.streams;
  study->batch_power = batch_power(&config->schedule);
  study->dt_power = dt_power(&config->schedule);
  study->scale_power = config->ensemble.scale_power;
  study->all_points = config->data.mode != DATA_ONLINE && config->schedule.scheme == SCHEME_GD;
  study->noise_free = study->all_points && !config->schedule.update.thermal;
  study->own_noise = schedule_is_random(&config->schedule);
  study->heat_varies = heat_varies(&config->schedule);
  study->common_data = config->data.shared || study->all_points;
  study->paired = *config->unit.import.path; /* subsets of the same units, or of those of the same replica */
  study->second_moments = true;
  if (h5_exists(file, "/test/y")) TRY(history_tables_rows(file, "/test/y", &study->test_points));
  if (h5_exists(file, "/train/y")) TRY(history_tables_rows(file, "/train/y", &study->train_points));
  study->loss_column = !study->all_points && study->test_points > 0 ? "test_loss" : "loss";
  study->loss = config->data.loss;
  TRY(h5_get_double(file, "/target", "C_f", &study->C_f));
  if (h5_get_double(file, "/target", "C_f_error", &study->C_f_error) != OK) study->C_f_error = NAN;
  study->loss_0 = study->C_f; /* old histories, which have the squared loss, contain only C_f */
  return loss_is_squared(&study->loss) ? OK : h5_get_double(file, "/target", "loss_0", &study->loss_0);
}

static int check_times(struct h5 *file, const char *path, const struct study *study) {
  if (!study->fields) return OK;
  int64_t rows = 0;
  if (h5_exists(file, "/ensemble/0/field/step")) TRY(history_tables_rows(file, "/ensemble/0/field/step", &rows));
  int64_t *step = alloc_small(sizeof *step * (size_t)(rows + 1));
  int status = rows > 0 ? h5_read(file, "/ensemble/0/field/step", H5_INT64, 1, &rows, step) : OK;
  if (status == OK && (rows != study->times || memcmp(step, study->step, sizeof *step * (size_t)study->times) != 0))
    status = FAIL(USAGE,
                  "%s: has fields at different steps from the first run (%lld of them, %d expected); use the same "
                  "output.fields and let all runs finish",
                  path, (long long)rows, study->times);
  free(step);
  return status;
}

/* Networks are compared at equal steps, so a step must have the same time in all runs; with dt_power, in all runs with
 * networks of the same n. With dt: auto the times may differ. */
static int check_clock(const struct study *study, const struct study_slice *slice, const char *path) {
  const struct study_slice *first = study->slice;
  while (study->own_times && first < slice && first->n != slice->n) first++;
  if (first == slice) return OK;
  int64_t rows = 0, own = 0, *step = NULL, *own_step = NULL;
  double *time = NULL, *own_time = NULL;
  int status = study_slice_rows(study, first, &rows, &step, &time);
  if (status == OK) status = study_slice_rows(study, slice, &own, &own_step, &own_time);
  for (int64_t row = 0, at = 0; row < rows && status == OK; row++) {
    while (at < own && own_step[at] < step[row]) at++;
    if (at == own) break;
    if (own_step[at] == step[row] && fabs(own_time[at] - time[row]) > 1e-9 * time[row])
      status = FAIL(USAGE,
                    "%s: step %lld is at t = %g, in the first run at t = %g: with dt: auto only networks of one run "
                    "have their times in common; run all n in one ensemble, or give dt as a number",
                    path, (long long)step[row], own_time[at], time[row]);
  }
  free(step);
  free(own_step);
  free(time);
  free(own_time);
  return status;
}

/* Outputs are compared point by point, so all runs must have the same points. study_physics does not ensure this: it
 * ignores the seeds, which determine fixed sets. */
static int check_points(const struct study *study, struct h5 *file, const char *path, enum point_set set) {
  const int64_t count = study_set_points(study, set);
  const char *labels = set == POINTS_TEST ? "/test/y" : "/train/y";
  double *x = NULL, *y = NULL, *own_x = NULL, *own_y = NULL;
  int d = 0, own_d = 0;
  int64_t own = 0;
  int status = h5_exists(file, labels) ? history_tables_rows(file, labels, &own) : OK;
  bool same = own == count;
  if (status == OK && same && count > 0) {
    status = history_tables_points(study->file[0], set, &d, &x, &y);
    if (status == OK) status = history_tables_points(file, set, &own_d, &own_x, &own_y);
    same = status == OK && d == own_d && memcmp(x, own_x, sizeof *x * (size_t)(count * d)) == 0 &&
           memcmp(y, own_y, sizeof *y * (size_t)count) == 0;
  }
  free(x);
  free(y);
  free(own_x);
  free(own_y);
  if (status == OK && !same)
    status = FAIL(USAGE,
                  "%s: its %s points are not those of the first run, so outputs at these points cannot be compared: "
                  "give all runs the same data.%s",
                  path, set == POINTS_TEST ? "test" : "training", set == POINTS_TEST ? "test_seed" : "seed");
  return status;
}

/* The slices of the run are the last `members` slices of the study. */
static int check_same(const struct study *study, int members, const char *path) {
  const struct study_slice *slice = &study->slice[study->slices - members];
  for (int i = 0; i < members && (i == 0 || study->own_times); i++) TRY(check_clock(study, &slice[i], path));
  TRY(check_points(study, study->file[slice->run], path, POINTS_TEST));
  return check_points(study, study->file[slice->run], path, POINTS_TRAIN);
}

/* The properties of a run that are compared with those of other runs. physics must be equal in all runs; for the seeds,
 * see check_independent. */
struct identity {
  char *physics;
  uint64_t seed, data_seed;
  struct unit_import import;
};

static int read_source(struct h5 *file, const char *path, struct study_source *source) {
  int64_t rows = 0, *step = NULL;
  char *resolved = realpath(path, NULL);
  source->path = resolved ? resolved : strdup(path);
  const int status = history_tables_steps(file, "/ensemble/0/series/step", &rows, &step);
  source->step = status == OK && rows > 0 ? step[rows - 1] : 0;
  free(step);
  return status;
}

/* Returns whether a folder has a history, or a copy of the one before. */
static bool has_history(const char *folder) {
  static const char *const names[] = {"history.h5", "history.previous.h5"};
  bool found = false;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char path[PATH_BYTES];
    struct stat file;
    snprintf(path, sizeof path, "%s/%s", folder, names[i]);
    found |= stat(path, &file) == 0;
  }
  return found;
}

static int add_run(struct study *study, int run, const char *folder, struct identity *identity) {
  char path[PATH_BYTES];
  struct config *config = NULL;
  struct stat found;
  if (stat(folder, &found) != 0 && (errno == ENOENT || errno == ENOTDIR))
    return FAIL(USAGE, "%s: expected the folder of a run: %s", folder, strerror(errno));
  if (stat(folder, &found) == 0 && !S_ISDIR(found.st_mode))
    return FAIL(USAGE, "%s: expected the folder of a run, received %s", folder, foreign_file_name(folder));
  snprintf(path, sizeof path, "%s/history.h5", folder);
  history_file_mark(path, study->source[run].mark); /* first: a run in progress may replace the file meanwhile */
  int status = history_file_open(path, &study->file[run]);
  if (status != OK && !has_history(folder)) return FAIL(USAGE, "%s", error_text());
  TRY(status);
  status = read_source(study->file[run], path, &study->source[run]);
  if (status == OK) status = read_config(study->file[run], path, &config);
  if (status == OK) {
    identity[run] = (struct identity){study_physics(config), config->seed, config->data.seed, config->unit.import};
    if (run == 0) study->config = config_echo(config);
    if (run == 0)
      status = read_times(study->file[run], path, config, study);
    else if (strcmp(identity[0].physics, identity[run].physics) != 0)
      status =
          FAIL(USAGE,
               "%s: its input differs from the first run's in unit, target, loss, data, dynamics, ensemble.scale or "
               "run.precision; "
               "analyze such runs one at a time",
               path);
    else if (study->common_data && !study->all_points && identity[0].data_seed != identity[run].data_seed)
      status =
          FAIL(USAGE,
               "%s: its data.seed is %llu, that of the first run %llu; with data.shared all networks of a study use "
               "the same points: analyze such runs one at a time",
               path, (unsigned long long)identity[run].data_seed, (unsigned long long)identity[0].data_seed);
    else
      status = check_times(study->file[run], path, study);
  }
  study->second_moments &= h5_exists(study->file[run], "/ensemble/0/field/c2phi2") ||
                           h5_exists(study->file[run], "/ensemble/0/field/c2phi2_train");
  if (status == OK) status = add_slices(study, run, config);
  if (status == OK && run > 0) status = check_same(study, config->ensemble.members, path);
  config_free(config);
  return status;
}

static int by_n_then_run(const void *a, const void *b) {
  const struct study_slice *p = a, *q = b;
  if (p->n != q->n) return p->n < q->n ? -1 : 1;
  return p->run - q->run;
}

/* Checks that networks of the same n in runs a and b are independent. */
static int check_independent(const struct study *study, char *const *folder, const struct identity *identity, int a,
                             int b) {
  if (identity[a].seed == identity[b].seed)
    return FAIL(
        USAGE,
        "%s and %s hold networks of the same n with the same run.seed: they would count twice; give every run of "
        "a sweep its own seed or its own n",
        folder[a], folder[b]);
  if (*identity[a].import.checksum && strcmp(identity[a].import.checksum, identity[b].import.checksum) == 0)
    return FAIL(USAGE,
                "%s and %s start with the same particles of %s: they are not independent; make them data streams "
                "of one run (data.streams)",
                folder[a], folder[b], identity[a].import.path);
  if (!study->common_data && identity[a].data_seed == identity[b].data_seed)
    return FAIL(
        USAGE,
        "%s and %s hold networks of the same n whose data streams are the same, replica by replica: they are not "
        "independent; make them replicas of one run, or give each its own data.seed and all the same data.test_seed",
        folder[a], folder[b]);
  return OK;
}

/* Sorts the slices by n, numbers the sizes, and checks that slices of one size are independent. */
static int arrange(struct study *study, char *const *folder, const struct identity *identity) {
  qsort(study->slice, (size_t)study->slices, sizeof *study->slice, by_n_then_run);
  study->n = alloc_small(sizeof *study->n * (size_t)study->slices);
  study->replicas = alloc_small(sizeof *study->replicas * (size_t)study->slices);
  for (int i = 0; i < study->slices; i++) {
    struct study_slice *slice = &study->slice[i];
    for (int k = 0; k < i; k++)
      if (study->slice[k].n == slice->n)
        TRY(check_independent(study, folder, identity, study->slice[k].run, slice->run));
    if (i == 0 || study->slice[i - 1].n != slice->n) {
      study->n[study->sizes] = slice->n;
      study->replicas[study->sizes++] = 0;
    }
    slice->size = study->sizes - 1;
    slice->first = study->replicas[slice->size];
    study->replicas[slice->size] += slice->replicas;
  }
  return OK;
}

int study_open(int runs, char *const *folder, struct study **out) {
  struct study *study = calloc(1, sizeof *study);
  struct identity *identity = calloc((size_t)runs, sizeof *identity);
  if (!study || !identity) die("no memory for a study of %d runs", runs);
  study->runs = runs;
  study->file = alloc_small(sizeof *study->file * (size_t)runs);
  study->source = alloc_small(sizeof *study->source * (size_t)runs);
  for (int run = 0; run < runs; run++) {
    study->file[run] = NULL;
    study->source[run] = (struct study_source){0};
  }
  int status = OK;
  for (int run = 0; run < runs && status == OK; run++) status = add_run(study, run, folder[run], identity);
  if (status == OK) status = arrange(study, folder, identity);
  if (status == OK && study->own_times) status = study_own_times(study, TIMES_SHOWN);
  for (int run = 0; run < runs; run++) free(identity[run].physics);
  free(identity);
  if (status != OK) {
    study_free(study);
    return status;
  }
  *out = study;
  return OK;
}

void study_free(struct study *study) {
  if (!study) return;
  for (int run = 0; run < study->runs; run++) {
    h5_close(study->file[run]);
    free(study->source[run].path);
  }
  free(study->source);
  free(study->file);
  free(study->slice);
  free(study->n);
  free(study->replicas);
  free(study->step);
  free(study->time);
  free(study->size_step);
  free(study->size_row);
  free(study->size_time);
  free(study->config);
  free(study);
}
