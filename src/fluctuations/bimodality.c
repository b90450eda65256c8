#include "fluctuations/bimodality.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"

void bimodality_of(int64_t count, const double *loss, double *relative, double *kurtosis, double *bimodality) {
  *relative = *kurtosis = *bimodality = NAN;
  if (count < BIMODALITY_REPLICAS_MIN) return;
  const size_t R = (size_t)count;
  const double degrees = (double)(count - 1), pairs = (double)((count - 2) * (count - 3));
  double *log_loss = alloc_small(sizeof *log_loss * R);
  for (size_t r = 0; r < R; r++) log_loss[r] = log(loss[r]);
  *relative = gsl_stats_sd(loss, 1, R) / gsl_stats_mean(loss, 1, R);
  const double g = gsl_stats_skew(log_loss, 1, R);
  *kurtosis = gsl_stats_kurtosis(log_loss, 1, R);
  *bimodality = (g * g + 1) / (*kurtosis + 3 * degrees * degrees / pairs);
  free(log_loss);
}

int bimodality_create(const struct study *study, struct bimodality **out) {
  const size_t cells = (size_t)(study->times * study->sizes);
  struct bimodality *spread = alloc_small(sizeof *spread);
  *spread = (struct bimodality){.study = study, .column = !study->whole && study->tests > 0 ? "test_loss" : "loss"};
  spread->relative = alloc_small(sizeof(double) * cells);
  spread->kurtosis = alloc_small(sizeof(double) * cells);
  spread->bimodality = alloc_small(sizeof(double) * cells);
  int status = OK;
  for (int s = 0; s < study->sizes && status == OK; s++) {
    double *loss = alloc_small(sizeof *loss * (size_t)study->replicas[s]);
    for (int time = 0; time < study->times && status == OK; time++) {
      const int cell = time * study->sizes + s;
      status = study_series(study, s, time, spread->column, loss);
      if (status == OK)
        bimodality_of(study->replicas[s], loss, &spread->relative[cell], &spread->kurtosis[cell],
                      &spread->bimodality[cell]);
    }
    free(loss);
  }
  if (status != OK) {
    bimodality_free(spread);
    return status;
  }
  *out = spread;
  return OK;
}

void bimodality_free(struct bimodality *spread) {
  if (!spread) return;
  free(spread->relative);
  free(spread->kurtosis);
  free(spread->bimodality);
  free(spread);
}

void bimodality_print_warnings(const struct bimodality *spread, FILE *out) {
  const struct study *study = spread->study;
  for (int time = 0; time < study->times; time++) {
    bool any = false;
    for (int s = 0; s < study->sizes; s++) {
      const int cell = time * study->sizes + s;
      if (!(spread->relative[cell] > BIMODALITY_RELATIVE && spread->bimodality[cell] > BIMODALITY_LIMIT)) continue;
      if (any)
        fprintf(out, "; ");
      else
        fprintf(out, "WARNING t = %g, replicas stand in different places: ", study->time[time]);
      fprintf(out, "n = %lld sd/mean of %s %.2f, bimodality %.2f, excess kurtosis %.1f", (long long)study->n[s],
              spread->column, spread->relative[cell], spread->bimodality[cell], spread->kurtosis[cell]);
      any = true;
    }
    if (any)
      fprintf(out, ". Some have left a saddle, others have not: V_n is O(1) there, do not read it as a failure of the "
                   "CLT\n");
  }
}

void bimodality_results(const struct bimodality *spread, struct results *results) {
  const int64_t shape[] = {spread->study->times, spread->study->sizes};
  results_words(results, "spread/column", 1, &spread->column);
  results_add(results, "spread/relative", "sd over replicas / mean of the loss", 2, shape, spread->relative);
  results_add(results, "spread/kurtosis", "excess kurtosis of log loss over replicas", 2, shape, spread->kurtosis);
  results_add(results, "spread/bimodality", "Sarle's bimodality coefficient of log loss over replicas", 2, shape,
              spread->bimodality);
}
