#include "tangent/symmetric.h"

#include <math.h>

/* Reflects rows and columns k+1 .. size-1 of a so that only the first of them keeps an element in row k. Returns this
 * element. v, p [size]: work space. */
static double reflect(int64_t size, int64_t k, double *a, double *v, double *p) {
  const double *row = a + k * size;
  double tail = 0;
  for (int64_t j = k + 2; j < size; j++) tail += row[j] * row[j];
  if (!(tail > 0)) return row[k + 1];
  const double norm = sqrt(tail + row[k + 1] * row[k + 1]), element = row[k + 1] > 0 ? -norm : norm;
  for (int64_t j = k + 1; j < size; j++) {
    v[j] = row[j];
    p[j] = 0;
  }
  v[k + 1] -= element;
  const double beta = 2 / (tail + v[k + 1] * v[k + 1]);
  for (int64_t i = k + 1; i < size; i++)
    for (int64_t j = k + 1; j < size; j++) p[j] += beta * v[i] * a[i * size + j];
  double along = 0;
  for (int64_t j = k + 1; j < size; j++) along += beta / 2 * v[j] * p[j];
  for (int64_t j = k + 1; j < size; j++) p[j] -= along * v[j];
  for (int64_t i = k + 1; i < size; i++)
    for (int64_t j = k + 1; j < size; j++) a[i * size + j] -= v[i] * p[j] + p[i] * v[j];
  return element;
}

/* Returns the number of eigenvalues below t of the tridiagonal matrix with the given diagonal [size] and squares of
 * off-diagonal elements [size-1]. tiny: replaces pivots of 0. */
static int64_t count_below(int64_t size, const double *diagonal, const double *square, double t, double tiny) {
  double pivot = 1;
  int64_t below = 0;
  for (int64_t j = 0; j < size; j++) {
    pivot = diagonal[j] - t - (j > 0 ? square[j - 1] / pivot : 0);
    if (fabs(pivot) < tiny) pivot = -tiny;
    below += pivot < 0;
  }
  return below;
}

void symmetric_eigenvalues(int64_t size, double *a, double *values, double *work) {
  double *diagonal = work, *square = work + size, bound = 0;
  for (int64_t k = 0; k < size; k++) {
    const double element = k + 1 < size ? reflect(size, k, a, work + 2 * size, work + 3 * size) : 0;
    diagonal[k] = a[k * size + k];
    square[k] = element * element;
    const double reach = fabs(diagonal[k]) + fabs(element) + (k > 0 ? sqrt(square[k - 1]) : 0);
    bound = reach > bound ? reach : bound; /* Gershgorin */
  }
  const double tiny = 0x1p-52 * 0x1p-52 * bound + 0x1p-1000;
  for (int64_t i = 0; i < size; i++) {
    double low = i > 0 ? values[i - 1] : -bound, high = bound;
    for (int halving = 0; halving < 60; halving++) {
      const double middle = low + (high - low) / 2;
      if (count_below(size, diagonal, square, middle, tiny) > i)
        high = middle;
      else
        low = middle;
    }
    values[i] = low + (high - low) / 2;
  }
}
