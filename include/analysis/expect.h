/* expect: conditions that a study has to meet, for scripts: mckean analyze --expect.
 *
 *   NAME=SLOPE[+-TOL][@T]   the slope of NAME in n: its whole interval lies in SLOPE +- TOL (default: --tolerance)
 *   NAME=SLOPE~TOL[@T]      the slope itself does; the interval may reach beyond, but must be there
 *   NAME.p=P...             the same for p of the fit L + A n^-p of a loss; with P = 1 its chi^2 must not reject p = 1
 *                           at the level either
 *   NAME.heal=FACTOR        the lower end of max/end of n V_n is above FACTOR at every n
 *
 * @T: at that time; else at every recorded t > 0. What has no interval is not met. */
#ifndef MCKEAN_ANALYSIS_EXPECT_H
#define MCKEAN_ANALYSIS_EXPECT_H

#include <stdbool.h>
#include <stdio.h>

#include "analysis/heal.h"

enum expect_kind { EXPECT_SLOPE, EXPECT_POWER, EXPECT_HEAL };

struct expect {
  const char *text; /* as given, not owned */
  char name[32];
  enum expect_kind kind;
  double value, tolerance, time; /* tolerance, time NAN: not given */
  bool whole;                    /* the whole interval counts */
};

/* Local. USAGE: the syntax, or (expect_check_names) an unknown quantity or time, with those known. */
int expect_parse(const char *text, struct expect *expect);
int expect_check_names(int count, const struct expect *expect, const struct heal *heal);

/* Prints a line for each expectation and time (or n); returns how many are not met. */
int expect_print(int count, const struct expect *expect, const struct heal *heal, FILE *out);

#endif
