/* condition: what the results of an analysis must satisfy, for scripts: mckean analyze --expect. All functions are
 * local.
 *
 * A kind of condition is a row {name, syntax, parse, quantity, judge} of the analysis that judges it
 * (study/analysis.h). These rows form one table, and condition_parse reads all of them:
 *
 *   NAME=SLOPE[+-TOL][@T]   the whole interval of the slope of NAME in n lies in SLOPE +- TOL (default: --tolerance)
 *   NAME=SLOPE~TOL[@T]      the slope itself lies in SLOPE +- TOL; its interval must exist, and may extend further
 *   NAME.p=P...             the same for p of the fit L + A n^-p of a loss; if P is 1, its chi^2 must not reject p = 1
 *   NAME.heal=FACTOR        the lower end of max/end of n V_n is above FACTOR at every n
 *   clt[@T]                 at every n the fluctuations pass the tests of the central limit theorem
 *
 * @T selects a recorded time; the default is every recorded t > 0, for clt every time that is tested. An estimate
 * without an interval does not meet a condition. */
#ifndef MCKEAN_STUDY_CONDITION_H
#define MCKEAN_STUDY_CONDITION_H

#include <stdbool.h>

#include "study/findings.h"
#include "study/study.h"

struct condition {
  const char *text; /* as given, not owned */
  const struct condition_kind *kind;
  char name[40];                 /* "V", "loss.p", "V.heal", "clt" */
  char quantity[32];             /* "V", "loss"; "" for a kind without quantities */
  double value, tolerance, time; /* NAN: not given */
  bool whole;                    /* the whole interval counts, not the value alone */
};

struct condition_kind {
  const char *name;   /* how the text before "=" or "@" ends: "", ".p", ".heal"; or all of it, where quantity is NULL */
  const char *syntax; /* for messages */
  bool (*parse)(const char *text, struct condition *condition); /* what follows the name; false: syntax error */
  const char *(*quantity)(const void *state, int i);            /* name i of the quantities it accepts; NULL: no more */
  void (*judge)(const void *state, const struct condition *condition, /* adds a FINDING_CONDITION for each time or n */
                struct findings *findings);
};

/* Readers for the member parse: "=VALUE[+-TOL|~TOL][@T]", "=VALUE", "[@T]". */
bool condition_read_interval(const char *text, struct condition *condition);
bool condition_read_value(const char *text, struct condition *condition);
bool condition_read_time(const char *text, struct condition *condition);

/* Parses a condition of one of these kinds. USAGE: a syntax error. */
int condition_parse(const char *text, int kinds, const struct condition_kind *const *kind, struct condition *condition);

/* Checks that an analysis has the quantity and that the study recorded the time. USAGE: one is missing; the message
 * lists those that exist. */
int condition_check(const struct condition *condition, const void *state, const struct study *study);

/* Returns whether a condition applies at a time. */
bool condition_applies(const struct condition *condition, double time);

/* Returns whether the interval lies in value +- tolerance or, unless whole, whether the value of an estimate that has
 * an interval does. */
bool condition_within(const struct condition *condition, const struct estimate *estimate, double tolerance);

/* The finding for a condition, met or not, for the caller to complete. */
struct finding condition_finding(const struct condition *condition, bool met);

#endif
