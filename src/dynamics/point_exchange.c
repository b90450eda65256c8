#include "dynamics/point_exchange.h"

#include "data/target_kind.h" /* POINT_LANES */

/* In ns of processor time: drawing one number, one message, copying one byte of it. */
static const double DRAW = 2, MESSAGE = 2000, BYTE = 0.2;

double point_exchange_message_ns(double bytes) {
  return MESSAGE + BYTE * bytes;
}

bool point_exchange_plan(enum point_sharing sharing, const struct comm *group, int64_t count, int d,
                         enum precision precision, struct point_exchange *exchange) {
  const struct neighbors neighbors = rank_gather_neighbors(group);
  const int64_t ranks = neighbors.count, blocks = (count + POINT_LANES - 1) / POINT_LANES;
  const int own = group->rank - neighbors.first;
  *exchange = (struct point_exchange){.neighbors = neighbors};
  for (int k = 0; k <= ranks; k++) {
    const int64_t cut = blocks * k / ranks * POINT_LANES;
    exchange->cut[k] = cut < count ? cut : count;
  }
  exchange->begin = exchange->cut[own];
  exchange->end = exchange->cut[own + 1];
  if (sharing != SHARE_IF_CHEAPER || ranks == 1) return sharing == SHARE_ALWAYS && ranks > 1;
  const double numbers = (double)(count * d) / (double)ranks, bytes = numbers * (double)precision_real(precision);
  return DRAW * numbers > point_exchange_message_ns(bytes);
}

/* points_set also sets the points after the range to zero. It therefore comes before the exchange. */
static void convert(const struct particles *particles, const double *x, int64_t begin, int64_t end,
                    struct points *points) {
  const size_t real = precision_real(particles->precision), d = (size_t)particles->d;
  struct points range = {.d = particles->d,
                         .x = (char *)points->x + real * d * (size_t)begin,
                         .q = (char *)points->q + real * (size_t)begin};
  points_set(&range, particles->precision, &particles->unit, (int)(end - begin), particles->d, x + d * (size_t)begin);
}

static void gather(const struct neighbors *neighbors, const int64_t *cut, size_t bytes, int index, void *array,
                   struct rank_gather *gather) {
  int64_t byte_cut[RANK_GATHER_MAX + 1];
  for (int k = 0; k <= neighbors->count; k++) byte_cut[k] = cut[k] * (int64_t)bytes;
  rank_gather_begin(neighbors, byte_cut, index, array, gather);
}

void point_exchange_begin(struct point_exchange *exchange, const struct particles *particles, const double *x,
                          struct points *points) {
  const struct neighbors *neighbors = &exchange->neighbors;
  const int64_t *cut = exchange->cut, count = cut[neighbors->count];
  const size_t real = precision_real(particles->precision);
  convert(particles, x, count, count, points);
  convert(particles, x, exchange->begin, exchange->end, points);
  points->count = (int)count;
  gather(neighbors, cut, real * (size_t)particles->d, 0, points->x, &exchange->x);
  if (unit_table[particles->unit.type].manifold == MANIFOLD_SPHERE)
    gather(neighbors, cut, real, 1, points->q, &exchange->q);
}

void point_exchange_end(struct point_exchange *exchange) {
  rank_gather_end(&exchange->x);
  rank_gather_end(&exchange->q);
}
