/* kernel_isa: all kernels of one instruction-set level. The Makefile compiles this file once per level, with KERNEL_ISA
 * naming the level and the compiler's flags for it; what differs between levels is the width of a vector and the shape
 * of the register tile. */
#include <math.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

#include "base/arithmetic.h" /* refuses options of the compiler, also those of one level */
#include "kernel_table.h"
#include "unit_series.h"

#if defined __AVX512F__
enum { VECTOR_BYTES = 64, VECTORS = 4 };
#elif defined __AVX2__
enum { VECTOR_BYTES = 32, VECTORS = 2 };
#else
enum { VECTOR_BYTES = 16, VECTORS = 2 };
#endif
/* POINTS x VECTORS sums, VECTORS units and a point fill the registers; the weights of INNER points stay in L1; FIELDS x
 * VECTORS gradient sums are in registers at a time. */
enum { POINTS = 6, INNER = 48, FIELDS = 5, LINE = 64 /* bytes of the caches */ };

typedef float vfloat __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef int32_t vint32 __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef double vdouble __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef int64_t vlong __attribute__((vector_size(VECTOR_BYTES), may_alias));

/* Numbers below the normal ones become zero while a kernel runs: the tails of h' would otherwise make many of them, at
 * a hundred cycles each on some processors. */
#ifdef __SSE2__
static unsigned flush_subnormals(void) {
  const unsigned mode = _mm_getcsr();
  _mm_setcsr(mode | _MM_FLUSH_ZERO_ON | 0x0040 /* operands too */);
  return mode;
}
static void restore_subnormals(unsigned mode) {
  _mm_setcsr(mode);
}
#else
static unsigned flush_subnormals(void) {
  return 0;
}
static void restore_subnormals(unsigned mode) {
  (void)mode;
}
#endif

#define DOUBLE 0
#include "kernel_precision.h"
#undef DOUBLE
#define DOUBLE 1
#include "kernel_precision.h"
#undef DOUBLE

static void narrow(int d, const void *tile, void *real_tile) {
  const double *restrict from = tile;
  float *restrict to = real_tile;
  for (int i = 0; i < (d + FIELD_A) * TILE; i++) to[i] = (float)from[i];
}

/* ---- moves: `stored` bytes of a parameter, arithmetic in double; inlined once per stored type ---- */

#define INLINE static inline __attribute__((always_inline))

INLINE double get(size_t stored, const void *tile, int i) {
  return stored == sizeof(float) ? ((const float *)tile)[i] : ((const double *)tile)[i];
}

INLINE void put(size_t stored, void *tile, int i, double value) {
  if (stored == sizeof(float))
    ((float *)tile)[i] = (float)value;
  else
    ((double *)tile)[i] = value;
}

/* theta -= rate grad, lane by lane; adds grad^2 to square. */
INLINE void move_field(size_t stored, int field, const double *lane_rate, bool moving, const double *restrict grad,
                       void *restrict tile, double *restrict square) {
  for (int i = 0; i < TILE; i++) {
    const double g = grad[field * TILE + i];
    square[i] += g * g;
    if (moving) put(stored, tile, field * TILE + i, get(stored, tile, field * TILE + i) - lane_rate[i] * g);
  }
}

/* z moves on the sphere: along v = g - z (g.z)/d, then back to |z|^2 = d. */
INLINE void move_sphere(size_t stored, int d, const double *lane_rate, bool moving, const double *restrict grad,
                        void *restrict tile, double *restrict square) {
  double along[TILE] = {0}, norm[TILE] = {0}, back[TILE];
  for (int k = FIELD_A; k < d + FIELD_A; k++)
    for (int i = 0; i < TILE; i++) along[i] += grad[k * TILE + i] * get(stored, tile, k * TILE + i) / d;
  for (int k = FIELD_A; k < d + FIELD_A; k++)
    for (int i = 0; i < TILE; i++) {
      const double z = get(stored, tile, k * TILE + i), v = grad[k * TILE + i] - z * along[i];
      const double moved = z - lane_rate[i] * v;
      square[i] += v * v;
      norm[i] += moved * moved;
    }
  if (!moving) return;
  for (int i = 0; i < TILE; i++) back[i] = norm[i] > 0 ? sqrt(d / norm[i]) : 0; /* unused lanes: z = 0 */
  for (int k = FIELD_A; k < d + FIELD_A; k++)
    for (int i = 0; i < TILE; i++) {
      const double z = get(stored, tile, k * TILE + i), v = grad[k * TILE + i] - z * along[i];
      put(stored, tile, k * TILE + i, (z - lane_rate[i] * v) * back[i]);
    }
}

INLINE void move(size_t stored, bool sphere, int d, unsigned train, int units, double scale, double rate,
                 const double *grad, void *tile, double *square_out) {
  double lane_rate[TILE], square[TILE] = {0};
  const bool moving = rate > 0;
  for (int i = 0; i < TILE; i++) lane_rate[i] = i < units ? rate : 0;
  if (train & TRAIN_C) move_field(stored, FIELD_C, lane_rate, moving, grad, tile, square);
  if (train & TRAIN_B && !sphere) move_field(stored, FIELD_B, lane_rate, moving, grad, tile, square);
  if (train & TRAIN_A && sphere) move_sphere(stored, d, lane_rate, moving, grad, tile, square);
  for (int k = 0; train & TRAIN_A && !sphere && k < d; k++)
    move_field(stored, FIELD_A + k, lane_rate, moving, grad, tile, square);
  if (square_out)
    for (int i = 0; i < TILE; i++) square_out[i] = i < units ? scale * scale * square[i] : 0;
}

#define MOVE(name, stored, sphere)                                                                                     \
  static void name(int d, unsigned train, int units, double scale, double rate, const double *grad, void *tile,        \
                   double *square) {                                                                                   \
    move(stored, sphere, d, train, units, scale, rate, grad, tile, square);                                            \
  }
MOVE(move_float_0, sizeof(float), false)
MOVE(move_float_1, sizeof(float), true)
MOVE(move_double_0, sizeof(double), false)
MOVE(move_double_1, sizeof(double), true)

/* ---- the table ---- */

#define ISA_PASTE_(prefix, level) prefix##level
#define ISA_PASTE(prefix, level)  ISA_PASTE_(prefix, level)
#define ISA_portable              ISA_PORTABLE
#define ISA_v2                    ISA_V2
#define ISA_v3                    ISA_V3
#define ISA_v4                    ISA_V4
#define LEVEL                     ISA_PASTE(ISA_, KERNEL_ISA)

#define ROWS(row, name, sphere)                                                                                        \
  [row] = {[PRECISION_SINGLE] = {LEVEL, PRECISION_SINGLE, row, NULL, forward_float_##name, gradient_float_##name,      \
                                 along_float_##name, squares_float_##name, move_float_##sphere},                       \
           [PRECISION_MIXED] = {LEVEL, PRECISION_MIXED, row, narrow, forward_float_##name, gradient_float_##name,      \
                                along_float_##name, squares_float_##name, move_double_##sphere},                       \
           [PRECISION_DOUBLE] = {LEVEL, PRECISION_DOUBLE, row, NULL, forward_double_##name, gradient_double_##name,    \
                                 along_double_##name, squares_double_##name, move_double_##sphere}},

kernel_rows ISA_PASTE(kernel_table_, KERNEL_ISA) = {
    ROWS(UNIT_SIGMOID, sigmoid, 0) ROWS(UNIT_TANH, tanh, 0) ROWS(UNIT_RELU, relu, 0) ROWS(UNIT_SOFTPLUS, softplus, 0)
        ROWS(UNIT_ERF, erf, 0) ROWS(UNIT_COSINE, cosine, 0) ROWS(UNIT_RBF, rbf, 1)};
