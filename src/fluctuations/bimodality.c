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

int bimodality_create(const struct study *study, struct bimodality **bimodality) {
  const size_t cells = (size_t)(study->times * study->sizes);
  struct bimodality *found = alloc_small(sizeof *found);
  *found = (struct bimodality){.study = study};
  found->relative = alloc_small(sizeof(double) * cells);
  found->kurtosis = alloc_small(sizeof(double) * cells);
  found->bimodality = alloc_small(sizeof(double) * cells);
  int status = OK;
  for (int s = 0; s < study->sizes && status == OK; s++) {
    double *loss = alloc_small(sizeof *loss * (size_t)study->replicas[s]);
    for (int time = 0; time < study->times && status == OK; time++) {
      const int cell = time * study->sizes + s;
      status = study_series(study, s, time, study->loss_column, loss);
      if (status == OK)
        bimodality_of(study->replicas[s], loss, &found->relative[cell], &found->kurtosis[cell],
                      &found->bimodality[cell]);
    }
    free(loss);
  }
  if (status != OK) {
    bimodality_free(found);
    return status;
  }
  *bimodality = found;
  return OK;
}

void bimodality_free(struct bimodality *bimodality) {
  if (!bimodality) return;
  free(bimodality->relative);
  free(bimodality->kurtosis);
  free(bimodality->bimodality);
  free(bimodality);
}
