/* step_stability: whether dt stayed below the stability limit in the runs of a study, and whether losses rose, as
 * recorded in their histories (store/history.h). There is a warning for each size of a run in which dt exceeded the
 * limit by more than the error of the estimate, and for each in which a loss rose by more than noise allows. Histories
 * of older programs have no estimates; their losses are still checked. */
#ifndef MCKEAN_FLUCTUATIONS_STEP_STABILITY_H
#define MCKEAN_FLUCTUATIONS_STEP_STABILITY_H

#include "log/summary.h"
#include "study/analysis.h"

struct step_stability {
  int sizes; /* of all runs: networks of equal n in different runs count separately */
  struct summary_stability *size;
};

/* Local. FAILED: a history cannot be read. */
int step_stability_create(const struct study *study, struct step_stability **stability);
void step_stability_free(struct step_stability *stability); /* accepts NULL */

/* Adds warnings and named arrays; prints no table. */
extern const struct analysis step_stability_analysis;

#endif
