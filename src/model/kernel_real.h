/* kernel_real: all of one arithmetic, float or double (DOUBLE 0 or 1); included twice by kernel_isa.c. Numbers of terms
 * are the least that reach the rounding of the arithmetic on the reduced ranges of unit_simd.h. */
#if DOUBLE
#define real           double
#define vreal          vdouble
#define vint           vlong
#define FN(name)       name##_double
#define ROUND_MAGIC    0x1.8p52
#define EXPONENT_BIAS  1023
#define MANTISSA_BITS  52
#define SIGN_BIT       INT64_MIN
#define EXP_LOWEST     -746
#define EXP_HIGHEST    710
#define EXP_TERMS      12
#define LN2_HIGH       0x1.62e42feep-1
#define LN2_LOW        0x1.a39ef35793c76p-33
#define REAL_HUGE      1.7e308
#define LOG_TERMS      11
#define TANH_LEVELS    8
#define ERF_SPLIT      4
#define ERF_TERMS      48
#define ERF_LEVELS     24
#define TURN_TERMS     8
#define QUARTER_HIGH   0x1.921fb544p0
#define QUARTER_MIDDLE 0x1.0b4611a6p-34
#define QUARTER_LOW    2.02226624879595063154e-21
#else
#define real           float
#define vreal          vfloat
#define vint           vint32
#define FN(name)       name##_float
#define ROUND_MAGIC    0x1.8p23f
#define EXPONENT_BIAS  127
#define MANTISSA_BITS  23
#define SIGN_BIT       INT32_MIN
#define EXP_LOWEST     -104
#define EXP_HIGHEST    89
#define EXP_TERMS      6
#define LN2_HIGH       0x1.62e4p-1
#define LN2_LOW        1.428606820309417e-6
#define REAL_HUGE      3.4e38
#define LOG_TERMS      5
#define TANH_LEVELS    4
#define ERF_SPLIT      3
#define ERF_TERMS      21
#define ERF_LEVELS     10
#define TURN_TERMS     5
#define QUARTER_HIGH   0x1.92p0
#define QUARTER_MIDDLE 0x1.fb4p-12
#define QUARTER_LOW    7.54978995489e-8
#endif

#define W     ((int)(sizeof(vreal) / sizeof(real)))
#define PARTS (TILE / (VECTORS * W))

/* 1/i!, highest first, down to 1/2!. */
static const double FN(exp_series)[EXP_TERMS] = {
#if DOUBLE
    1 / 6227020800.0, 1 / 479001600.0, 1 / 39916800.0, 1 / 3628800.0, 1 / 362880.0, 1 / 40320.0,
#endif
    1 / 5040.0,       1 / 720.0,       1 / 120.0,      1 / 24.0,      1 / 6.0,      1 / 2.0};
/* (-1)^k / (2k)! and (-1)^k / (2k + 1)!, highest first, down to k = 1. */
static const double FN(cos_series)[TURN_TERMS] = {
#if DOUBLE
    1 / 20922789888000.0, -1 / 87178291200.0, 1 / 479001600.0,
#endif
    -1 / 3628800.0,       1 / 40320.0,        -1 / 720.0,      1 / 24.0, -1 / 2.0};
static const double FN(sin_series)[TURN_TERMS] = {
#if DOUBLE
    1 / 355687428096000.0, -1 / 1307674368000.0, 1 / 6227020800.0,
#endif
    -1 / 39916800.0,       1 / 362880.0,         -1 / 5040.0,      1 / 120.0, -1 / 6.0};

#include "unit_simd.h"

/* clang-format off */
#define SPHERE 0
#define UNIT sigmoid
#include "kernel_body.h"
#define UNIT tanh
#include "kernel_body.h"
#define UNIT relu
#include "kernel_body.h"
#define UNIT softplus
#include "kernel_body.h"
#define UNIT erf
#include "kernel_body.h"
#define UNIT cosine
#include "kernel_body.h"
#undef SPHERE
#define SPHERE 1
#define UNIT rbf
#include "kernel_body.h"
#undef SPHERE
/* clang-format on */

#undef real
#undef vreal
#undef vint
#undef FN
#undef ROUND_MAGIC
#undef EXPONENT_BIAS
#undef MANTISSA_BITS
#undef SIGN_BIT
#undef EXP_LOWEST
#undef EXP_HIGHEST
#undef EXP_TERMS
#undef LN2_HIGH
#undef LN2_LOW
#undef REAL_HUGE
#undef LOG_TERMS
#undef TANH_LEVELS
#undef ERF_SPLIT
#undef ERF_TERMS
#undef ERF_LEVELS
#undef TURN_TERMS
#undef QUARTER_HIGH
#undef QUARTER_MIDDLE
#undef QUARTER_LOW
#undef W
#undef PARTS
#undef SPLAT
#undef SIGN
