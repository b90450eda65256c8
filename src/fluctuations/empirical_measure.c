#include "fluctuations/empirical_measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/rng.h"
#include "config/config.h"
#include "empirical_measure_estimate.h"
#include "io/h5.h"
#include "parallel/dist_matrix.h"
#include "store/checkpoint.h"

enum { L = EMPIRICAL_MEASURE_OBSERVABLES, KINDS = 3 /* of fields: c, b, a */ };

/* Data shared by the computations at all times. */
struct work {
  const struct comm *comm;
  const struct study *study;
  char *const *folder;
  struct dist_grid grid;
  struct config *config;
  int d;
  bool biased;      /* the units have a field b */
  struct h5 **file; /* [runs]: the checkpoints of the current time */
  double **weight;  /* [sizes]: fluctuations_weights */
};

/* ---- reading units ---- */

/* Fields of a network: c [n], b [n] or NULL, a [n][d]. */
struct units {
  int64_t n;
  double *field[KINDS];
};

static void units_free(struct units *units) {
  for (int kind = 0; kind < KINDS; kind++) free(units->field[kind]);
}

static int read_field(const struct work *work, int run, int member, int64_t row, const char *name, int rank,
                      struct units *units, double **values) {
  char dataset[64];
  int seen;
  int64_t shape[H5_RANK_MAX];
  snprintf(dataset, sizeof dataset, "/ensemble/%d/%s", member, name);
  TRY(h5_shape(work->file[run], dataset, &seen, shape));
  if (seen != rank || shape[1] != units->n || (rank == 3 && shape[2] != work->d))
    return FAIL(FAILED, "%s: %s of a checkpoint has a different shape from that in the history", work->folder[run],
                dataset);
  TRY(alloc_array((void **)values, units->n * (rank == 3 ? work->d : 1), sizeof **values, "units of a network"));
  return h5_read_rows(work->file[run], dataset, H5_DOUBLE, rank, shape, row, 1, *values);
}

/* Reads the first network of initial condition i of a size. The caller frees units, also after a failure. */
static int read_units(const struct work *work, int size, int64_t i, struct units *units) {
  int run, member;
  int64_t row;
  *units = (struct units){.n = work->study->n[size]};
  study_locate(work->study, size, i * work->study->streams, &run, &member, &row);
  TRY(read_field(work, run, member, row, "c", 2, units, &units->field[0]));
  if (work->biased) TRY(read_field(work, run, member, row, "b", 2, units, &units->field[1]));
  return read_field(work, run, member, row, "a", 3, units, &units->field[2]);
}

/* Collective. Calls use(context, i, units) for each initial condition i of a size, each on one rank only. */
static int each_network(const struct work *work, int size,
                        void (*use)(void *context, int64_t i, const struct units *units), void *context) {
  int status = OK;
  for (int64_t i = work->comm->rank; i < study_initials(work->study, size) && status == OK; i += work->comm->size) {
    struct units units;
    status = read_units(work, size, i, &units);
    if (status == OK) use(context, i, &units);
    units_free(&units);
  }
  return comm_agree(work->comm, status);
}

/* ---- observables ---- */

struct scatter {
  int d;
  double sum[KINDS][3]; /* number of values, their sum, the sum of their squares */
};

static void add_scatter(void *context, int64_t i, const struct units *units) {
  struct scatter *scatter = context;
  (void)i;
  for (int kind = 0; kind < KINDS; kind++)
    for (int64_t j = 0; j < units->n * (kind == 2 ? scatter->d : 1) && units->field[kind]; j++) {
      const double value = units->field[kind][j];
      scatter->sum[kind][0] += 1;
      scatter->sum[kind][1] += value;
      scatter->sum[kind][2] += value * value;
    }
}

/* Collective. scale [KINDS] = standard deviations of the fields in the networks of the largest n; 1 for a field that is
 * constant or missing. */
static int find_scale(const struct work *work, double *scale) {
  struct scatter scatter = {.d = work->d};
  TRY(each_network(work, work->study->sizes - 1, add_scatter, &scatter));
  dist_grid_sum(&work->grid, 3 * KINDS, scatter.sum[0]);
  for (int kind = 0; kind < KINDS; kind++) {
    const double *sum = scatter.sum[kind], mean = sum[1] / sum[0];
    const double square = sum[2] / sum[0] - mean * mean;
    scale[kind] = square > 0 ? sqrt(square) : 1;
  }
  return OK;
}

/* psi, square [initials][L]: <psi_l>_n and <psi_l^2>_n of each network. */
struct means {
  const struct empirical_measure *measure;
  const double *scale;
  int d;
  double *psi, *square;
};

static void add_means(void *context, int64_t i, const struct units *units) {
  const struct means *means = context;
  const int D = means->measure->components, d = means->d;
  double *frequency = alloc_small(sizeof *frequency * (size_t)(L * D)), *psi = means->psi + i * L,
         *square = means->square + i * L;
  for (int l = 0; l < L; l++)
    for (int k = 0; k < D; k++)
      frequency[l * D + k] = means->measure->frequency[l * D + k] / means->scale[k == 0 ? 0 : k < D - d ? 1 : 2];
  for (int64_t j = 0; j < units->n; j++)
    for (int l = 0; l < L; l++) {
      const double *w = frequency + l * D, *a = units->field[2] + j * d;
      double s = means->measure->phase[l] + w[0] * units->field[0][j];
      if (units->field[1]) s += w[1] * units->field[1][j];
      for (int k = 0; k < d; k++) s += w[D - d + k] * a[k];
      const double value = sqrt(2) * cos(s);
      psi[l] += value;
      square[l] += value * value;
    }
  for (int l = 0; l < L; l++) {
    psi[l] /= (double)units->n;
    square[l] /= (double)units->n;
  }
  free(frequency);
}

static void draw_observables(struct empirical_measure *measure) {
  const struct rng normal = {.seed = measure->options.seed, .stream = RNG_OBSERVABLES},
                   uniform = {.seed = measure->options.seed, .stream = RNG_OBSERVABLES, .step = 1};
  const int D = measure->components;
  measure->frequency = alloc_small(sizeof(double) * (size_t)(L * D));
  measure->phase = alloc_small(sizeof(double) * L);
  for (int l = 0; l < L; l++) rng_normal(&normal, (uint64_t)l, D, measure->frequency + l * D);
  for (int i = 0; i < L * D; i++) measure->frequency[i] /= sqrt(D);
  rng_uniform(&uniform, 0, L, measure->phase);
  for (int l = 0; l < L; l++) measure->phase[l] *= 2 * M_PI;
}

/* ---- times ---- */

static int fill_time(const struct work *work, const struct empirical_measure *measure,
                     struct empirical_measure_time *time) {
  const struct study *study = work->study;
  double *psi[ENSEMBLE_MAX] = {NULL}, *square[ENSEMBLE_MAX] = {NULL};
  int status = find_scale(work, time->scale);
  for (int s = 0; s < study->sizes && status == OK; s++) {
    const int64_t count = study_initials(study, s) * L;
    status = alloc_array((void **)&psi[s], count, sizeof(double), "observables");
    if (status == OK) status = alloc_array((void **)&square[s], count, sizeof(double), "observables");
    status = comm_agree(work->comm, status);
    if (status != OK) break;
    memset(psi[s], 0, sizeof(double) * (size_t)count);
    memset(square[s], 0, sizeof(double) * (size_t)count);
    struct means means = {measure, time->scale, work->d, psi[s], square[s]};
    status = each_network(work, s, add_means, &means);
    if (status != OK) break;
    dist_grid_sum(&work->grid, count, psi[s]);
    dist_grid_sum(&work->grid, count, square[s]);
  }
  if (status == OK)
    status = comm_agree(work->comm, empirical_measure_estimate(measure, work->weight, psi, square, time));
  for (int s = 0; s < study->sizes; s++) {
    free(psi[s]);
    free(square[s]);
  }
  return status;
}

static char *path_of(const struct work *work, int run, int64_t step) {
  char *folder;
  if (asprintf(&folder, "%s/checkpoints", work->folder[run]) < 0) die("no memory");
  char *path = checkpoint_path(folder, step);
  free(folder);
  return path;
}

/* Collective. Returns whether all runs have a checkpoint of this step, as seen by rank 0. */
static bool is_kept(const struct work *work, int64_t step) {
  bool kept = true;
  for (int run = 0; run < work->study->runs && work->comm->rank == 0; run++) {
    char *path = path_of(work, run, step);
    kept &= access(path, R_OK) == 0;
    free(path);
  }
  return !comm_any(work->comm, !kept);
}

/* Sets t of the sizes whose first replica is in this run. */
static void set_times(const struct study *study, int run, const struct checkpoint_info *info,
                      struct empirical_measure_time *time) {
  for (int s = 0; s < study->sizes; s++) {
    int own, member;
    int64_t index;
    study_locate(study, s, 0, &own, &member, &index);
    if (own == run) time->size[s].time = checkpoint_time(info, member);
  }
}

static int measure_time(struct work *work, const struct empirical_measure *measure,
                        struct empirical_measure_time *time) {
  const int runs = work->study->runs;
  int status = OK;
  for (int run = 0; run < runs; run++) work->file[run] = NULL;
  for (int run = 0; run < runs && status == OK; run++) {
    char *path = path_of(work, run, time->step);
    struct checkpoint_info info;
    status = checkpoint_verify(work->comm, path, &info);
    if (status == OK) {
      set_times(work->study, run, &info, time);
      checkpoint_info_free(&info);
      status = comm_agree(work->comm, h5_open(path, false, &work->file[run]));
    }
    free(path);
  }
  time->time = time->size[0].time;
  for (int s = 1; s < work->study->sizes; s++)
    if (fabs(time->size[s].time - time->time) > 1e-9 * time->time) time->time = NAN;
  if (status == OK) status = fill_time(work, measure, time);
  for (int run = 0; run < runs; run++) h5_close(work->file[run]);
  return status;
}

static int measure_times(struct work *work, struct empirical_measure *measure) {
  const struct study *study = work->study;
  const struct steps *snapshots = &work->config->snapshots;
  for (int s = 0; s < study->sizes; s++)
    measure->few |= snapshots->count > 0 && study_initials(study, s) < FLUCTUATIONS_REPLICAS_MIN;
  if (measure->few) return OK;
  measure->time = calloc((size_t)snapshots->count + 1, sizeof *measure->time);
  if (!measure->time) die("no memory for %d snapshots", snapshots->count);
  for (int i = 0; i < snapshots->count; i++) {
    if (!is_kept(work, snapshots->step[i])) continue;
    struct empirical_measure_time *time = &measure->time[measure->times++];
    time->step = snapshots->step[i];
    time->size = calloc((size_t)study->sizes, sizeof *time->size);
    if (!time->size) die("no memory for %d sizes", study->sizes);
    TRY(measure_time(work, measure, time));
  }
  return OK;
}

/* Finds d. For a target from a file, the input does not state d, and the training points determine it. */
static int find_dimension(struct work *work) {
  double *x = NULL, *y = NULL;
  work->d = work->config->target.d;
  const int status = work->d > 0 ? OK : study_points(work->study, POINTS_TRAIN, &work->d, &x, &y);
  free(x);
  free(y);
  return status;
}

static int prepare(struct work *work, const struct empirical_measure *measure) {
  const struct study *study = work->study;
  const int B = measure->options.bootstrap;
  work->file = alloc_small(sizeof(struct h5 *) * (size_t)study->runs);
  work->weight = calloc((size_t)study->sizes, sizeof *work->weight);
  if (!work->weight) die("no memory for %d sizes", study->sizes);
  for (int s = 0; s < study->sizes; s++) {
    const int64_t R = study_initials(study, s);
    TRY(alloc_array((void **)&work->weight[s], B * R, sizeof(double), "bootstrap weights"));
    fluctuations_weights(measure->options.seed, study_resampling(study, s), B, R, work->weight[s]);
  }
  TRY(config_parse("the first run", study->config, &work->config));
  work->biased = unit_table[work->config->unit.type].manifold != MANIFOLD_SPHERE;
  return find_dimension(work);
}

int empirical_measure_create(const struct comm *comm, const struct study *study, char *const *folder,
                             const struct analysis_options *options, struct empirical_measure **out) {
  struct empirical_measure *measure = calloc(1, sizeof *measure);
  if (!measure) die("no memory for observables");
  *measure = (struct empirical_measure){.study = study, .options = *options};
  *out = measure;
  struct work work = {.comm = comm, .study = study, .folder = folder};
  dist_grid_create(comm, &work.grid);
  int status = comm_agree(comm, prepare(&work, measure));
  if (status == OK) {
    measure->components = 1 + work.biased + work.d;
    draw_observables(measure);
    status = measure_times(&work, measure);
  }
  for (int s = 0; s < study->sizes && work.weight; s++) free(work.weight[s]);
  free(work.weight);
  free(work.file);
  config_free(work.config);
  dist_grid_free(&work.grid);
  return status;
}

void empirical_measure_free(struct empirical_measure *measure) {
  if (!measure) return;
  for (int i = 0; i < measure->times; i++) free(measure->time[i].size);
  free(measure->time);
  free(measure->frequency);
  free(measure->phase);
  free(measure);
}
