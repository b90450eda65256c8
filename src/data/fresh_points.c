#include "data/fresh_points.h"

#include <Random123/philox.h>

#include "fresh_points_isa.h"

struct fresh_stream fresh_stream_of(const struct rng *rng) {
  uint64_t bits[4];
  rng_bits(rng, UINT64_MAX, UINT64_MAX, bits);
  return (struct fresh_stream){.key = {(uint32_t)bits[0], (uint32_t)bits[1]},
                               .nonce = {(uint32_t)bits[2], (uint32_t)bits[3]}};
}

void fresh_bits(const struct fresh_stream *stream, int64_t id, int draw, uint32_t out[4]) {
  const philox4x32_key_t key = {{stream->key[0], stream->key[1]}};
  const philox4x32_ctr_t counter = {
      {(uint32_t)id, (uint32_t)(id >> 32 << 10) | (uint32_t)draw, stream->nonce[0], stream->nonce[1]}};
  const philox4x32_ctr_t bits = philox4x32(counter, key);
  for (int i = 0; i < 4; i++) out[i] = bits.v[i];
}

static const struct fresh_functions *functions(void) {
  static const struct fresh_functions *const table[ISA_LEVELS] = {ISA_TABLE(fresh_functions)};
  return table[isa_best()];
}

void fresh_normal(const struct fresh_stream *stream, int64_t first, int from, int count, double *z) {
  functions()->normal(stream, first, from, count, z);
}

void fresh_normal_single(const struct fresh_stream *stream, int64_t first, int from, int count, float *z) {
  functions()->normal_single(stream, first, from, count, z);
}

void fresh_sphere(const struct fresh_stream *stream, int64_t first, int d, double *x) {
  functions()->sphere(stream, first, d, x);
}
