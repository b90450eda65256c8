#include "cli/analyses.h"

#include "clt/clt_fields.h"
#include "clt/predicted.h"
#include "fluctuations/bimodality.h"
#include "fluctuations/empirical_measure.h"
#include "fluctuations/fluctuations.h"
#include "fluctuations/healing.h"
#include "fluctuations/loss_decay.h"
#include "fluctuations/plateau.h"
#include "fluctuations/step_stability.h"

const struct analysis *const analyses_table[ANALYSES] = {
    &fluctuations_analysis,   &predicted_analysis,  &healing_analysis,
    &loss_decay_analysis,     &plateau_analysis,    &bimodality_analysis,
    &step_stability_analysis, &clt_fields_analysis, &empirical_measure_analysis,
};

int analyses_condition(const char *text, struct condition *condition) {
  enum { KINDS_MAX = 32 };
  const struct condition_kind *kind[KINDS_MAX];
  int kinds = 0;
  for (int i = 0; i < ANALYSES; i++)
    for (int k = 0; k < analyses_table[i]->kinds && kinds < KINDS_MAX; k++) kind[kinds++] = &analyses_table[i]->kind[k];
  return condition_parse(text, kinds, kind, condition);
}

bool analyses_judges(const struct analysis *analysis, const struct condition *condition) {
  for (int k = 0; k < analysis->kinds; k++)
    if (&analysis->kind[k] == condition->kind) return true;
  return false;
}
