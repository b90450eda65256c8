/* simd: operations on vectors of W reals that GNU vector extensions do not express efficiently. A template:
 * kernel_precision.h includes it before unit_simd.h, once per precision.
 *
 *   MIN, MAX (bound, x)           the smaller or the larger of the two; NaN if x is NaN
 *   SELECT_POSITIVE(x, a, b)      x > 0 ? a : b, lane by lane
 *   FRACTION(t)                   t - floor(t), 0 for infinities; AVX-512 only
 *   SCALE(p, t)                   p 2^floor(t); 0 or infinity if it is out of range; AVX-512 only */
#if defined __AVX512F__ && DOUBLE
#define MIN(bound, x) ((vreal)_mm512_min_pd((__m512d)(bound), (__m512d)(x)))
#define MAX(bound, x) ((vreal)_mm512_max_pd((__m512d)(bound), (__m512d)(x)))
#define SELECT_POSITIVE(x, a, b)                                                                                       \
  ((vreal)_mm512_mask_blend_pd(_mm512_cmp_pd_mask((__m512d)(x), (__m512d)SPLAT(0), _CMP_GT_OQ), (__m512d)(b),          \
                               (__m512d)(a)))
#define FRACTION(t) ((vreal)_mm512_reduce_pd((__m512d)(t), _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC))
#define SCALE(p, t) ((vreal)_mm512_scalef_pd((__m512d)(p), (__m512d)(t)))
#elif defined __AVX512F__
#define MIN(bound, x) ((vreal)_mm512_min_ps((__m512)(bound), (__m512)(x)))
#define MAX(bound, x) ((vreal)_mm512_max_ps((__m512)(bound), (__m512)(x)))
#define SELECT_POSITIVE(x, a, b)                                                                                       \
  ((vreal)_mm512_mask_blend_ps(_mm512_cmp_ps_mask((__m512)(x), (__m512)SPLAT(0), _CMP_GT_OQ), (__m512)(b), (__m512)(a)))
#define FRACTION(t) ((vreal)_mm512_reduce_ps((__m512)(t), _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC))
#define SCALE(p, t) ((vreal)_mm512_scalef_ps((__m512)(p), (__m512)(t)))
#elif defined __AVX2__ && DOUBLE
#define MIN(bound, x) ((vreal)_mm256_min_pd((__m256d)(bound), (__m256d)(x)))
#define MAX(bound, x) ((vreal)_mm256_max_pd((__m256d)(bound), (__m256d)(x)))
#elif defined __AVX2__
#define MIN(bound, x) ((vreal)_mm256_min_ps((__m256)(bound), (__m256)(x)))
#define MAX(bound, x) ((vreal)_mm256_max_ps((__m256)(bound), (__m256)(x)))
#elif defined __SSE2__ && DOUBLE
#define MIN(bound, x) ((vreal)_mm_min_pd((__m128d)(bound), (__m128d)(x)))
#define MAX(bound, x) ((vreal)_mm_max_pd((__m128d)(bound), (__m128d)(x)))
#elif defined __SSE2__
#define MIN(bound, x) ((vreal)_mm_min_ps((__m128)(bound), (__m128)(x)))
#define MAX(bound, x) ((vreal)_mm_max_ps((__m128)(bound), (__m128)(x)))
#else
#define MIN(bound, x) FN(select)((x) > (bound), (bound), (x))
#define MAX(bound, x) FN(select)((x) < (bound), (bound), (x))
#endif

/* mask ? a : b, lane by lane. */
INLINE vreal FN(select)(vint mask, vreal a, vreal b) {
  return (vreal)((mask & (vint)a) | (~mask & (vint)b));
}
#ifndef SELECT_POSITIVE
#define SELECT_POSITIVE(x, a, b) FN(select)((x) > SPLAT(0), (a), (b))
#endif
