/* Arithmetic is in double. Stored numbers are float or double: each rule is inlined once for each size. */
#include "dynamics/update_isa.h"

#include <math.h>

#include "base/portable_exp.h"
#include "base/vector.h"
#include "particles/number.h"

#define INLINE static inline __attribute__((always_inline))

/* x - rate g, rounded once at the levels that have FMA. The compiler would contract such an expression in some places
 * and not in others; rules that must agree need the same operation. */
INLINE double descend(double x, double rate, double g) {
  return VECTOR_FUSED ? __builtin_fma(-rate, g, x) : x - rate * g;
}

/* ---- euler: theta <- R(theta - rate g), R the retraction ---- */

INLINE void euler_rows(size_t stored, const struct tile_step *step) {
  const void *restrict tile = step->tile;
  double *restrict grad = step->grad;
  const double rate = step->rate;
  for (int row = 0; row < tile_rows(step->d); row++) {
    if (!(step->train & tile_row_bit(row))) continue;
    for (int i = row * TILE; i < (row + 1) * TILE; i++)
      grad[i] = descend(number_get(stored, tile, (size_t)i), rate, grad[i]);
  }
}

static void euler(const struct tile_step *step) {
  if (step->stored == sizeof(float))
    euler_rows(sizeof(float), step);
  else
    euler_rows(sizeof(double), step);
  step->kernel->retract(step->d, step->train, step->grad, step->tile);
}

/* ---- momentum: m <- mu m - rate g, theta <- R(theta + m); on the sphere m is then projected at the new theta ---- */

INLINE void momentum_rows(size_t stored, const struct tile_step *step) {
  void *restrict m = step->rule_tile[0];
  const void *restrict tile = step->tile;
  double *restrict grad = step->grad;
  const double mu = step->spec->mu, rate = step->rate;
  for (int row = 0; row < tile_rows(step->d); row++) {
    if (!(step->train & tile_row_bit(row))) continue;
    for (int i = row * TILE; i < (row + 1) * TILE; i++) {
      const double last = mu * number_get(stored, m, (size_t)i);
      number_put(stored, m, (size_t)i, descend(last, rate, grad[i]));
      grad[i] = descend(number_get(stored, tile, (size_t)i) + last, rate, grad[i]); /* the bits of euler if mu = 0 */
    }
  }
}

/* Projects m, a tangent vector at the old theta, onto the tangent space at the new theta. */
INLINE void transport(size_t stored, const struct tile_step *step) {
  double *restrict grad = step->grad;
  for (int i = 0; i < tile_rows(step->d) * TILE; i++) grad[i] = number_get(stored, step->rule_tile[0], (size_t)i);
  step->kernel->project(step->d, step->tile, grad);
  for (int i = 0; i < tile_rows(step->d) * TILE; i++) number_put(stored, step->rule_tile[0], (size_t)i, grad[i]);
}

static void momentum(const struct tile_step *step) {
  const bool single = step->stored == sizeof(float);
  if (single)
    momentum_rows(sizeof(float), step);
  else
    momentum_rows(sizeof(double), step);
  step->kernel->retract(step->d, step->train, step->grad, step->tile);
  if (single)
    transport(sizeof(float), step);
  else
    transport(sizeof(double), step);
}

/* ---- baoab: the last half kick of the previous step and the first of this one; then friction, noise, theta ---- */

INLINE void kick(size_t stored, const struct tile_step *step, double decay) {
  void *restrict v = step->rule_tile[0];
  double *restrict grad = step->grad;
  const double rate = (step->last_rate + step->rate) / 2;
  for (int row = 0; row < tile_rows(step->d); row++) {
    if (!(step->train & tile_row_bit(row))) continue;
    for (int i = row * TILE; i < (row + 1) * TILE; i++) {
      const double kicked = descend(number_get(stored, v, (size_t)i), rate, grad[i]);
      number_put(stored, v, (size_t)i, kicked);
      grad[i] = decay * kicked;
    }
  }
}

/* Moves theta by dt times the mean of the velocity before (v) and after (grad) friction and noise. */
INLINE void drift(size_t stored, const struct tile_step *step) {
  void *restrict v = step->rule_tile[0], *restrict tile = step->tile;
  const double *restrict grad = step->grad;
  const double half = step->move->dt / 2;
  for (int row = 0; row < tile_rows(step->d); row++) {
    if (!(step->train & tile_row_bit(row))) continue;
    for (int i = row * TILE; i < (row + 1) * TILE; i++) {
      const double before = number_get(stored, v, (size_t)i);
      number_put(stored, tile, (size_t)i, number_get(stored, tile, (size_t)i) + half * (before + grad[i]));
      number_put(stored, v, (size_t)i, grad[i]);
    }
  }
}

static void baoab(const struct tile_step *step) {
  const bool single = step->stored == sizeof(float);
  const double decay = portable_exp(-step->spec->gamma * step->move->dt);
  if (single)
    kick(sizeof(float), step, decay);
  else
    kick(sizeof(double), step, decay);
  if (step->move->tau > 0) {
    noise_add(&step->noise, sqrt(step->move->tau * (1 - decay) * (1 + decay)), step->grad);
    update_clear(step->d, step->used, step->grad);
  }
  if (single)
    drift(sizeof(float), step);
  else
    drift(sizeof(double), step);
}

/* leimkuhler_matthews differs from euler only in its noise, which is part of the gradient. */
update_row ISA_NAME(update_table) = {
    [UPDATE_EULER] = euler, [UPDATE_MOMENTUM] = momentum, [UPDATE_LEIMKUHLER_MATTHEWS] = euler, [UPDATE_BAOAB] = baoab};
