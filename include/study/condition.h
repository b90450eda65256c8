/* expect: conditions that a study has to meet, for scripts: mckean analyze --expect.
 *
 *   NAME=SLOPE[+-TOL][@T]   the slope of NAME in n: its whole interval lies in SLOPE +- TOL (default: --tolerance)
 *   NAME=SLOPE~TOL[@T]      the slope itself does; the interval may reach beyond, but must be there
 *   NAME.p=P...             the same for p of the fit L + A n^-p of a loss; with P = 1 its chi^2 must not reject p = 1
 *                           at the level either
 *   NAME.heal=FACTOR        the lower end of max/end of n V_n is above FACTOR at every n
 *
 * @T: at that time; else at every recorded t > 0. What has no interval is not met. */
#ifndef MCKEAN_STUDY_CONDITION_H
#define MCKEAN_STUDY_CONDITION_H

#include <stdbool.h>
#include <stdio.h>

#include "fluctuations/healing.h"

enum condition_kind { CONDITION_SLOPE, CONDITION_POWER, CONDITION_HEAL };

struct condition {
  const char *text; /* as given, not owned */
  char name[32];
  enum condition_kind kind;
  double value, tolerance, time; /* tolerance, time NAN: not given */
  bool whole;                    /* the whole interval counts */
};

/* Local. USAGE: the syntax, or (condition_check_names) an unknown quantity or time, with those known. */
int condition_parse(const char *text, struct condition *expect);
int condition_check_names(int count, const struct condition *expect, const struct healing *heal);

/* Prints a line for each expectation and time (or n); returns how many are not met. */
int condition_print(int count, const struct condition *expect, const struct healing *heal, FILE *out);

#endif
