#include "dynamics/noise.h"

#include "base/target_clones.h"
#include "data/fresh_points.h"

enum { ROWS = 64 }; /* rows whose numbers are drawn at a time: a multiple of the numbers of a block of the generator */

/* Rows from .. from + count - 1 of POINT_LANES units, those of the lanes of value [tile_rows(d)][TILE] from `lane`
 * on. */
struct part {
  int lane, from, count;
  double *value;
};

static TARGET_CLONES void add_single(const struct noise *noise, const struct part *part, double amplitude,
                                     const float *xi) {
  for (int k = 0; k < part->count; k++) {
    double *restrict value = part->value + (part->from + k) * TILE + part->lane;
    if (!(noise->fields & tile_row_bit(part->from + k))) continue;
    for (int i = 0; i < POINT_LANES; i++) value[i] += amplitude * (double)xi[k * POINT_LANES + i];
  }
}

static TARGET_CLONES void add_double(const struct noise *noise, const struct part *part, double amplitude,
                                     const double *xi) {
  for (int k = 0; k < part->count; k++) {
    double *restrict value = part->value + (part->from + k) * TILE + part->lane;
    if (!(noise->fields & tile_row_bit(part->from + k))) continue;
    for (int i = 0; i < POINT_LANES; i++) value[i] += amplitude * xi[k * POINT_LANES + i];
  }
}

static void add_part(const struct noise *noise, const struct fresh_stream *stream, const struct part *part,
                     double amplitude) {
  _Alignas(64) union {
    float narrow[ROWS * POINT_LANES];
    double wide[ROWS * POINT_LANES];
  } xi;
  const int64_t first = noise->first_unit + part->lane;
  if (noise->precision == PRECISION_DOUBLE) {
    fresh_normal(stream, first, part->from, part->count, xi.wide);
    add_double(noise, part, amplitude, xi.wide);
  } else {
    fresh_normal_single(stream, first, part->from, part->count, xi.narrow);
    add_single(noise, part, amplitude, xi.narrow);
  }
}

void noise_add(const struct noise *noise, double amplitude, double *value) {
  const struct rng rng = {noise->seed, RNG_THERMAL, noise->network, (uint64_t)noise->step};
  const struct fresh_stream stream = fresh_stream_of(&rng);
  const int rows = noise->fields & FIELD_BIT_A ? tile_rows(noise->d) : noise->fields & FIELD_BIT_B ? ROW_A : ROW_B;
  for (int from = 0; from < rows; from += ROWS) {
    struct part part = {.from = from, .count = rows - from < ROWS ? rows - from : ROWS, .value = value};
    for (; part.lane < TILE; part.lane += POINT_LANES) add_part(noise, &stream, &part, amplitude);
  }
}
