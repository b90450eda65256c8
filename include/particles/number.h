/* number: reads and writes floating-point numbers of 4 bytes (float) or 8 bytes (double) when the size is known only at
 * run time.
 *
 * Parameters are stored as float or double, and kernels compute in float or double (enum precision,
 * particles/kernel.h). Code outside the kernels reads and writes such numbers with these two functions. */
#ifndef MCKEAN_PARTICLES_NUMBER_H
#define MCKEAN_PARTICLES_NUMBER_H

#include <stddef.h>

/* Local. Returns element i of an array whose elements have `size` bytes. */
static inline double number_get(size_t size, const void *array, size_t i) {
  return size == sizeof(float) ? (double)((const float *)array)[i] : ((const double *)array)[i];
}

/* Local. Rounds value to a number of `size` bytes and stores it as element i of the array. */
static inline void number_put(size_t size, void *array, size_t i, double value) {
  if (size == sizeof(float))
    ((float *)array)[i] = (float)value;
  else
    ((double *)array)[i] = value;
}

#endif
