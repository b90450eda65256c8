#include "base/rng.h"

#include <Random123/philox.h>
#include <math.h>
#include <string.h>

#include "base/target_clones.h"

void rng_bits(const struct rng *rng, uint64_t id, uint64_t draw, uint64_t out[4]) {
  const philox4x64_key_t key = {{rng->seed, (uint64_t)rng->stream}};
  const philox4x64_ctr_t counter = {{id, rng->step, rng->network, draw}};
  const philox4x64_ctr_t bits = philox4x64(counter, key);
  for (int i = 0; i < 4; i++) out[i] = bits.v[i];
}

/* Uses 52 random bits as the mantissa of a double in [1, 2), then subtracts 1. */
static double uniform(uint64_t bits) {
  const uint64_t one = bits >> 12 | UINT64_C(0x3ff0000000000000);
  double value;
  memcpy(&value, &one, sizeof value);
  return value - 1;
}

void rng_uniform(const struct rng *rng, uint64_t id, int count, double *out) {
  uint64_t bits[4];
  for (int i = 0; i < count; i++) {
    if (i % 4 == 0) rng_bits(rng, id, (uint64_t)(i / 4), bits);
    out[i] = uniform(bits[i % 4]);
  }
}

/* box_muller computes PAIRS pairs at a time. The vector width depends on the processor, but each lane executes the same
 * IEEE operations without contraction to FMA, so the bits are the same everywhere. */
enum { PAIRS = 8 };
typedef double vdouble __attribute__((vector_size(8 * PAIRS)));
typedef uint64_t vword __attribute__((vector_size(8 * PAIRS)));

/* out[2i], out[2i+1] = sqrt(-2 log u) (cos 2 pi v, sin 2 pi v), with u uniform in (0, 1] from bits[2i] and v uniform in
 * [0, 1) from bits[2i+1]. */
TARGET_CLONES static void box_muller(const uint64_t bits[2 * PAIRS], double out[2 * PAIRS]) {
  vword first, second;
  for (int i = 0; i < PAIRS; i++) {
    first[i] = bits[2 * i];
    second[i] = bits[2 * i + 1];
  }
  const vword one = (vword){0} + UINT64_C(0x3ff0000000000000), magic = (vword){0} + UINT64_C(0x4338000000000000);
  const vdouble u = 2 - (vdouble)(first >> 12 | one), v = (vdouble)(second >> 12 | one) - 1; /* (0, 1], [0, 1) */

  /* log u with u = m 2^e, m in [sqrt 1/2, sqrt 2): log m = 2 artanh(s), s = (m - 1)/(m + 1), |s| <= 0.1716. Eleven
   * terms of the series are accurate to 2^-53. */
  const vword upper = (vword)u - UINT64_C(0x3fe6a09e667f3bcd); /* bits of u minus bits of sqrt(1/2) */
  const vdouble m = (vdouble)((upper & UINT64_C(0x000fffffffffffff)) + UINT64_C(0x3fe6a09e667f3bcd));
  const vword exponent = upper >> 52 | (0 - (upper >> 63)) << 12; /* an arithmetic right shift by 52 */
  const vdouble e = (vdouble)(exponent + magic) - 0x1.8p52;
  const vdouble s = (m - 1) / (m + 1), s2 = s * s;
  vdouble series = s2 * (1.0 / 21) + 1.0 / 19;
  for (int k = 8; k >= 0; k--) series = series * s2 + 1.0 / (2 * k + 1);
  const vdouble log_u = 2 * s * series + e * 0x1.62e42fefa39efp-1;

  /* cos and sin of 2 pi v by Taylor series, after subtracting the nearest multiple of pi/2: |angle| <= pi/4. */
  const vdouble shifted = 4 * v + 0x1.8p52, angle = (v - 0.25 * (shifted - 0x1.8p52)) * 0x1.921fb54442d18p+2;
  const vdouble square = angle * angle;
  vdouble c = (vdouble){0} + 1, w = (vdouble){0} + 1;
  for (int k = 8; k >= 1; k--) {
    c = 1 - c * square * (1.0 / ((2 * k - 1) * (2 * k)));
    w = 1 - w * square * (1.0 / ((2 * k) * (2 * k + 1)));
  }
  w *= angle;
  const vword quarter = (vword)shifted, odd = 0 - (quarter & 1);
  const vword cosine = ((vword)w & odd) | ((vword)c & ~odd), sine = ((vword)c & odd) | ((vword)w & ~odd);
  const vdouble x = (vdouble)(cosine ^ ((quarter + 1) & 2) << 62), y = (vdouble)(sine ^ (quarter & 2) << 62);
  for (int i = 0; i < PAIRS; i++) {
    const double radius = sqrt(-2 * log_u[i]);
    out[2 * i] = radius * x[i];
    out[2 * i + 1] = radius * y[i];
  }
}

void rng_normal(const struct rng *rng, uint64_t id, int count, double *out) {
  uint64_t bits[2 * PAIRS] = {0};
  double normal[2 * PAIRS];
  for (int first = 0; first < count; first += 2 * PAIRS) {
    const int numbers = count - first < 2 * PAIRS ? count - first : 2 * PAIRS;
    for (int i = 0; i < numbers; i += 4) rng_bits(rng, id, (uint64_t)((first + i) / 4), bits + i);
    box_muller(bits, normal);
    memcpy(out + first, normal, sizeof *out * (size_t)numbers);
  }
}

void rng_sphere(const struct rng *rng, uint64_t id, int d, double *x) {
  double square = 0;
  rng_normal(rng, id, d, x);
  for (int k = 0; k < d; k++) square += x[k] * x[k];
  const double scale = sqrt(d / square);
  for (int k = 0; k < d; k++) x[k] *= scale;
}

/* The sequence of random 32-bit words of (rng, id). */
struct words {
  const struct rng *rng;
  uint64_t id, draw, bits[4];
  int used; /* number of 32-bit words of `bits` that next_word has returned */
};

static uint32_t next_word(struct words *words) {
  if (words->used == 8) {
    rng_bits(words->rng, words->id, words->draw++, words->bits);
    words->used = 0;
  }
  const int i = words->used++;
  return (uint32_t)(words->bits[i / 2] >> 32 * (i % 2));
}

/* Returns a uniform random integer below `bound`, by the method of Lemire: the upper half of word * bound. Products
 * whose lower half is less than 2^32 mod bound are rejected, so that all results are equally likely. */
static uint32_t below(struct words *words, uint32_t bound) {
  uint64_t product = (uint64_t)next_word(words) * bound;
  if ((uint32_t)product < bound) {
    const uint32_t least = -bound % bound;
    while ((uint32_t)product < least) product = (uint64_t)next_word(words) * bound;
  }
  return (uint32_t)(product >> 32);
}

void rng_shuffle(const struct rng *rng, uint64_t id, int64_t count, uint32_t *order) {
  struct words words = {.rng = rng, .id = id, .used = 8};
  for (int64_t i = 0; i < count; i++) order[i] = (uint32_t)i;
  for (int64_t i = count - 1; i > 0; i--) {
    const uint32_t j = below(&words, (uint32_t)(i + 1)), last = order[i];
    order[i] = order[j];
    order[j] = last;
  }
}

/* Returns a uniform random integer below `bound` for (rng, number), without bias: the method of `below`, with words of
 * 64 bits. Numbers 4 k .. 4 k + 3 share the words of each draw. */
static uint64_t below_for(const struct rng *rng, int64_t number, uint64_t bound, uint64_t bits[4]) {
  const int word = (int)(number % 4);
  if (word == 0) rng_bits(rng, (uint64_t)(number / 4), 0, bits);
  unsigned __int128 product = (unsigned __int128)bits[word] * bound;
  if ((uint64_t)product < bound) {
    const uint64_t least = -bound % bound;
    for (uint64_t draw = 1; (uint64_t)product < least; draw++) {
      uint64_t again[4];
      rng_bits(rng, (uint64_t)(number / 4), draw, again);
      product = (unsigned __int128)again[word] * bound;
    }
  }
  return (uint64_t)(product >> 64);
}

/* Selection sampling (Knuth, The Art of Computer Programming, section 3.4.2, algorithm S): takes each number with
 * the probability that the subset contains it, given the choices before. */
void rng_subset(const struct rng *rng, int64_t total, int64_t size, int64_t first, int64_t count, int64_t *index) {
  uint64_t bits[4];
  int64_t taken = 0;
  for (int64_t number = 0; number < total && taken < first + count; number++) {
    if (below_for(rng, number, (uint64_t)(total - number), bits) >= (uint64_t)(size - taken)) continue;
    if (taken >= first) index[taken - first] = number;
    taken++;
  }
}
