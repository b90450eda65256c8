#include "fluctuations/loss_decay.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

const double loss_decay_fractions[LOSS_DECAY_FRACTIONS] = {0.8, 0.5, 0.2, 0.1, 0.05};

double loss_decay_crossing(int64_t rows, const double *time, const double *curve, double threshold) {
  for (int64_t row = 0; row < rows; row++) {
    if (!(curve[row] <= threshold)) continue;
    if (row == 0) return time[0];
    const double fraction = log(curve[row - 1] / threshold) / log(curve[row - 1] / curve[row]);
    return time[row - 1] + fraction * (time[row] - time[row - 1]);
  }
  return NAN;
}

static const double *times_of(const struct loss_decay *decay, int size) {
  return decay->time + (int64_t)size * decay->rows;
}

/* Loss curves of one size: one per initial condition, averaged over its streams, and their mean. */
struct curves {
  int64_t initials;
  double *own;    /* [rows][initials] */
  double *mean;   /* [rows] */
  double *weight; /* [B][initials] */
};

static int read_curves(const struct loss_decay *decay, const int64_t *step, int size, struct curves *curves) {
  const struct fluctuations *fluctuations = decay->fluctuations;
  const struct study *study = fluctuations->study;
  const int64_t replicas = study->replicas[size], streams = study->streams;
  const size_t B = (size_t)fluctuations->options.bootstrap;
  curves->initials = replicas / streams;
  TRY(alloc_array((void **)&curves->own, decay->rows * replicas, sizeof(double), "the curves of all replicas"));
  curves->mean = alloc_small(sizeof(double) * (size_t)decay->rows);
  curves->weight = alloc_small(sizeof(double) * B * (size_t)curves->initials);
  fluctuations_weights(fluctuations->options.seed, study_resampling(study, size), (int)B, curves->initials,
                       curves->weight);
  TRY(study_curves(study, size, decay->column, decay->rows, step, curves->own));
  for (int64_t i = 0; i < decay->rows * curves->initials; i++) { /* in place, since i <= i * streams */
    double sum = 0;
    for (int64_t q = 0; q < streams; q++) sum += curves->own[i * streams + q];
    curves->own[i] = sum / (double)streams;
  }
  for (int64_t row = 0; row < decay->rows; row++) {
    curves->mean[row] = 0;
    for (int64_t i = 0; i < curves->initials; i++)
      curves->mean[row] += curves->own[row * curves->initials + i] / (double)curves->initials;
  }
  return OK;
}

/* Sets resampled [LOSS_DECAY_FRACTIONS][sizes][B] of one size: times at which the mean curve of each bootstrap sample
 * first falls to each threshold [LOSS_DECAY_FRACTIONS]. */
static void resample(const struct loss_decay *decay, const struct curves *curves, const double *threshold, int size,
                     double *resampled) {
  enum { AT_ONCE = 32 };
  const int B = decay->fluctuations->options.bootstrap, R = (int)curves->initials, T = (int)decay->rows;
  const int sizes = decay->fluctuations->study->sizes;
  double *mean = alloc_small(sizeof *mean * AT_ONCE * (size_t)T);
  for (int first = 0; first < B; first += AT_ONCE) {
    const int count = B - first < AT_ONCE ? B - first : AT_ONCE;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, count, T, R, 1.0 / R,
                curves->weight + (size_t)first * (size_t)R, R, curves->own, R, 0, mean, T);
    for (int b = 0; b < count; b++)
      for (int i = 0; i < LOSS_DECAY_FRACTIONS; i++)
        resampled[(size_t)(i * sizes + size) * (size_t)B + (size_t)(first + b)] =
            loss_decay_crossing(T, times_of(decay, size), mean + (size_t)b * (size_t)T, threshold[i]);
  }
  free(mean);
}

/* Sets the slope of log time on log n, for the times at which the loss falls to a fraction. Uses only the sizes that
 * reach it. resampled [sizes][B]: times in bootstrap samples. */
static void estimate_slope(struct loss_decay *decay, int fraction, const double *resampled) {
  const struct fluctuations *fluctuations = decay->fluctuations;
  const int sizes = fluctuations->study->sizes;
  double value[ENSEMBLE_MAX];
  bool reached[ENSEMBLE_MAX];
  for (int s = 0; s < sizes; s++) {
    value[s] = decay->crossing[fraction * sizes + s].value;
    reached[s] = !isnan(value[s]);
  }
  decay->slope[fraction] = fluctuations_slope(fluctuations->study, &fluctuations->options, reached, value, resampled);
}

/* Finds the rows at which a size has the same t as the largest n. pair [rows][2]: the row of each. Returns the number
 * of pairs. */
static int64_t pair_rows(const struct loss_decay *decay, int size, int64_t (*pair)[2]) {
  const double *own = times_of(decay, size), *reference = times_of(decay, decay->fluctuations->study->sizes - 1);
  int64_t count = 0;
  for (int64_t row = 0, at = 0; row < decay->rows; row++) {
    while (at < decay->rows && reference[at] < own[row] && !study_equal_times(reference[at], own[row])) at++;
    if (at == decay->rows || !study_equal_times(reference[at], own[row])) continue;
    pair[count][0] = row;
    pair[count++][1] = at;
  }
  return count;
}

/* Compares the curve of a size with that of the largest n. */
static void deviate(struct loss_decay *decay, const struct curves *curves, int size) {
  const struct fluctuations *fluctuations = decay->fluctuations;
  const int last = fluctuations->study->sizes - 1, B = fluctuations->options.bootstrap;
  const struct curves *own = &curves[size], *reference = &curves[last];
  decay->deviation[size] = ESTIMATE_NONE;
  decay->deviation_time[size] = decay->leaves[size] = NAN;
  if (size == last) return;
  int64_t(*pair)[2] = alloc_small(sizeof *pair * (size_t)decay->rows);
  const int64_t pairs = pair_rows(decay, size, pair);
  int64_t top[2] = {0, 0}, left = pairs;
  for (int64_t i = 0; i < pairs; i++)
    if (fabs(own->mean[pair[i][0]] - reference->mean[pair[i][1]]) > fabs(own->mean[top[0]] - reference->mean[top[1]]))
      memcpy(top, pair[i], sizeof top);
  while (left > 0 && fabs(own->mean[pair[left - 1][0]] / reference->mean[pair[left - 1][1]] - 1) > LOSS_DECAY_LEAVES)
    left--;
  if (left < pairs) decay->leaves[size] = times_of(decay, size)[pair[left][0]];
  free(pair);
  if (pairs < 2) return; /* all have t = 0 in common */
  double *resampled = alloc_small(sizeof *resampled * 2 * (size_t)B);
  fluctuations_mean(own->initials, own->own + top[0] * own->initials, B, own->weight, resampled);
  fluctuations_mean(reference->initials, reference->own + top[1] * reference->initials, B, reference->weight,
                    resampled + B);
  const double own_mean = own->mean[top[0]], reference_mean = reference->mean[top[1]];
  const double sign = own_mean > reference_mean ? 1 : -1, start = reference->mean[0];
  for (int b = 0; b < B; b++) resampled[b] = sign * (resampled[b] - resampled[B + b]) / start;
  const int64_t fewest = own->initials < reference->initials ? own->initials : reference->initials;
  decay->deviation_time[size] = times_of(decay, size)[top[0]];
  decay->deviation[size] = fluctuations_interval(INTERVAL_SIGNED, sign * (own_mean - reference_mean) / start, B,
                                                 resampled, fewest, fluctuations->options.level);
  free(resampled);
}

static int estimate(struct loss_decay *decay, const struct curves *curves) {
  const struct fluctuations *fluctuations = decay->fluctuations;
  const int sizes = fluctuations->study->sizes;
  const size_t B = (size_t)fluctuations->options.bootstrap;
  double threshold[LOSS_DECAY_FRACTIONS], *resampled, *scratch;
  TRY(alloc_array((void **)&resampled, LOSS_DECAY_FRACTIONS * sizes * (int64_t)B, sizeof *resampled,
                  "bootstrap times"));
  scratch = alloc_small(sizeof *scratch * B);
  for (int i = 0; i < LOSS_DECAY_FRACTIONS; i++) threshold[i] = loss_decay_fractions[i] * curves[sizes - 1].mean[0];
  for (int s = 0; s < sizes; s++) {
    resample(decay, &curves[s], threshold, s, resampled);
    deviate(decay, curves, s);
    for (int i = 0; i < LOSS_DECAY_FRACTIONS; i++) {
      memcpy(scratch, resampled + (size_t)(i * sizes + s) * B, sizeof *scratch * B);
      decay->crossing[i * sizes + s] = fluctuations_interval(
          INTERVAL_POSITIVE, loss_decay_crossing(decay->rows, times_of(decay, s), curves[s].mean, threshold[i]), (int)B,
          scratch, curves[s].initials, fluctuations->options.level);
    }
  }
  for (int i = 0; i < LOSS_DECAY_FRACTIONS; i++) estimate_slope(decay, i, resampled + (size_t)(i * sizes) * B);
  free(scratch);
  free(resampled);
  return OK;
}

static int compare(struct loss_decay *decay, const int64_t *step) {
  const size_t sizes = (size_t)decay->fluctuations->study->sizes;
  struct curves curves[ENSEMBLE_MAX] = {{0}};
  decay->crossing = alloc_small(sizeof *decay->crossing * LOSS_DECAY_FRACTIONS * sizes);
  decay->slope = alloc_small(sizeof *decay->slope * LOSS_DECAY_FRACTIONS);
  decay->deviation = alloc_small(sizeof *decay->deviation * sizes);
  decay->deviation_time = alloc_small(sizeof *decay->deviation_time * sizes);
  decay->leaves = alloc_small(sizeof *decay->leaves * sizes);
  int status = OK;
  for (size_t s = 0; s < sizes && status == OK; s++) status = read_curves(decay, step, (int)s, &curves[s]);
  if (status == OK) status = estimate(decay, curves);
  for (size_t s = 0; s < sizes; s++) {
    free(curves[s].own);
    free(curves[s].mean);
    free(curves[s].weight);
  }
  return status;
}

static int read_times(struct loss_decay *decay, const int64_t *step) {
  const struct study *study = decay->fluctuations->study;
  TRY(alloc_array((void **)&decay->time, study->sizes * decay->rows, sizeof *decay->time, "times of the losses"));
  for (int s = 0; s < study->sizes; s++)
    TRY(study_row_times(study, s, decay->rows, step, decay->time + s * decay->rows));
  return OK;
}

int loss_decay_create(const struct fluctuations *fluctuations, struct loss_decay **result) {
  const struct study *study = fluctuations->study;
  struct loss_decay *decay = calloc(1, sizeof *decay);
  int64_t *step;
  if (!decay) die("no memory for decay times");
  decay->fluctuations = fluctuations;
  int status = study_rows(study, &decay->rows, &step);
  if (status == OK) status = read_times(decay, step);
  if (status == OK && study->sizes > 1 && decay->rows > 2) {
    decay->column = study->loss_column;
    status = compare(decay, step);
  }
  free(step);
  if (status != OK) {
    loss_decay_free(decay);
    return status;
  }
  *result = decay;
  return OK;
}

void loss_decay_free(struct loss_decay *decay) {
  if (!decay) return;
  free(decay->time);
  free(decay->crossing);
  free(decay->slope);
  free(decay->deviation);
  free(decay->deviation_time);
  free(decay->leaves);
  free(decay);
}
