#include "dynamics/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "parallel/rank_gather.h"

enum {
  CHUNK_BYTES = 256 << 10, /* memory for the points of a chunk: half of a typical L2 cache */
  CHUNK_MAX = 4032,
  PIPELINE_BYTES = 2 << 20, /* limit of gradient sums per rank: mean over the ranks that share the network */
  AHEAD = POINT_LANES       /* points that batch_draw_ahead draws at a time for each thread: fewer take as long */
};

int batch_chunk_size(int d, enum precision precision) {
  const int points = CHUNK_BYTES / (int)((size_t)(d + 1) * precision_real(precision)) / POINT_GROUP * POINT_GROUP;
  return points < POINT_GROUP ? POINT_GROUP : points > CHUNK_MAX ? CHUNK_MAX : points;
}

static int drawn_alloc(const struct batch_space *space, struct drawn_chunk *drawn) {
  const struct particles *particles = space->particles;
  TRY(points_alloc(&drawn->points, particles->precision, space->chunk, particles->d));
  return alloc_array((void **)&drawn->x, (int64_t)space->chunk * particles->d, sizeof(double), "points");
}

int batch_space_create(const struct particles *particles, const struct dataset *data, struct batch_space *space) {
  *space = (struct batch_space){
      .particles = particles, .data = data, .chunk = batch_chunk_size(particles->d, particles->precision)};
  return drawn_alloc(space, &space->drawn[0]);
}

void batch_space_free(struct batch_space *space) {
  for (int i = 0; i < 2; i++) {
    points_free(&space->drawn[i].points);
    free(space->drawn[i].x);
    free(space->drawn[i].y);
  }
  *space = (struct batch_space){0};
}

int batch_space_reserve(struct batch_space *space, int64_t count, bool ahead) {
  const bool grow = count > space->capacity;
  space->capacity = 0;
  space->current = 0;
  for (int i = 0; i <= ahead; i++) {
    struct drawn_chunk *drawn = &space->drawn[i];
    drawn->first = -1;
    if (!drawn->x) TRY(drawn_alloc(space, drawn));
    if (drawn->y && !grow) continue;
    free(drawn->y);
    drawn->y = NULL;
    TRY(alloc_array((void **)&drawn->y, i == 0 || count < space->chunk ? count : space->chunk, sizeof(double),
                    "labels"));
  }
  space->capacity = count;
  return OK;
}

bool batch_divides_labels(const struct batch_space *space, const struct local_network *local,
                          const struct batch *batch) {
  return local->group && !batch->whole && space->data->spec.mode == DATA_ONLINE;
}

/* Sets the range of points whose labels this rank computes: a multiple of LABEL_LANES points. */
static void set_labels(const struct comm *group, int64_t count, int64_t labels[2]) {
  const int64_t groups = (count + LABEL_LANES - 1) / LABEL_LANES;
  for (int i = 0; i < 2; i++) {
    const int64_t cut = group ? groups * (group->rank + i) / group->size * LABEL_LANES : i * count;
    labels[i] = cut < count ? cut : count;
  }
}

static void drawn_begin(struct drawn_chunk *drawn, const struct batch_position *position, const int64_t labels[2]) {
  drawn->position = *position;
  memcpy(drawn->labels, labels, sizeof drawn->labels);
  drawn->first = -1;
  drawn->drawn = 0;
  drawn->complete = drawn->shared = false;
}

/* Returns whether the previous batch prepared *drawn for this one. Some, all or none of its points are then drawn. */
static bool drawn_matches(const struct drawn_chunk *drawn, const struct batch *batch, const int64_t labels[2]) {
  return drawn->first == 0 && drawn->position.network == batch->position.network &&
         drawn->position.step == batch->position.step && drawn->position.batch == batch->count &&
         memcmp(drawn->labels, labels, sizeof drawn->labels) == 0;
}

void batch_begin(struct batch_space *space, const struct local_network *local, const struct batch *batch) {
  if (batch->whole) return;
  const bool divided = batch_divides_labels(space, local, batch);
  int64_t labels[2];
  set_labels(divided ? local->group : NULL, batch->count, labels);
  struct drawn_chunk *next = &space->drawn[1 - space->current];
  if (batch->ahead && drawn_matches(next, batch, labels)) {
    space->current = 1 - space->current;
  } else {
    struct drawn_chunk *drawn = &space->drawn[space->current];
    drawn_begin(drawn, &batch->position, labels);
    if (divided) memset(drawn->y, 0, sizeof *drawn->y * (size_t)batch->count);
  }
  next = &space->drawn[1 - space->current];
  next->first = -1;
  if (!batch->ahead || batch->count > space->chunk) return;
  drawn_begin(next, &batch->position, labels);
  next->first = 0;
  next->position.step++;
  next->shared = point_exchange_plan(space->sharing, local->group, batch->count, space->particles->d,
                                     space->particles->precision, &next->exchange);
  if (divided) memset(next->y, 0, sizeof *next->y * (size_t)batch->count);
}

double *batch_labels(struct batch_space *space) {
  return space->drawn[space->current].y;
}

void batch_labels_known(struct batch_space *space) {
  struct drawn_chunk *drawn = &space->drawn[space->current];
  drawn->labels[0] = drawn->labels[1] = 0;
}

static int64_t clamp(int64_t value, int64_t low, int64_t high) {
  return value < low ? low : value > high ? high : value;
}

/* Points begin .. end-1 of a batch, which are in the chunk `drawn`, with labels in the range `labels`. */
struct drawing {
  const struct batch_space *space;
  const struct drawn_chunk *drawn;
  int64_t begin, end;
  const int64_t *labels;
};

/* Draws groups from .. to-1 of POINT_LANES of these points. This can take long, so the main thread continues sums over
 * ranks meanwhile. */
static void draw_groups(const void *context, int thread, int64_t from, int64_t to) {
  const struct drawing *drawing = context;
  const struct drawn_chunk *drawn = drawing->drawn;
  const int64_t d = drawing->space->particles->d, end = drawing->end;
  for (int64_t group = from; group < to; group++) {
    const int64_t p = drawing->begin + group * POINT_LANES;
    const int count = (int)(end - p < POINT_LANES ? end - p : POINT_LANES);
    if (group > 0 && thread == 0) rank_gather_progress();
    dataset_points_labeling(drawing->space->data, &drawn->position, p, count, drawing->labels,
                            drawn->x + (p - drawn->first) * d, drawn->y + p);
  }
}

/* Points do not depend on the division of the work among threads. */
static void draw(const struct batch_space *space, const struct team *team, struct drawn_chunk *drawn, int64_t begin,
                 int64_t end, const int64_t labels[2]) {
  const struct drawing drawing = {.space = space, .drawn = drawn, .begin = begin, .end = end, .labels = labels};
  team_run(team, (end - begin + POINT_LANES - 1) / POINT_LANES, draw_groups, &drawing);
}

static void draw_more(const struct batch_space *space, const struct team *team, struct drawn_chunk *drawn, int count) {
  const int64_t begin = drawn->first + drawn->drawn;
  draw(space, team, drawn, begin, begin + count, drawn->labels);
  drawn->drawn += count;
}

bool batch_pipelines(const struct particles *particles, const struct local_network *local) {
  const size_t sums = gradient_sums(particles->d);
  return local->group && (double)network_tiles(local->n) * (double)sums <= (double)PIPELINE_BYTES * local->group->size;
}

void batch_set_pieces(const struct particles *particles, const struct local_network *local, struct batch *batch) {
  const int chunk = batch_chunk_size(particles->d, particles->precision);
  batch->piece = chunk;
  batch->pipelined =
      batch->gradient && batch->count >= 2 * POINT_GROUP && batch->count <= chunk && batch_pipelines(particles, local);
  if (batch->pipelined) batch->piece = (batch->count + POINT_GROUP) / (2 * POINT_GROUP) * POINT_GROUP; /* about half */
}

int batch_piece_points(const struct batch *batch, int64_t first) {
  const int64_t left = batch->count - first;
  return (int)(batch->pipelined && first > 0 ? left : left < batch->piece ? left : batch->piece);
}

/* Draws the points of the chunk that starts at point `first`, except those that have been drawn before. */
static void draw_chunk(struct batch_space *space, const struct team *team, int64_t count, int64_t first) {
  const struct particles *particles = space->particles;
  struct drawn_chunk *drawn = &space->drawn[space->current];
  if (drawn->first != first) {
    drawn->first = first;
    drawn->drawn = 0;
    drawn->complete = false;
  }
  if (drawn->complete) return;
  draw_more(space, team, drawn, (int)count - drawn->drawn);
  points_set(&drawn->points, particles->precision, &particles->unit, (int)count, particles->d, drawn->x);
  drawn->complete = true;
}

struct points batch_points(struct batch_space *space, const struct team *team, const struct batch *batch,
                           int64_t first) {
  const size_t real = precision_real(space->particles->precision);
  const int64_t d = space->particles->d, chunk = space->chunk;
  const struct points *points = batch->whole;
  int64_t at = first; /* index in *points */
  if (!points) {
    const int64_t chunk_first = first / chunk * chunk, chunk_left = batch->count - chunk_first;
    draw_chunk(space, team, chunk_left < chunk ? chunk_left : chunk, chunk_first);
    points = &space->drawn[space->current].points;
    at -= chunk_first;
  }
  return (struct points){.count = batch_piece_points(batch, first),
                         .d = (int)d,
                         .x = (char *)points->x + real * (size_t)(at * d),
                         .q = (char *)points->q + real * (size_t)at};
}

bool batch_draw_ahead(struct batch_space *space, const struct team *team) {
  struct drawn_chunk *next = &space->drawn[1 - space->current];
  if (next->first != 0) return false;
  const int64_t left = next->position.batch - next->drawn, piece = AHEAD * team->threads;
  if (left > 0) draw_more(space, team, next, (int)(left < piece ? left : piece));
  return left > 0;
}

/* The rank's range of labels need not be part of the points that it draws for its neighbors. */
void batch_exchange_begin(struct batch_space *space, const struct team *team) {
  struct drawn_chunk *next = &space->drawn[1 - space->current];
  if (!next->shared) return;
  const int64_t *labels = next->labels, none[2] = {0}, piece = AHEAD * team->threads;
  for (int64_t p = next->exchange.begin; p < next->exchange.end; p += piece) {
    draw(space, team, next, p, clamp(p + piece, p, next->exchange.end), none);
    rank_gather_progress();
  }
  draw(space, team, next, labels[0], labels[1], labels);
  next->drawn = (int)next->position.batch;
  point_exchange_begin(&next->exchange, space->particles, next->x, &next->points);
}

void batch_exchange_end(struct batch_space *space) {
  struct drawn_chunk *next = &space->drawn[1 - space->current];
  if (!next->shared) return;
  point_exchange_end(&next->exchange);
  next->shared = false;
  next->complete = true;
}
