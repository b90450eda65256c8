/* rank_sum: sums of int64 words over ranks, during which the caller can compute.
 *
 * rank_sum_begin starts a sum of up to RANK_SUM_SMALL words as a short sequence of rounds. In most rounds, called
 * exchanges, groups of four ranks (or two) send their words to each other, and each rank adds what it receives. The
 * ranks of a group differ in one digit of their number (struct rank_sum_round). With many ranks, groups of four
 * neighbors first divide the words: each rank adds one quarter for its group, the exchanges carry only this quarter,
 * and at the end the group gathers the quarters. On p ranks this takes about log2(p)/2 rounds, and one more with many
 * ranks. MPI_Iallreduce of Open MPI takes 2 log2(p) rounds; longer sums use it.
 *
 * MPI makes progress only during MPI calls. rank_sum_progress starts the next round if the current one is complete, so
 * a caller that calls it every few microseconds loses little time. Only the main thread may call these functions. */
#ifndef MCKEAN_PARALLEL_RANK_SUM_H
#define MCKEAN_PARALLEL_RANK_SUM_H

#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>

#include "parallel/comm.h"

/* The largest numbers of words of a sum that uses rounds, of rounds of a sum, and of messages of a rank in one
 * round. */
enum { RANK_SUM_SMALL = 1 << 14, RANK_SUM_ROUNDS = 24, RANK_SUM_MESSAGES = 6 };

/* A round: messages between the ranks whose numbers differ only in one digit, rank / stride % radix. */
struct rank_sum_round {
  enum { RANK_SUM_FOLD, RANK_SUM_DIVIDE, RANK_SUM_EXCHANGE, RANK_SUM_GATHER, RANK_SUM_UNFOLD } kind;
  int stride, radix;
};

struct rank_sum {
  const struct comm *comm;
  int64_t *words, *received;
  int count, index;
  int first, end; /* the range of words that this rank adds */
  int round, rounds;
  struct rank_sum_round plan[RANK_SUM_ROUNDS];
  int messages;
  MPI_Request request[RANK_SUM_MESSAGES]; /* of the current round */
  struct rank_sum *next;                  /* in the list of sums that are not complete */
};

/* Replaces words [count] by their sums over the ranks of the comm; returns when the sum is complete. Collective. Calls
 * die() if count exceeds INT32_MAX. */
void rank_sum_now(const struct comm *comm, int64_t *words, int64_t count);

/* Returns the size, in words, of the work space `received` for a sum of `count` words. Local. */
int64_t rank_sum_received(int64_t count);

/* Starts the same sum. Until it is complete, the caller must not access words or received, and must not move *sum.
 * received: work space, or NULL for MPI_Iallreduce. Collective: all ranks pass the same count and index, and either all
 * or none of them pass work space. index: a number from 0 to 1000; sums over the same comm that are under way at the
 * same time must have different indices. Calls die() like rank_sum_now. */
void rank_sum_begin(const struct comm *comm, int64_t *words, int64_t *received, int64_t count, int64_t index,
                    struct rank_sum *sum);

/* Both functions continue all sums of this rank that are under way, without waiting. rank_sum_test returns whether *sum
 * is complete. */
void rank_sum_progress(void);
bool rank_sum_test(struct rank_sum *sum);

/* Waits until *sum is complete, and continues the other sums meanwhile. Does nothing if *sum is complete or all zero.
 * Ranks may wait for several sums in different orders. */
void rank_sum_end(struct rank_sum *sum);

#endif
