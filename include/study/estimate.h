/* estimate: a value with its confidence interval. All functions are local. */
#ifndef MCKEAN_STUDY_ESTIMATE_H
#define MCKEAN_STUDY_ESTIMATE_H

#include <math.h>
#include <stdio.h>

/* NAN where the data are not sufficient: for all three numbers, or for the interval. */
struct estimate {
  double value, low, high;
};
#define ESTIMATE_NONE ((struct estimate){NAN, NAN, NAN})

/* "value [low, high]" times a factor; "value" without an interval, "-" without a value. */
enum { ESTIMATE_BYTES = 96 };
void estimate_text(struct estimate estimate, double factor, char text[ESTIMATE_BYTES]);

/* Prints two spaces and this text, padded to a width. */
void estimate_print(FILE *out, int width, struct estimate estimate, double factor);

#endif
