/* dry_run_stability: dt of the stages to come, compared with the stability limit. Private to src/forecast. */
#ifndef MCKEAN_FORECAST_DRY_RUN_STABILITY_H
#define MCKEAN_FORECAST_DRY_RUN_STABILITY_H

#include "forecast/dry_run.h"

/* Sets stability and sizes of plan, which needs its first step and its pilot run. lambda is the last one in the history
 * of the run to resume or, for a new run and for a history without estimates, that of the pilot run. The limits are
 * those of the batches, the loss, the update rule and the ridge of each stage. Local, for rank 0. */
void dry_run_stability(struct dry_run *plan, const struct dataset *data);

#endif
