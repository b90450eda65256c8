/* analyses: the analyses of `mckean analyze`, in the order in which they are computed, printed and written.
 *
 * To add an analysis: write X.c, which computes it, and X_report.c, which prints it and ends with `const struct
 * analysis X_analysis` (study/analysis.h). Declare X_analysis in X.h, add a row to analyses_table in analyses.c, adjust
 * ANALYSES, and add X to the table in CONTRIBUTING.md. The tables, verdicts, conditions (--expect) and results of X
 * then appear in the printed output and in the result files. */
#ifndef MCKEAN_CLI_ANALYSES_H
#define MCKEAN_CLI_ANALYSES_H

#include "study/analysis.h"

enum { ANALYSES = 9 };
extern const struct analysis *const analyses_table[ANALYSES];

/* Local. Parses a condition (--expect), which may belong to any analysis. *condition is overwritten and points to text,
 * which must outlive it. USAGE: no analysis has such a condition, or its syntax is wrong. */
int analyses_condition(const char *text, struct condition *condition);

/* Local. Returns whether a condition belongs to this analysis. */
bool analyses_judges(const struct analysis *analysis, const struct condition *condition);

#endif
