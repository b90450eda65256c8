/* coincidence: points and labels that differ in a file and are equal in 32-bit arithmetic. */
#ifndef MCKEAN_DATA_COINCIDENCE_H
#define MCKEAN_DATA_COINCIDENCE_H

#include <stdbool.h>
#include <stdint.h>

struct coincidence {
  int64_t distinct; /* rows with different values */
  int64_t kept;     /* of these, rows that still differ when each value is rounded to 32 bits */
};

/* Counts the rows of values [rows][d]. Local; sorts the rows, and needs memory for one integer per row. */
struct coincidence coincidence_count(const double *values, int64_t rows, int d);

/* Returns whether rounding loses more than chance explains: any point with d > 1; one value in ten with d = 1, because
 * some of many random numbers always agree in 24 bits. Local. */
bool coincidence_matters(const struct coincidence *coincidence, int d);

#endif
