/* Arithmetic is in double, for stored numbers of either size: each rule is inlined once per size. */
#include "dynamics/update_isa.h"

#include "particles/number.h"

#define INLINE static inline __attribute__((always_inline))

/* FOR_TRAINED(step, i): every number i of the tile's rows that belongs to a trained field. */
static inline unsigned row_bit(int row) {
  return row == ROW_C ? FIELD_BIT_C : row == ROW_B ? FIELD_BIT_B : FIELD_BIT_A;
}

/* ---- euler: theta <- R(theta - rate g), R the retraction ---- */

INLINE void euler_rows(size_t stored, const struct tile_step *step) {
  const void *restrict tile = step->tile;
  double *restrict grad = step->grad;
  const double rate = step->rate;
  for (int row = 0; row < tile_rows(step->d); row++)
    for (int i = row * TILE; i < (row + 1) * TILE && step->train & row_bit(row); i++)
      grad[i] = number_get(stored, tile, (size_t)i) - rate * grad[i];
}

static void euler(const struct tile_step *step) {
  if (step->stored == sizeof(float))
    euler_rows(sizeof(float), step);
  else
    euler_rows(sizeof(double), step);
  step->kernel->retract(step->d, step->train, step->grad, step->tile);
}

#define ISA_PASTE_(prefix, level) prefix##level
#define ISA_PASTE(prefix, level)  ISA_PASTE_(prefix, level)

update_row ISA_PASTE(update_table_, KERNEL_ISA) = {[UPDATE_EULER] = euler};
