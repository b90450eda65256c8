/* forward: the outputs f_n of all own networks at points, and what is to be done with each of them.
 *
 *   f_n(x) = (1/n) sum_i c_i phi(x, z_i)
 *
 * A pass goes over the own networks: it forms n f_n from own blocks, chunk of points by chunk of points, in exact sums
 * (base/exact_sum.h). The sums of split networks (at most two) travel while their next chunks and the networks that are
 * wholly here are computed; the last chunk of a run's only network is summed at once. Then a function of the caller
 * meets each network with its f_n. Threads share the blocks of a large network, their limbs add up in any order; small
 * networks that are wholly here are dealt to single threads. No array of size P x n exists. Chunk boundaries depend on
 * (d, precision) alone, so results depend neither on the rank nor the thread count. */
#ifndef MCKEAN_DYNAMICS_OUTPUTS_H
#define MCKEAN_DYNAMICS_OUTPUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "data/dataset.h"
#include "parallel/comm.h"
#include "particles/kernel.h"
#include "particles/particles.h"

/* Where the points of a pass come from: the batch of a step, or a whole set in kernel form. */
struct source {
  int64_t count;
  const struct points *whole; /* NULL: drawn by dataset_points at place, labels too */
  const double *y;            /* [count] labels of a whole set */
  struct batch_place place;
};

/* Work space of one thread. */
struct worker {
  void *real_tiles, *scratch;
  double *grad;   /* [d+2][TILE], for the caller */
  double *sum;    /* [chunk] */
  int64_t *limbs; /* EXACT_LIMBS(chunk) */
};

/* Work space of one network during a pass, and the threads that serve it. */
struct slot {
  int threads;
  struct worker *worker; /* [threads] */
  int64_t capacity;      /* points */
  int64_t *words;        /* per chunk its limbs, and labels that travel with them */
  struct comm_sum *sum;  /* per chunk */
  double *f, *y;         /* [count]: outputs, labels of a drawn batch */
  void *r;               /* real [count + POINT_PAD], for the caller */
  double *grad;          /* [grad_tiles][d+2][TILE], for the caller */
  int64_t grad_tiles;
  struct points points; /* the chunk drawn last */
  double *x;            /* [chunk][d], the same in double */
  int64_t drawn;        /* its first point, -1: none of this network */
  int64_t labels[2];    /* range of points whose labels are computed here */
};

/* Networks in work at a time: two split ones, a large one that is wholly here, and small ones, one per thread. */
enum { SLOT_LARGE = 2, SLOT_SMALL };

struct outputs {
  const struct particles *particles;
  const struct dataset *data;
  const struct kernel *kernel;
  int chunk; /* points */
  int threads;
  struct worker *worker; /* [threads] */
  int slots;
  struct slot *slot;
  double waited; /* seconds in sums over ranks so far */
};

/* Local. Points of a chunk. */
int outputs_chunk_size(int d, enum precision precision);

/* Local. FAILED: no memory. */
int outputs_create(const struct particles *particles, const struct dataset *data, const struct kernel *kernel,
                   int threads, struct outputs **forward);
void outputs_free(struct outputs *forward); /* accepts NULL */

/* Local. Makes room for passes over up to count points and, in the slots, for gradients: of all tiles of a network, but
 * in each slot not more than its threads' part of grad_tiles. */
int outputs_reserve(struct outputs *forward, int64_t count, int64_t grad_tiles);

/* What a pass does. f in slot->f is all NAN where a sum was not finite or out of range (sound false). `then` is called
 * by several threads at a time, each with another network. */
struct pass {
  struct source (*source)(const void *context, const struct local_network *local);
  void (*then)(void *context, const struct local_network *local, struct slot *slot, const struct source *source,
               bool sound);
  void *context;
};

/* Communicates only inside the groups of split networks. */
void forward_pass(struct outputs *forward, const struct pass *pass);

/* Local. Points first .. (at most a chunk) of a source in kernel form and, if asked, the labels of a batch in slot->y.
 * A chunk that the slot still holds is not drawn again. */
struct points outputs_chunk(struct outputs *forward, struct slot *slot, const struct source *source, int64_t first,
                            bool labels);

/* Whether outputs_chunk draws the points of this source anew when it goes over them again. */
bool forward_draws(const struct outputs *forward, const struct source *source);

/* Local. Tiles in the arithmetic of the kernels, at most BLOCK_TILES: the stored ones, or copies in a worker, valid
 * until its next call. */
const void *outputs_real_tiles(const struct outputs *forward, struct worker *worker, const void *tiles, int count);

#endif
