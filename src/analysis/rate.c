#include "analysis/rate.h"

#include <cblas.h>
#include <gsl/gsl_fit.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/verdict.h"
#include "base/status.h"

const double rate_fractions[RATE_FRACTIONS] = {0.8, 0.5, 0.2, 0.1, 0.05};
#define LEFT 0.1 /* relative distance at which a curve has left */

double rate_crossing(int64_t rows, const double *time, const double *curve, double level) {
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

static int read_curves(const struct rate *rate, const int64_t *step, int size, struct curves *curves) {
  const struct fluct *fluct = rate->fluct;
  const struct study *study = fluct->study;
  const int64_t replicas = study->replicas[size], streams = study->streams;
  const size_t B = (size_t)fluct->options.bootstrap;
  curves->initials = replicas / streams;
  TRY(status_array((void **)&curves->own, rate->rows * replicas, sizeof(double), "the curves of all replicas"));
  curves->mean = status_malloc(sizeof(double) * (size_t)rate->rows);
  curves->weight = status_malloc(sizeof(double) * B * (size_t)curves->initials);
  fluct_weights(fluct->options.seed, (int)B, curves->initials, curves->weight);
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

/* Times at which the mean over each resampling crosses the levels: boot [RATE_FRACTIONS][sizes][B], of this size. */
static void resample(const struct rate *rate, const struct curves *curves, const double *level, int size,
                     double *boot) {
  enum { AT_ONCE = 32 };
  const int B = rate->fluct->options.bootstrap, R = (int)curves->initials, T = (int)rate->rows;
  const int sizes = rate->fluct->study->sizes;
  double *mean = status_malloc(sizeof *mean * AT_ONCE * (size_t)T);
  for (int first = 0; first < B; first += AT_ONCE) {
    const int count = B - first < AT_ONCE ? B - first : AT_ONCE;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, count, T, R, 1.0 / R,
                curves->weight + (size_t)first * (size_t)R, R, curves->own, R, 0, mean, T);
    for (int b = 0; b < count; b++)
      for (int i = 0; i < RATE_FRACTIONS; i++)
        boot[(size_t)(i * sizes + size) * (size_t)B + (size_t)(first + b)] =
            rate_crossing(T, rate->at, mean + (size_t)b * (size_t)T, level[i]);
  }
  free(mean);
}

/* Slope of log time on log n over the sizes that get to a level; one sample of the bootstrap or, stride 1, the values.
 */
static double slope_of(const struct rate *rate, int fraction, const double *time, size_t stride) {
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

static void estimate_slope(struct rate *rate, int fraction, const double *boot) {
  const struct fluct *fluct = rate->fluct;
  const int sizes = fluct->study->sizes;
  const size_t B = (size_t)fluct->options.bootstrap;
  double value[ENSEMBLE_MAX], *slopes = status_malloc(sizeof *slopes * B);
  for (int s = 0; s < sizes; s++) value[s] = rate->time[fraction * sizes + s].value;
  for (size_t b = 0; b < B; b++) slopes[b] = slope_of(rate, fraction, boot + b, B);
  rate->slope[fraction] = fluct_interval(slope_of(rate, fraction, value, 1), (int)B, slopes, fluct_fewest(fluct),
                                         fluct->options.level, false);
  free(slopes);
}

/* The curve of a size against that of the largest n. */
static void deviate(struct rate *rate, const struct curves *curves, int size) {
  const struct fluct *fluct = rate->fluct;
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
  double *boot = status_malloc(sizeof *boot * 2 * (size_t)B);
  fluct_mean(own->initials, own->own + top * own->initials, B, own->weight, boot);
  fluct_mean(reference->initials, reference->own + top * reference->initials, B, reference->weight, boot + B);
  const double sign = own->mean[top] > reference->mean[top] ? 1 : -1, start = reference->mean[0];
  for (int b = 0; b < B; b++) boot[b] = sign * (boot[b] - boot[B + b]) / start;
  const int64_t fewest = own->initials < reference->initials ? own->initials : reference->initials;
  rate->deviation_time[size] = rate->at[top];
  rate->deviation[size] = fluct_interval(sign * (own->mean[top] - reference->mean[top]) / start, B, boot, fewest,
                                         fluct->options.level, false);
  free(boot);
}

static int estimate(struct rate *rate, const struct curves *curves) {
  const struct fluct *fluct = rate->fluct;
  const int sizes = fluct->study->sizes;
  const size_t B = (size_t)fluct->options.bootstrap;
  double level[RATE_FRACTIONS], *boot, *scratch;
  TRY(status_array((void **)&boot, RATE_FRACTIONS * sizes * (int64_t)B, sizeof *boot, "bootstrap times"));
  scratch = status_malloc(sizeof *scratch * B);
  for (int i = 0; i < RATE_FRACTIONS; i++) level[i] = rate_fractions[i] * curves[sizes - 1].mean[0];
  for (int s = 0; s < sizes; s++) {
    resample(rate, &curves[s], level, s, boot);
    deviate(rate, curves, s);
    for (int i = 0; i < RATE_FRACTIONS; i++) {
      memcpy(scratch, boot + (size_t)(i * sizes + s) * B, sizeof *scratch * B);
      rate->time[i * sizes + s] = fluct_interval(rate_crossing(rate->rows, rate->at, curves[s].mean, level[i]), (int)B,
                                                 scratch, curves[s].initials, fluct->options.level, true);
    }
  }
  for (int i = 0; i < RATE_FRACTIONS; i++) estimate_slope(rate, i, boot + (size_t)(i * sizes) * B);
  free(scratch);
  free(boot);
  return OK;
}

static int compare(struct rate *rate, const int64_t *step) {
  const size_t sizes = (size_t)rate->fluct->study->sizes;
  struct curves curves[ENSEMBLE_MAX] = {{0}};
  rate->time = status_malloc(sizeof *rate->time * RATE_FRACTIONS * sizes);
  rate->slope = status_malloc(sizeof *rate->slope * RATE_FRACTIONS);
  rate->deviation = status_malloc(sizeof *rate->deviation * sizes);
  rate->deviation_time = status_malloc(sizeof *rate->deviation_time * sizes);
  rate->leaves = status_malloc(sizeof *rate->leaves * sizes);
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

int rate_create(const struct fluct *fluct, struct rate **out) {
  const struct study *study = fluct->study;
  struct rate *rate = calloc(1, sizeof *rate);
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
    rate_free(rate);
    return status;
  }
  *out = rate;
  return OK;
}

void rate_free(struct rate *rate) {
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

static bool any_reached(const struct rate *rate, int fraction) {
  const int sizes = rate->fluct->study->sizes;
  for (int s = 0; s < sizes; s++)
    if (!isnan(rate->time[fraction * sizes + s].value)) return true;
  return false;
}

void rate_print(const struct rate *rate, FILE *out) {
  const struct study *study = rate->fluct->study;
  if (!rate->column) return;
  fprintf(out, "\nt at which the mean %s first falls to a fraction of that of n = %lld at the start\n%10s",
          rate->column, (long long)study->n[study->sizes - 1], "n");
  for (int i = 0; i < RATE_FRACTIONS; i++)
    if (any_reached(rate, i)) fprintf(out, "  %-24g", rate_fractions[i]);
  fprintf(out, "  %-34s leaves (%g off)\n", "largest deviation, at t", LEFT);
  for (int s = 0; s < study->sizes; s++) {
    fprintf(out, "%10lld", (long long)study->n[s]);
    for (int i = 0; i < RATE_FRACTIONS; i++) {
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

void rate_print_verdicts(const struct rate *rate, FILE *out) {
  for (int i = 0; rate->column && i < RATE_FRACTIONS; i++) {
    const struct estimate *slope = &rate->slope[i];
    if (isnan(slope->low)) continue;
    fprintf(out, "rate       slope of the time to %g of %s in n: %.3f [%.3f, %.3f]: %s\n", rate_fractions[i],
            rate->column, slope->value, slope->low, slope->high,
            verdict_text(slope, 0, rate->fluct->options.tolerance));
  }
}

void rate_results(const struct rate *rate, struct results *results) {
  static const char *const time_names[] = {"time", "time_low", "time_high"};
  static const char *const slope_names[] = {"slope", "slope_low", "slope_high"};
  static const char *const deviation_names[] = {"deviation", "deviation_low", "deviation_high"};
  const int64_t sizes = rate->fluct->study->sizes, fractions = RATE_FRACTIONS, shape[] = {fractions, sizes};
  if (!rate->column) return;
  results_words(results, "rate/column", 1, &rate->column);
  results_add(results, "rate/fraction", "of the start of the largest n", 1, &fractions, rate_fractions);
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
