/* kernel_precision: the kernels that compute in float (DOUBLE 0) or in double (DOUBLE 1). A template: kernel_isa.c
 * includes it twice. */
#if DOUBLE
#define real          double
#define vreal         vdouble
#define vint          vint64
#define FN(name)      name##_double
#define ROUND_MAGIC   0x1.8p52
#define EXPONENT_BIAS 1023
#define MANTISSA_BITS 52
#define SIGN_BIT      INT64_MIN
#define EXP_LIMIT     708.0
#define ERF_LIMIT     8.3
#define LN2_HIGH      0x1.62e42feep-1
#define LN2_LOW       0x1.a39ef35793c76p-33
#define PI_HIGH       0x1.921fb544p+1
#define PI_MIDDLE     0x1.0b4611a6p-33
#define PI_LOW        0x1.3198a2e037073p-68
#else
#define real          float
#define vreal         vfloat
#define vint          vint32
#define FN(name)      name##_float
#define ROUND_MAGIC   0x1.8p23f
#define EXPONENT_BIAS 127
#define MANTISSA_BITS 23
#define SIGN_BIT      INT32_MIN
#define EXP_LIMIT     87.0
#define ERF_LIMIT     5.4
#if VECTOR_FUSED /* k * LN2_HIGH and k * PI_HIGH are not rounded before they are subtracted (unit_simd.h) */
#define LN2_HIGH  0x1.62e43p-1
#define LN2_LOW   0
#define PI_HIGH   0x1.921fb6p+1
#define PI_MIDDLE -0x1.777a5cp-24
#define PI_LOW    0
#else
#define LN2_HIGH  0x1.62e4p-1
#define LN2_LOW   1.428606820309417e-6
#define PI_HIGH   0x1.92p+1
#define PI_MIDDLE 0x1.fb4p-11
#define PI_LOW    0x1.4442d18469899p-23
#endif
#endif

#define W      ((int)(sizeof(vreal) / sizeof(real)))
#define STRIPS (TILE / (VECTORS * W))

#define SPLAT(value) ((real)(value) - (vreal){0}) /* minus: x - 0 = x for all x, so the compiler removes it */
#define SIGN         ((vint){0} + SIGN_BIT)

#include "kernel_loops.h"
#include "unit_simd.h"

/* clang-format off */
#define SPHERE 0
#define SLOPE_OF_H 1
#define UNIT sigmoid
#include "kernel_unit.h"
#define UNIT tanh
#include "kernel_unit.h"
#define UNIT relu
#include "kernel_unit.h"
#undef SLOPE_OF_H
#define SLOPE_OF_H 0
#define UNIT softplus
#include "kernel_unit.h"
#define UNIT erf
#include "kernel_unit.h"
#define UNIT cosine
#include "kernel_unit.h"
#define UNIT square
#include "kernel_unit.h"
#undef SPHERE
#undef SLOPE_OF_H
#define SPHERE 1
#define SLOPE_OF_H 1
#define UNIT rbf
#include "kernel_unit.h"
#undef SPHERE
#undef SLOPE_OF_H
/* clang-format on */

#undef real
#undef vreal
#undef vint
#undef FN
#undef ROUND_MAGIC
#undef EXPONENT_BIAS
#undef MANTISSA_BITS
#undef SIGN_BIT
#undef EXP_LIMIT
#undef LN2_HIGH
#undef LN2_LOW
#undef ERF_LIMIT
#undef PI_HIGH
#undef PI_MIDDLE
#undef PI_LOW
#undef POLY
#undef QUOTIENT
#undef W
#undef STRIPS
#undef SPLAT
#undef SIGN
