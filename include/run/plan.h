/* plan: what a run would need, for --dry-run. */
#ifndef MCKEAN_RUN_PLAN_H
#define MCKEAN_RUN_PLAN_H

#include "base/comm.h"
#include "model/data.h"
#include "run/config.h"
#include "run/report.h"

/* Local. Writes steps, pairs, memory and bytes per checkpoint, from the input and its data alone, to the report. */
void plan_report(const struct comm *comm, const struct config *config, const struct data *data, struct report *report);

#endif
