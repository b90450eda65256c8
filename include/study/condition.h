/* condition: a statement that the results of an analysis must satisfy (`mckean analyze --expect`, for scripts). All
 * functions are local.
 *
 * A kind of condition is a row {name, syntax, parse, quantity, judge} of the analysis that judges it
 * (study/analysis.h). The rows of all analyses together define the syntax of --expect:
 *
 *   NAME=SLOPE[+-TOL][@T]   the whole interval of the slope of NAME in n lies in SLOPE +- TOL (default: --tolerance)
 *   NAME=SLOPE~TOL[@T]      the slope itself lies in SLOPE +- TOL; its interval must exist, and may be wider
 *   NAME.p=P...             the same for p of the fit L + A n^-p of a loss; if P is 1, chi^2 must not reject p = 1
 *   NAME.heal=FACTOR        the interval of max/end (fluctuations/healing.h) lies above FACTOR at every n
 *   NAME.decay=SLOPE...     the same for the slope in n of a loss over a window of t (fluctuations/plateau.h)
 *   NAME.width=HALF         the interval of that slope is narrower than +- HALF
 *   NAME.local              each local slope of the loss is compatible with the overall slope
 *   NAME.plateau=TOL        at every n the interval of the drift of the loss lies in 0 +- TOL
 *   NAME.predicted=HALF[@T]   the interval of n NAME of the largest n, divided by its prediction (clt/predicted.h),
 *                             contains 1 and is at most +- HALF; without @T at every time of the prediction
 *   clt[@T]                 at every n the fluctuations pass the tests of the central limit theorem
 *
 * @T selects a recorded time. Without @T, a condition on a slope or on p applies at every recorded t > 0, and clt at
 * every time that is tested. A condition on an estimate without an interval is not met. */
#ifndef MCKEAN_STUDY_CONDITION_H
#define MCKEAN_STUDY_CONDITION_H

#include <stdbool.h>

#include "study/findings.h"
#include "study/study.h"

struct condition {
  const char *text; /* as given; not owned, must outlive the condition */
  const struct condition_kind *kind;
  char name[40];                 /* "V", "loss.p", "V.heal", "clt" */
  char quantity[32];             /* "V", "loss"; "" if the kind has no quantities */
  double value, tolerance, time; /* NAN: not given */
  bool whole_interval;           /* the whole interval must be within the tolerance, not only the value */
};

struct condition_kind {
  const char *name;   /* suffix of the text before "=" or "@": "", ".p", ".heal"; the whole text if quantity is NULL */
  const char *syntax; /* as messages print it */
  bool (*parse)(const char *text, struct condition *condition); /* the text after the name; false: syntax error */
  const char *(*quantity)(const void *state, int i);            /* name of accepted quantity i; NULL after the last */
  void (*judge)(const void *state, const struct condition *condition, /* adds a FINDING_CONDITION per time or n */
                struct findings *findings);
};

/* Functions for the member parse. condition_read_interval reads "=VALUE[+-TOL|~TOL][@T]", condition_read_value reads
 * "=VALUE", and condition_read_time reads "[@T]". */
bool condition_read_interval(const char *text, struct condition *condition);
bool condition_read_value(const char *text, struct condition *condition);
bool condition_read_time(const char *text, struct condition *condition);

/* Parses a condition; kind [kinds]: the accepted kinds. USAGE: a syntax error; the message lists the syntaxes. */
int condition_parse(const char *text, int kinds, const struct condition_kind *const *kind, struct condition *condition);

/* Checks that the results of an analysis have the quantity and that the study has the time. Accepts every condition
 * without a quantity (clt). USAGE: the quantity or the time is missing; the message lists those that exist. */
int condition_check(const struct condition *condition, const void *state, const struct study *study);

/* Returns whether a condition applies at a recorded time: at T, or without @T at every time > 0. */
bool condition_applies(const struct condition *condition, double time);

/* Returns whether an estimate has an interval and lies in the condition's value +- tolerance: the interval if
 * whole_interval is set, otherwise the value. */
bool condition_within(const struct condition *condition, const struct estimate *estimate, double tolerance);

/* Returns the finding of a condition, met or not. The caller sets n, t, estimate and confidence. */
struct finding condition_finding(const struct condition *condition, bool met);

#endif
