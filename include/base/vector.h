/* vector: the vector registers of the ISA level for which a file is compiled (base/isa.h), and the operations on them
 * that GNU vector extensions lack or do not express efficiently. One block per kind of register defines:
 *
 *   VECTOR_BYTES, VECTOR_REGISTERS    the size of a register and their number
 *   VECTOR_FUSED                      1 if the compiler contracts products and sums to FMA
 *   VECTOR_MIN, VECTOR_MAX            (bound, x): the minimum or the maximum of both; NaN if x is NaN
 *   VECTOR_SELECT_POSITIVE            (x, a, b): x > 0 ? a : b, lane by lane
 *   VECTOR_FRACTION                   (t): t - floor(t), 0 for infinities; AVX-512 only
 *   VECTOR_SCALE                      (p, t): p * 2^floor(t); 0 or infinity if out of range; AVX-512 only
 *   VECTOR_SQRT                       (x): the square root
 *   VECTOR_MULTIPLY                   (a, b): lane by lane, the 64-bit product of the low 32 bits of a and b (vword)
 *   VECTOR_PRODUCTS                   (x, p, q, px, qx): px = *p x, qx = *q x, in double precision
 *
 * VECTOR_MIN to VECTOR_SQRT have a version for each type, with a name that ends in _float or _double. The end of this
 * file defines the operations that a block omits, except VECTOR_FRACTION and VECTOR_SCALE, in plain C. The Makefile
 * defines VECTOR_PORTABLE for the portable level. On x86-64 this level uses SSE2, whose operations give the same bits
 * as plain C. */
#ifndef MCKEAN_BASE_VECTOR_H
#define MCKEAN_BASE_VECTOR_H

#include <math.h>
#include <stdint.h>

#if defined __AVX512F__ && !defined VECTOR_PORTABLE

#include <immintrin.h>
#define VECTOR_BYTES                64
#define VECTOR_REGISTERS            32
#define VECTOR_FUSED                1
#define VECTOR_MIN_float(bound, x)  ((vfloat)_mm512_min_ps((__m512)(bound), (__m512)(x)))
#define VECTOR_MAX_float(bound, x)  ((vfloat)_mm512_max_ps((__m512)(bound), (__m512)(x)))
#define VECTOR_MIN_double(bound, x) ((vdouble)_mm512_min_pd((__m512d)(bound), (__m512d)(x)))
#define VECTOR_MAX_double(bound, x) ((vdouble)_mm512_max_pd((__m512d)(bound), (__m512d)(x)))
#define VECTOR_POSITIVE_float(x)    _mm512_cmp_ps_mask((__m512)(x), _mm512_setzero_ps(), _CMP_GT_OQ)
#define VECTOR_POSITIVE_double(x)   _mm512_cmp_pd_mask((__m512d)(x), _mm512_setzero_pd(), _CMP_GT_OQ)
#define VECTOR_SELECT_POSITIVE_float(x, a, b)                                                                          \
  ((vfloat)_mm512_mask_blend_ps(VECTOR_POSITIVE_float(x), (__m512)(b), (__m512)(a)))
#define VECTOR_SELECT_POSITIVE_double(x, a, b)                                                                         \
  ((vdouble)_mm512_mask_blend_pd(VECTOR_POSITIVE_double(x), (__m512d)(b), (__m512d)(a)))
#define VECTOR_DOWN               (_MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)
#define VECTOR_FRACTION_float(t)  ((vfloat)_mm512_reduce_ps((__m512)(t), VECTOR_DOWN))
#define VECTOR_FRACTION_double(t) ((vdouble)_mm512_reduce_pd((__m512d)(t), VECTOR_DOWN))
#define VECTOR_SCALE_float(p, t)  ((vfloat)_mm512_scalef_ps((__m512)(p), (__m512)(t)))
#define VECTOR_SCALE_double(p, t) ((vdouble)_mm512_scalef_pd((__m512d)(p), (__m512d)(t)))
#define VECTOR_SQRT_float(x)      ((vfloat)_mm512_sqrt_ps((__m512)(x)))
#define VECTOR_SQRT_double(x)     ((vdouble)_mm512_sqrt_pd((__m512d)(x)))
#define VECTOR_MULTIPLY(a, b)     ((vword)_mm512_mul_epu32((__m512i)(a), (__m512i)(b)))
/* Compilers broadcast *p once for several products, by an instruction that takes as long as a product (Zen 4). */
#define VECTOR_PRODUCTS(x, p, q, px, qx)                                                                               \
  __asm__("vmulpd %3%{1to8%}, %2, %0\n\tvmulpd %4%{1to8%}, %2, %1" : "=&v"(px), "=v"(qx) : "v"(x), "m"(*(p)), "m"(*(q)))

#elif defined __AVX2__ && !defined VECTOR_PORTABLE

#include <immintrin.h>
#define VECTOR_BYTES                32
#define VECTOR_REGISTERS            16
#define VECTOR_FUSED                1
#define VECTOR_MIN_float(bound, x)  ((vfloat)_mm256_min_ps((__m256)(bound), (__m256)(x)))
#define VECTOR_MAX_float(bound, x)  ((vfloat)_mm256_max_ps((__m256)(bound), (__m256)(x)))
#define VECTOR_MIN_double(bound, x) ((vdouble)_mm256_min_pd((__m256d)(bound), (__m256d)(x)))
#define VECTOR_MAX_double(bound, x) ((vdouble)_mm256_max_pd((__m256d)(bound), (__m256d)(x)))
#define VECTOR_SQRT_float(x)        ((vfloat)_mm256_sqrt_ps((__m256)(x)))
#define VECTOR_SQRT_double(x)       ((vdouble)_mm256_sqrt_pd((__m256d)(x)))
#define VECTOR_MULTIPLY(a, b)       ((vword)_mm256_mul_epu32((__m256i)(a), (__m256i)(b)))

#elif defined __SSE2__

#include <immintrin.h>
#define VECTOR_BYTES                16
#define VECTOR_REGISTERS            16
#define VECTOR_FUSED                0
#define VECTOR_MIN_float(bound, x)  ((vfloat)_mm_min_ps((__m128)(bound), (__m128)(x)))
#define VECTOR_MAX_float(bound, x)  ((vfloat)_mm_max_ps((__m128)(bound), (__m128)(x)))
#define VECTOR_MIN_double(bound, x) ((vdouble)_mm_min_pd((__m128d)(bound), (__m128d)(x)))
#define VECTOR_MAX_double(bound, x) ((vdouble)_mm_max_pd((__m128d)(bound), (__m128d)(x)))
#define VECTOR_SQRT_float(x)        ((vfloat)_mm_sqrt_ps((__m128)(x)))
#define VECTOR_SQRT_double(x)       ((vdouble)_mm_sqrt_pd((__m128d)(x)))
#define VECTOR_MULTIPLY(a, b)       ((vword)_mm_mul_epu32((__m128i)(a), (__m128i)(b)))

#elif defined __ARM_FEATURE_SVE_BITS && __ARM_FEATURE_SVE_BITS > 0

#include <arm_sve.h>
typedef svfloat32_t vsve_float __attribute__((arm_sve_vector_bits(__ARM_FEATURE_SVE_BITS)));
typedef svfloat64_t vsve_double __attribute__((arm_sve_vector_bits(__ARM_FEATURE_SVE_BITS)));
#define VECTOR_BYTES               (__ARM_FEATURE_SVE_BITS / 8)
#define VECTOR_REGISTERS           32
#define VECTOR_FUSED               1
#define VECTOR_ALL                 svptrue_b8()
#define VECTOR_MIN_float(bound, x) ((vfloat)(vsve_float)svmin_f32_x(VECTOR_ALL, (vsve_float)(bound), (vsve_float)(x)))
#define VECTOR_MAX_float(bound, x) ((vfloat)(vsve_float)svmax_f32_x(VECTOR_ALL, (vsve_float)(bound), (vsve_float)(x)))
#define VECTOR_MIN_double(bound, x)                                                                                    \
  ((vdouble)(vsve_double)svmin_f64_x(VECTOR_ALL, (vsve_double)(bound), (vsve_double)(x)))
#define VECTOR_MAX_double(bound, x)                                                                                    \
  ((vdouble)(vsve_double)svmax_f64_x(VECTOR_ALL, (vsve_double)(bound), (vsve_double)(x)))
#define VECTOR_SELECT_POSITIVE_float(x, a, b)                                                                          \
  ((vfloat)(vsve_float)svsel_f32(svcmpgt_n_f32(VECTOR_ALL, (vsve_float)(x), 0), (vsve_float)(a), (vsve_float)(b)))
#define VECTOR_SELECT_POSITIVE_double(x, a, b)                                                                         \
  ((vdouble)(vsve_double)svsel_f64(svcmpgt_n_f64(VECTOR_ALL, (vsve_double)(x), 0), (vsve_double)(a), (vsve_double)(b)))
#define VECTOR_SQRT_float(x)  ((vfloat)(vsve_float)svsqrt_f32_x(VECTOR_ALL, (vsve_float)(x)))
#define VECTOR_SQRT_double(x) ((vdouble)(vsve_double)svsqrt_f64_x(VECTOR_ALL, (vsve_double)(x)))

#elif defined __aarch64__ && !defined VECTOR_PORTABLE

#include <arm_neon.h>
#define VECTOR_BYTES                16
#define VECTOR_REGISTERS            32
#define VECTOR_FUSED                1
#define VECTOR_MIN_float(bound, x)  ((vfloat)vminq_f32((float32x4_t)(bound), (float32x4_t)(x)))
#define VECTOR_MAX_float(bound, x)  ((vfloat)vmaxq_f32((float32x4_t)(bound), (float32x4_t)(x)))
#define VECTOR_MIN_double(bound, x) ((vdouble)vminq_f64((float64x2_t)(bound), (float64x2_t)(x)))
#define VECTOR_MAX_double(bound, x) ((vdouble)vmaxq_f64((float64x2_t)(bound), (float64x2_t)(x)))
#define VECTOR_SQRT_float(x)        ((vfloat)vsqrtq_f32((float32x4_t)(x)))
#define VECTOR_SQRT_double(x)       ((vdouble)vsqrtq_f64((float64x2_t)(x)))
#define VECTOR_MULTIPLY(a, b)       ((vword)vmull_u32(vmovn_u64((uint64x2_t)(a)), vmovn_u64((uint64x2_t)(b))))

#else

#define VECTOR_BYTES     16
#define VECTOR_REGISTERS 16
#define VECTOR_FUSED     0

#endif

typedef float vfloat __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef double vdouble __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef int32_t vint32 __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef uint32_t vuint32 __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef int64_t vint64 __attribute__((vector_size(VECTOR_BYTES), may_alias));
typedef uint64_t vword __attribute__((vector_size(VECTOR_BYTES), may_alias));

/* ---- operations in plain C ---- */

/* mask ? a : b, lane by lane. */
#define VECTOR_SELECT(type, integers)                                                                                  \
  static inline __attribute__((always_inline)) type vector_select_##type(integers mask, type a, type b) {              \
    return (type)((mask & (integers)a) | (~mask & (integers)b));                                                       \
  }
VECTOR_SELECT(vfloat, vint32)
VECTOR_SELECT(vdouble, vint64)
#undef VECTOR_SELECT

#ifndef VECTOR_MIN_float
#define VECTOR_MIN_float(bound, x)  vector_select_vfloat((x) > (bound), (bound), (x))
#define VECTOR_MAX_float(bound, x)  vector_select_vfloat((x) < (bound), (bound), (x))
#define VECTOR_MIN_double(bound, x) vector_select_vdouble((x) > (bound), (bound), (x))
#define VECTOR_MAX_double(bound, x) vector_select_vdouble((x) < (bound), (bound), (x))
#endif

#ifndef VECTOR_SELECT_POSITIVE_float
#define VECTOR_SELECT_POSITIVE_float(x, a, b)  vector_select_vfloat((x) > (vfloat){0}, (a), (b))
#define VECTOR_SELECT_POSITIVE_double(x, a, b) vector_select_vdouble((x) > (vdouble){0}, (a), (b))
#endif

#ifndef VECTOR_SQRT_double
#define VECTOR_SQRT_float(x)  vector_sqrt_float(x)
#define VECTOR_SQRT_double(x) vector_sqrt_double(x)
static inline vfloat vector_sqrt_float(vfloat x) {
  for (int i = 0; i < (int)(VECTOR_BYTES / sizeof(float)); i++) x[i] = sqrtf(x[i]);
  return x;
}
static inline vdouble vector_sqrt_double(vdouble x) {
  for (int i = 0; i < (int)(VECTOR_BYTES / sizeof(double)); i++) x[i] = sqrt(x[i]);
  return x;
}
#endif

#ifndef VECTOR_PRODUCTS
#define VECTOR_PRODUCTS(x, p, q, px, qx) ((px) = *(p) * (x), (qx) = *(q) * (x))
#endif

#ifndef VECTOR_MULTIPLY
#define VECTOR_MULTIPLY(a, b) (((a)&UINT64_C(0xffffffff)) * ((b)&UINT64_C(0xffffffff)))
#endif

#endif
