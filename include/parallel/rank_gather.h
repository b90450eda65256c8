/* rank_gather: neighboring ranks exchange parts of an array while the caller computes.
 *
 * Each of a few ranks with consecutive numbers has one part of an array and receives the other parts. Every rank sends
 * one message to each of the others. A gather completes once all its ranks have started it and have sent their parts;
 * it does not depend on any other progress of these ranks. MPI makes progress only during MPI calls
 * (parallel/rank_sum.h). Only the
 * main thread may call these functions. */
#ifndef MCKEAN_PARALLEL_RANK_GATHER_H
#define MCKEAN_PARALLEL_RANK_GATHER_H

#include <mpi.h>
#include <stdint.h>

#include "parallel/comm.h"

enum { RANK_GATHER_MAX = 4 }; /* the largest number of ranks */

/* The ranks first .. first + count - 1 of a comm. */
struct neighbors {
  const struct comm *comm;
  int first, count;
};

struct rank_gather {
  int messages;
  MPI_Request request[2 * (RANK_GATHER_MAX - 1)];
  struct rank_gather *next; /* in the list of gathers that are not complete */
};

/* Local. Divides the ranks of a comm into groups of at most RANK_GATHER_MAX neighbors, of nearly equal size. Returns
 * the group of this rank. */
struct neighbors rank_gather_neighbors(const struct comm *comm);

/* Starts a gather: neighbor k sends the bytes cut[k] .. cut[k+1]-1 of `array` to the others. cut [count + 1]:
 * increasing. Until the gather is complete, the caller must not access the parts of other ranks, must not
 * change its own part, and must not move *gather. Collective over the neighbors: all pass the same cut and index.
 * index: 0 to 9; gathers over the same comm that are under way at the same time have different indices. Calls die() if
 * a part exceeds INT32_MAX bytes. */
void rank_gather_begin(const struct neighbors *neighbors, const int64_t *cut, int index, void *array,
                       struct rank_gather *gather);

/* Continues all gathers and sums (parallel/rank_sum.h) of this rank that are under way, without waiting. */
void rank_gather_progress(void);

/* Waits until *gather is complete. Does nothing if *gather is complete or all zero. */
void rank_gather_end(struct rank_gather *gather);

#endif
