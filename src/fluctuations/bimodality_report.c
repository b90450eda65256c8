/* Warnings and arrays of results from fluctuations/bimodality.h. */
#include "base/error.h"
#include "fluctuations/bimodality.h"

static void find(const void *state, struct findings *findings) {
  const struct bimodality *bimodality = state;
  const struct study *study = bimodality->study;
  for (int time = 0; time < study->times; time++)
    for (int size = 0; size < study->sizes; size++) {
      const int cell = time * study->sizes + size;
      const double relative = bimodality->relative[cell], coefficient = bimodality->bimodality[cell];
      if (!(relative > BIMODALITY_RELATIVE && coefficient > BIMODALITY_LIMIT)) continue;
      struct finding finding = FINDING(FINDING_WARNING, "bimodality", "replicas form two groups");
      finding.n = study->n[size];
      finding.t = study_time(study, time, size);
      finding.estimate.value = coefficient;
      findings_add(
          findings, finding,
          "sd/mean of %s %.2f, bimodality %.2f, excess kurtosis %.1f; some replicas have left a saddle, others have "
          "not: V_n is O(1) there, which does not contradict the CLT",
          study->loss_column, relative, coefficient, bimodality->kurtosis[cell]);
    }
}

static void add_results(const void *state, struct results *results) {
  const struct bimodality *bimodality = state;
  const struct study *study = bimodality->study;
  const int64_t shape[] = {study->times, study->sizes};
  results_group(results, "spread");
  results_dimensions(results, "times", "n");
  results_units(results, "1");
  results_words(results, "column", 1, &study->loss_column);
  results_add(results, "relative", "sd over replicas / mean of the loss", 2, shape, bimodality->relative);
  results_add(results, "kurtosis", "excess kurtosis of log loss over replicas", 2, shape, bimodality->kurtosis);
  results_add(results, "bimodality", "Sarle's bimodality coefficient of log loss over replicas", 2, shape,
              bimodality->bimodality);
}

static int create(struct analysis_input *input, void **state) {
  struct bimodality *bimodality = NULL;
  TRY(bimodality_create(input->study, &bimodality));
  *state = bimodality;
  return OK;
}

static void release(void *state) {
  bimodality_free(state);
}

const struct analysis bimodality_analysis = {
    .name = "bimodality", .create = create, .free = release, .findings = find, .results = add_results};
