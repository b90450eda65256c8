#include "fluctuations/loss_decay.h"

#include <cblas.h>
#include <gsl/gsl_fit.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "study/verdict.h"

const double loss_decay_fractions[LOSS_DECAY_FRACTIONS] = {0.8, 0.5, 0.2, 0.1, 0.05};
#define LEFT 0.1 /* relative distance at which a curve has left */

double loss_decay_crossing(int64_t rows, const double *time, const double *curve, double level) {
  for (int64_t row = 0; row < rows; row++) {
    if (!(curve[row] <= level)) continue;
    if (row == 0) return time[0];
    const double part = log(curve[row - 1] / level) / log(curve[row - 1] / curve[row]);
    return time[row - 1] + part * (time[row] - time[row - 1]);
  }
  return NAN;
}

/* Curves of one size: replicas, averaged over the streams of each initial condition, and their mean. */
struct curves {
  int64_t initials;
  double *own;    /* [rows][initials] */
  double *mean;   /* [rows] */
  double *weight; /* [B][initials] */
};

static int read_curves(const struct loss_decay *rate, const int64_t *step, int size, struct curves *curves) {
  const struct fluctuations *fluct = rate->fluct;
  const struct study *study = fluct->study;
  const int64_t replicas = study->replicas[size], streams = study->streams;
  const size_t B = (size_t)fluct->options.bootstrap;
  curves->initials = replicas / streams;
  TRY(alloc_array((void **)&curves->own, rate->rows * replicas, sizeof(double), "the curves of all replicas"));
  curves->mean = alloc_small(sizeof(double) * (size_t)rate->rows);
  curves->weight = alloc_small(sizeof(double) * B * (size_t)curves->initials);
  fluctuations_weights(fluct->options.seed, (int)B, curves->initials, curves->weight);
  TRY(study_curves(study, size, rate->column, rate->rows, step, curves->own));
  for (int64_t i = 0; i < rate->rows * curves->initials; i++) { /* in place: i <= i streams */
    double sum = 0;
    for (int64_t q = 0; q < streams; q++) sum += curves->own[i * streams + q];
    curves->own[i] = sum / (double)streams;
  }
  for (int64_t row = 0; row < rate->rows; row++) {
    curves->mean[row] = 0;
    for (int64_t i = 0; i < curves->initials; i++)
      curves->mean[row] += curves->own[row * curves->initials + i] / (double)curves->initials;
  }
  return OK;
}

/* Times at which the mean over each resampling crosses the levels: boot [LOSS_DECAY_FRACTIONS][sizes][B], of this size. */
static void resample(const struct loss_decay *rate, const struct curves *curves, const double *level, int size,
                     double *boot) {
  enum { AT_ONCE = 32 };
  const int B = rate->fluct->options.bootstrap, R = (int)curves->initials, T = (int)rate->rows;
  const int sizes = rate->fluct->study->sizes;
  double *mean = alloc_small(sizeof *mean * AT_ONCE * (size_t)T);
  for (int first = 0; first < B; first += AT_ONCE) {
    const int count = B - first < AT_ONCE ? B - first : AT_ONCE;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, count, T, R, 1.0 / R,
                curves->weight + (size_t)first * (size_t)R, R, curves->own, R, 0, mean, T);
    for (int b = 0; b < count; b++)
      for (int i = 0; i < LOSS_DECAY_FRACTIONS; i++)
        boot[(size_t)(i * sizes + size) * (size_t)B + (size_t)(first + b)] =
            loss_decay_crossing(T, rate->at, mean + (size_t)b * (size_t)T, level[i]);
  }
  free(mean);
}

/* Slope of log time on log n over the sizes that get to a level; one sample of the bootstrap or, stride 1, the values.
 */
static double slope_of(const struct loss_decay *rate, int fraction, const double *time, size_t stride) {
  const struct study *study = rate->fluct->study;
  double x[ENSEMBLE_MAX], y[ENSEMBLE_MAX], intercept, slope, c00, c01, c11, squares;
  size_t count = 0;
  for (int s = 0; s < study->sizes; s++) {
    if (isnan(rate->time[fraction * study->sizes + s].value)) continue;
    x[count] = log((double)study->n[s]);
    y[count] = log(time[(size_t)s * stride]);
    if (!isfinite(y[count++])) return NAN;
  }
  if (count < 2) return NAN;
  gsl_fit_linear(x, 1, y, 1, count, &intercept, &slope, &c00, &c01, &c11, &squares);
  return slope;
}

static void estimate_slope(struct loss_decay *rate, int fraction, const double *boot) {
  const struct fluctuations *fluct = rate->fluct;
  const int sizes = fluct->study->sizes;
  const size_t B = (size_t)fluct->options.bootstrap;
  double value[ENSEMBLE_MAX], *slopes = alloc_small(sizeof *slopes * B);
  for (int s = 0; s < sizes; s++) value[s] = rate->time[fraction * sizes + s].value;
  for (size_t b = 0; b < B; b++) slopes[b] = slope_of(rate, fraction, boot + b, B);
  rate->slope[fraction] = fluctuations_interval(slope_of(rate, fraction, value, 1), (int)B, slopes,
                                                fluctuations_fewest(fluct), fluct->options.level, false);
  free(slopes);
}

/* The curve of a size against that of the largest n. */
static void deviate(struct loss_decay *rate, const struct curves *curves, int size) {
  const struct fluctuations *fluct = rate->fluct;
  const int last = fluct->study->sizes - 1, B = fluct->options.bootstrap;
  const struct curves *own = &curves[size], *reference = &curves[last];
  rate->deviation[size] = (struct estimate){NAN, NAN, NAN};
  rate->deviation_time[size] = rate->leaves[size] = NAN;
  if (size == last) return;
  int64_t top = 0, left = rate->rows;
  for (int64_t row = 0; row < rate->rows; row++)
    if (fabs(own->mean[row] - reference->mean[row]) > fabs(own->mean[top] - reference->mean[top])) top = row;
  while (left > 0 && fabs(own->mean[left - 1] / reference->mean[left - 1] - 1) > LEFT) left--;
  if (left < rate->rows) rate->leaves[size] = rate->at[left];
  double *boot = alloc_small(sizeof *boot * 2 * (size_t)B);
  fluctuations_mean(own->initials, own->own + top * own->initials, B, own->weight, boot);
  fluctuations_mean(reference->initials, reference->own + top * reference->initials, B, reference->weight, boot + B);
  const double sign = own->mean[top] > reference->mean[top] ? 1 : -1, start = reference->mean[0];
  for (int b = 0; b < B; b++) boot[b] = sign * (boot[b] - boot[B + b]) / start;
  const int64_t fewest = own->initials < reference->initials ? own->initials : reference->initials;
  rate->deviation_time[size] = rate->at[top];
  rate->deviation[size] = fluctuations_interval(sign * (own->mean[top] - reference->mean[top]) / start, B, boot, fewest,
                                                fluct->options.level, false);
  free(boot);
}

static int estimate(struct loss_decay *rate, const struct curves *curves) {
  const struct fluctuations *fluct = rate->fluct;
  const int sizes = fluct->study->sizes;
  const size_t B = (size_t)fluct->options.bootstrap;
  double level[LOSS_DECAY_FRACTIONS], *boot, *scratch;
  TRY(alloc_array((void **)&boot, LOSS_DECAY_FRACTIONS * sizes * (int64_t)B, sizeof *boot, "bootstrap times"));
  scratch = alloc_small(sizeof *scratch * B);
  for (int i = 0; i < LOSS_DECAY_FRACTIONS; i++) level[i] = loss_decay_fractions[i] * curves[sizes - 1].mean[0];
  for (int s = 0; s < sizes; s++) {
    resample(rate, &curves[s], level, s, boot);
    deviate(rate, curves, s);
    for (int i = 0; i < LOSS_DECAY_FRACTIONS; i++) {
      memcpy(scratch, boot + (size_t)(i * sizes + s) * B, sizeof *scratch * B);
      rate->time[i * sizes + s] =
          fluctuations_interval(loss_decay_crossing(rate->rows, rate->at, curves[s].mean, level[i]), (int)B, scratch,
                                curves[s].initials, fluct->options.level, true);
    }
  }
  for (int i = 0; i < LOSS_DECAY_FRACTIONS; i++) estimate_slope(rate, i, boot + (size_t)(i * sizes) * B);
  free(scratch);
  free(boot);
  return OK;
}

static int compare(struct loss_decay *rate, const int64_t *step) {
  const size_t sizes = (size_t)rate->fluct->study->sizes;
  struct curves curves[ENSEMBLE_MAX] = {{0}};
  rate->time = alloc_small(sizeof *rate->time * LOSS_DECAY_FRACTIONS * sizes);
  rate->slope = alloc_small(sizeof *rate->slope * LOSS_DECAY_FRACTIONS);
  rate->deviation = alloc_small(sizeof *rate->deviation * sizes);
  rate->deviation_time = alloc_small(sizeof *rate->deviation_time * sizes);
  rate->leaves = alloc_small(sizeof *rate->leaves * sizes);
  int status = OK;
  for (size_t s = 0; s < sizes && status == OK; s++) status = read_curves(rate, step, (int)s, &curves[s]);
  if (status == OK) status = estimate(rate, curves);
  for (size_t s = 0; s < sizes; s++) {
    free(curves[s].own);
    free(curves[s].mean);
    free(curves[s].weight);
  }
  return status;
}

int loss_decay_create(const struct fluctuations *fluct, struct loss_decay **out) {
  const struct study *study = fluct->study;
  struct loss_decay *rate = calloc(1, sizeof *rate);
  int64_t *step;
  if (!rate) die("no memory");
  rate->fluct = fluct;
  int status = study_rows(study, &rate->rows, &step, &rate->at);
  if (status == OK && study->sizes > 1 && rate->rows > 2) {
    rate->column = !study->whole && study->tests > 0 ? "test_loss" : "loss";
    status = compare(rate, step);
  }
  free(step);
  if (status != OK) {
    loss_decay_free(rate);
    return status;
  }
  *out = rate;
  return OK;
}

void loss_decay_free(struct loss_decay *rate) {
  if (!rate) return;
  free(rate->at);
  free(rate->time);
  free(rate->slope);
  free(rate->deviation);
  free(rate->deviation_time);
  free(rate->leaves);
  free(rate);
}

/* ---- tell ---- */

static bool any_reached(const struct loss_decay *rate, int fraction) {
  const int sizes = rate->fluct->study->sizes;
  for (int s = 0; s < sizes; s++)
    if (!isnan(rate->time[fraction * sizes + s].value)) return true;
  return false;
}

void loss_decay_print(const struct loss_decay *rate, FILE *out) {
  const struct study *study = rate->fluct->study;
  if (!rate->column) return;
  fprintf(out, "\nt at which the mean %s first falls to a fraction of that of n = %lld at the start\n%10s",
          rate->column, (long long)study->n[study->sizes - 1], "n");
  for (int i = 0; i < LOSS_DECAY_FRACTIONS; i++)
    if (any_reached(rate, i)) fprintf(out, "  %-24g", loss_decay_fractions[i]);
  fprintf(out, "  %-34s leaves (%g off)\n", "largest deviation, at t", LEFT);
  for (int s = 0; s < study->sizes; s++) {
    fprintf(out, "%10lld", (long long)study->n[s]);
    for (int i = 0; i < LOSS_DECAY_FRACTIONS; i++) {
      const struct estimate *time = &rate->time[i * study->sizes + s];
      char text[64] = "-";
      if (!isnan(time->value)) snprintf(text, sizeof text, "%.4g", time->value);
      if (!isnan(time->low)) snprintf(text, sizeof text, "%.4g [%.4g, %.4g]", time->value, time->low, time->high);
      if (any_reached(rate, i)) fprintf(out, "  %-24s", text);
    }
    const struct estimate *deviation = &rate->deviation[s];
    char text[96] = "-", leaves[32] = "-";
    if (!isnan(deviation->value))
      snprintf(text, sizeof text, "%.3g [%.3g, %.3g], %g", deviation->value, deviation->low, deviation->high,
               rate->deviation_time[s]);
    if (!isnan(rate->leaves[s])) snprintf(leaves, sizeof leaves, "%g", rate->leaves[s]);
    fprintf(out, "  %-34s %s\n", text, leaves);
  }
}

void loss_decay_print_verdicts(const struct loss_decay *rate, FILE *out) {
  for (int i = 0; rate->column && i < LOSS_DECAY_FRACTIONS; i++) {
    const struct estimate *slope = &rate->slope[i];
    if (isnan(slope->low)) continue;
    fprintf(out, "rate       slope of the time to %g of %s in n: %.3f [%.3f, %.3f]: %s\n", loss_decay_fractions[i],
            rate->column, slope->value, slope->low, slope->high,
            verdict_text(slope, 0, rate->fluct->options.tolerance));
  }
}

void loss_decay_results(const struct loss_decay *rate, struct results *results) {
  static const char *const time_names[] = {"time", "time_low", "time_high"};
  static const char *const slope_names[] = {"slope", "slope_low", "slope_high"};
  static const char *const deviation_names[] = {"deviation", "deviation_low", "deviation_high"};
  const int64_t sizes = rate->fluct->study->sizes, fractions = LOSS_DECAY_FRACTIONS, shape[] = {fractions, sizes};
  if (!rate->column) return;
  results_words(results, "rate/column", 1, &rate->column);
  results_add(results, "rate/fraction", "of the start of the largest n", 1, &fractions, loss_decay_fractions);
  results_estimates(results, "rate", time_names, "t at which the mean loss first falls to the fraction", 2, shape,
                    rate->time);
  results_estimates(results, "rate", slope_names, "slope of log time on log n, by theory 0", 1, &fractions,
                    rate->slope);
  results_estimates(results, "rate", deviation_names, "largest distance from the largest n over its start", 1, &sizes,
                    rate->deviation);
  results_add(results, "rate/deviation_time", "its time", 1, &sizes, rate->deviation_time);
  results_add(results, "rate/leaves", "t from which on the curve is 10 % off that of the largest n", 1, &sizes,
              rate->leaves);
}
