#include "dynamics/noise.h"

#include "data/fresh_points.h"

enum { ROWS = 64 }; /* rows whose numbers are drawn at a time: a multiple of the numbers of a block of the generator */

/* Adds the noise of rows from .. from + count - 1 for POINT_LANES units, those of the lanes from `lane` on. */
static void add_single(const struct noise *noise, const struct fresh_stream *stream, double amplitude, int lane,
                       int from, int count, double *value) {
  _Alignas(64) float xi[ROWS * POINT_LANES];
  fresh_normal_single(stream, noise->first_unit + lane, from, count, xi);
  for (int k = 0; k < count; k++)
    for (int i = 0; i < POINT_LANES && noise->fields & tile_row_bit(from + k); i++)
      value[(from + k) * TILE + lane + i] += amplitude * (double)xi[k * POINT_LANES + i];
}

static void add_double(const struct noise *noise, const struct fresh_stream *stream, double amplitude, int lane,
                       int from, int count, double *value) {
  _Alignas(64) double xi[ROWS * POINT_LANES];
  fresh_normal(stream, noise->first_unit + lane, from, count, xi);
  for (int k = 0; k < count; k++)
    for (int i = 0; i < POINT_LANES && noise->fields & tile_row_bit(from + k); i++)
      value[(from + k) * TILE + lane + i] += amplitude * xi[k * POINT_LANES + i];
}

void noise_add(const struct noise *noise, double amplitude, double *value) {
  const struct rng rng = {noise->seed, RNG_THERMAL, noise->network, (uint64_t)noise->step};
  const struct fresh_stream stream = fresh_stream_of(&rng);
  const int rows = noise->fields & FIELD_BIT_A ? tile_rows(noise->d) : noise->fields & FIELD_BIT_B ? ROW_A : ROW_B;
  for (int from = 0; from < rows; from += ROWS) {
    const int count = rows - from < ROWS ? rows - from : ROWS;
    for (int lane = 0; lane < TILE; lane += POINT_LANES)
      (noise->precision == PRECISION_DOUBLE ? add_double : add_single)(noise, &stream, amplitude, lane, from, count,
                                                                       value);
  }
}
