/* estimate: a value with its confidence interval. All functions are local. */
#ifndef MCKEAN_STUDY_ESTIMATE_H
#define MCKEAN_STUDY_ESTIMATE_H

#include <math.h>
#include <stdio.h>

/* If the data do not suffice, the interval or all three numbers are NAN. */
struct estimate {
  double value, low, high;
};
#define ESTIMATE_NONE ((struct estimate){NAN, NAN, NAN})

/* text = "value [low, high]", each number times factor; "value" if there is no interval. A number that is not finite is
 * "-". digits: significant ones (GENERAL), or those after the point (FIXED). estimate_text: GENERAL, 4. */
enum { ESTIMATE_BYTES = 120 };
enum estimate_format { ESTIMATE_GENERAL, ESTIMATE_FIXED };
void estimate_write(struct estimate estimate, double factor, enum estimate_format format, int digits,
                    char text[ESTIMATE_BYTES]);
void estimate_text(struct estimate estimate, double factor, char text[ESTIMATE_BYTES]);

/* Prints two spaces and the text of estimate_text, padded to `width` characters. */
void estimate_print(FILE *out, int width, struct estimate estimate, double factor);

#endif
