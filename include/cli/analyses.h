/* analyses: the analyses of `mckean analyze`, in the order in which they are computed, printed and written.
 *
 * To add one: write X.c, which computes it, and X_report.c, which prints it and ends with `const struct analysis
 * X_analysis` (study/analysis.h); declare that in X.h; add a row to analyses_table in analyses.c, and X to the table of
 * CONTRIBUTING.md. Its tables, verdicts, conditions (--expect) and results then appear in the output and the files. */
#ifndef MCKEAN_CLI_ANALYSES_H
#define MCKEAN_CLI_ANALYSES_H

#include "study/analysis.h"

enum { ANALYSES = 6 };
extern const struct analysis *const analyses_table[ANALYSES];

/* Local. Parses a condition of any analysis. USAGE: a syntax error. */
int analyses_condition(const char *text, struct condition *condition);

/* Local. Returns whether an analysis judges a condition. */
bool analyses_judges(const struct analysis *analysis, const struct condition *condition);

#endif
