/* batch: the points at which a network is evaluated, and the work space of a team for fresh points and mini-batches.
 *
 * Such points are drawn, or copied from the fixed set, in chunks that fit in a cache, again if needed later. If the
 * ranks that share a network divide its labels, each rank computes the labels of its own range of points, a multiple of
 * LABEL_LANES. The sum over ranks (dynamics/outputs.h) then gives every rank all labels. While a sum over ranks is
 * under way, batch_draw_ahead draws points of the next step; or, if this is cheaper, neighboring ranks draw them for
 * each other (dynamics/point_exchange.h). The points and labels are a pure function of the batch, so results have the
 * same bits in all these cases. Functions are local unless stated otherwise. */
#ifndef MCKEAN_DYNAMICS_BATCH_H
#define MCKEAN_DYNAMICS_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "data/dataset.h"
#include "dynamics/point_exchange.h"
#include "dynamics/team.h"
#include "particles/kernel.h"
#include "particles/particles.h"

/* The points at which a network is evaluated: a fixed set as a whole; or, for a step, fresh points or a mini-batch. */
struct batch {
  int64_t count;
  const struct points *whole; /* all points of a fixed set; NULL if `position` determines points and labels */
  const double *y;            /* [count]: the labels of the fixed set */
  struct batch_position position;
  int64_t piece;  /* points of the first piece: a chunk or, if the batch is pipelined, about half of the batch */
  bool pipelined; /* two pieces: gradients of the first are computed during the sum over ranks of the second */
  bool gradient;  /* a gradient follows: keep the activations if they fit in the cache (dynamics/activations.h) */
  bool ahead;     /* the next step is likely to need fresh points: those at `position` with step + 1 */
};

/* A chunk of a batch whose points are being drawn, and the labels of the batch. */
struct drawn_chunk {
  struct batch_position position;
  int64_t labels[2];    /* the range of points whose labels are computed when the points are drawn */
  int64_t first;        /* index of the first point of the chunk in the batch; -1: none */
  int drawn;            /* number of points of the chunk that have been drawn */
  bool complete;        /* all have been drawn, and `points` is set */
  double *x, *y;        /* [chunk size][d]; [points of the batch] */
  struct points points; /* the chunk in kernel form */
  bool shared;          /* an exchange of the points between neighboring ranks is planned or under way */
  struct point_exchange exchange;
};

struct batch_space {
  const struct particles *particles;
  const struct dataset *data;
  int chunk;        /* chunk size in points */
  int64_t capacity; /* largest number of points in a batch */
  int current;      /* index of the chunk of the current batch; the other one belongs to the batch of the next step */
  struct drawn_chunk drawn[2];
  enum point_sharing sharing;
};

/* Returns the number of points in a chunk; the last chunk of a batch may have fewer. Depends only on d and precision,
 * so results do not depend on the number of ranks and threads. */
int batch_chunk_size(int d, enum precision precision);

/* The pointers are not owned and must outlive *space. The caller calls batch_space_free, also after an error. FAILED:
 * no memory. */
int batch_space_create(const struct particles *particles, const struct dataset *data, struct batch_space *space);
void batch_space_free(struct batch_space *space);

/* Allocates work space for batches of up to `count` points. ahead: also allocates work space for batch_draw_ahead. Call
 * it again whenever blocks have changed owners. FAILED: no memory. */
int batch_space_reserve(struct batch_space *space, int64_t count, bool ahead);

/* Begins a batch of a network. */
void batch_begin(struct batch_space *space, const struct local_network *local, const struct batch *batch);

/* Returns whether the ranks divide the labels of the batch. batch_labels then has the labels of this rank's range, and
 * 0 at other points, until the caller has completed them. */
bool batch_divides_labels(const struct batch_space *space, const struct local_network *local,
                          const struct batch *batch);

/* Returns the labels [count] of the current batch. They are complete once all its chunks have been drawn and, if the
 * ranks divide the labels, the caller has summed them over the ranks. */
double *batch_labels(struct batch_space *space);

/* Call it when all labels are complete. After that, chunks are drawn again without computing labels. */
void batch_labels_known(struct batch_space *space);

/* Returns true if the network is split and its mean number of tiles per rank is small. Its batches are then pipelined,
 * provided that a gradient follows and that the batch fits in a chunk and has at least 2 POINT_GROUP points: the sum
 * over ranks takes a large share of such a step, and the sums of the gradients of all local tiles take little memory.
 * The result is the same on all ranks that share the network. */
bool batch_pipelines(const struct particles *particles, const struct local_network *local);

/* Sets batch->piece and batch->pipelined from the other members. */
void batch_set_pieces(const struct particles *particles, const struct local_network *local, struct batch *batch);

/* Returns the number of points of the piece that starts at point `first`. */
int batch_piece_points(const struct batch *batch, int64_t first);

/* Returns the piece that starts at point `first` of a batch, in kernel form, valid until the next call for this space.
 * If the points are not ready, all threads of the team draw or copy the chunk that contains them. Points are ready if
 * they belong to a fixed set that is used as a whole, or to the chunk of the previous call. */
struct points batch_points(struct batch_space *space, const struct team *team, const struct batch *batch,
                           int64_t first);

/* Draws POINT_LANES points of the next step per thread, with those of their labels that this rank computes: for the
 * spin target 0.5 us of work for d = 5, 9 us for d = 100, and there 60 us for every LABEL_LANES labels. Returns false
 * if it drew none: all had been drawn before, or batch_begin prepared no batch of the next step. */
bool batch_draw_ahead(struct batch_space *space, const struct team *team);

/* Exchange the points of the next step with the neighboring ranks, if they share them. batch_exchange_begin draws the
 * points assigned to this rank and sends them; meanwhile it advances sums over ranks, without waiting for them.
 * batch_exchange_end waits for the points of the other ranks. Call both once per step: batch_exchange_begin after
 * batch_begin and before the rank waits for other ranks. Collective over the ranks that share the network. */
void batch_exchange_begin(struct batch_space *space, const struct team *team);
void batch_exchange_end(struct batch_space *space);

#endif
