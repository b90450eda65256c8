#include "parallel/rank_sum.h"

#include "base/error.h"
#include "parallel/heartbeat.h"

enum {
  TAGS = 32, /* per sum: more than rounds */
  RADIX = 4, /* ranks that exchange words directly, and ranks that divide the words */
  MANY = 64  /* for this many ranks or more, words are divided: fewer bytes to distant ranks, one more round */
};

/* All sums of this rank that are not complete. Each wait continues all of them: otherwise two ranks could wait for
 * different sums, each of which needs the other rank. */
static struct rank_sum *under_way;

static void check_count(int64_t count) {
  if (count > INT32_MAX) die("a sum of %lld words does not fit one reduction", (long long)count);
}

void rank_sum_now(const struct comm *comm, int64_t *words, int64_t count) {
  check_count(count);
  HEARTBEAT_WAIT("a sum over ranks", MPI_Allreduce(MPI_IN_PLACE, words, (int)count, MPI_INT64_T, MPI_SUM, comm->mpi));
}

int64_t rank_sum_received(int64_t count) {
  return (RADIX - 1) * (count < RANK_SUM_SMALL ? count : RANK_SUM_SMALL);
}

/* ---- rounds ---- */

static void add_round(struct rank_sum *sum, int kind, int stride, int radix) {
  sum->plan[sum->rounds++] = (struct rank_sum_round){kind, stride, radix};
}

/* The core is the first 2^k ranks, with 2^k <= p < 2^(k+1). First, each of the other ranks sends its words to a rank of
 * the core; in the last round, it receives the sum from there. */
static void make_plan(struct rank_sum *sum) {
  int core = 1, stride = 1;
  while (2 * core <= sum->comm->size) core *= 2;
  if (core < sum->comm->size) add_round(sum, RANK_SUM_FOLD, core, 2);
  if (core >= MANY) {
    add_round(sum, RANK_SUM_DIVIDE, 1, RADIX);
    stride = RADIX;
  }
  for (int radix; stride < core; stride *= radix) {
    radix = stride * RADIX <= core ? RADIX : 2;
    add_round(sum, RANK_SUM_EXCHANGE, stride, radix);
  }
  if (core >= MANY) add_round(sum, RANK_SUM_GATHER, 1, RADIX);
  if (core < sum->comm->size) add_round(sum, RANK_SUM_UNFOLD, core, 2);
}

/* Returns the first word of the share of the rank with digit `digit`, if `radix` ranks divide the words. */
static int share(const struct rank_sum *sum, int radix, int digit) {
  return (int)((int64_t)sum->count * digit / radix);
}

static void send(struct rank_sum *sum, int rank, int first, int end) {
  MPI_Isend(sum->words + first, end - first, MPI_INT64_T, rank, sum->index * TAGS + sum->round, sum->comm->mpi,
            &sum->request[sum->messages++]);
}

static void receive(struct rank_sum *sum, int rank, int64_t *words, int count) {
  MPI_Irecv(words, count, MPI_INT64_T, rank, sum->index * TAGS + sum->round, sum->comm->mpi,
            &sum->request[sum->messages++]);
}

/* Starts the messages of the current round. Words to add are received side by side in sum->received. */
static void start_round(struct rank_sum *sum) {
  const struct rank_sum_round *round = &sum->plan[sum->round];
  const int rank = sum->comm->rank, digit = rank / round->stride % round->radix, core = round->stride;
  const bool fold = round->kind == RANK_SUM_FOLD, unfold = round->kind == RANK_SUM_UNFOLD;
  sum->messages = 0;
  if (fold || unfold) {
    const int partner = rank < core ? rank + core : rank - core;
    const bool outside = rank >= core;
    if (partner >= sum->comm->size) return;
    if (fold == outside) send(sum, partner, 0, sum->count);
    if (fold != outside) receive(sum, partner, fold ? sum->received : sum->words, sum->count);
    return;
  }
  const struct rank_sum_round *last = &sum->plan[sum->rounds - 1];
  if (last->kind == RANK_SUM_UNFOLD && rank >= last->stride) return;
  if (round->kind == RANK_SUM_DIVIDE) {
    sum->first = share(sum, round->radix, digit);
    sum->end = share(sum, round->radix, digit + 1);
  }
  const int own = sum->end - sum->first;
  int64_t *received = sum->received;
  for (int k = 0; k < round->radix; k++) {
    const int partner = rank + (k - digit) * round->stride;
    const int first = share(sum, round->radix, k), end = share(sum, round->radix, k + 1);
    if (k == digit) continue;
    if (round->kind == RANK_SUM_GATHER) {
      receive(sum, partner, sum->words + first, end - first);
    } else {
      receive(sum, partner, received, own);
      received += own;
    }
    if (round->kind == RANK_SUM_DIVIDE)
      send(sum, partner, first, end);
    else
      send(sum, partner, sum->first, sum->end);
  }
}

/* The current round is complete: adds what this rank received, and starts the next round. */
static void next_round(struct rank_sum *sum) {
  const struct rank_sum_round *round = &sum->plan[sum->round];
  const int own = sum->end - sum->first;
  int terms = 0;
  if (round->kind == RANK_SUM_FOLD) terms = sum->messages > 0 && sum->comm->rank < round->stride;
  if (round->kind == RANK_SUM_DIVIDE || round->kind == RANK_SUM_EXCHANGE) terms = sum->messages / 2;
  for (int k = 0; k < terms; k++)
    for (int i = 0; i < own; i++) sum->words[sum->first + i] += sum->received[(int64_t)k * own + i];
  if (++sum->round < sum->rounds) start_round(sum);
}

void rank_sum_begin(const struct comm *comm, int64_t *words, int64_t *received, int64_t count, int64_t index,
                    struct rank_sum *sum) {
  check_count(count);
  *sum = (struct rank_sum){
      .comm = comm, .words = words, .received = received, .count = (int)count, .index = (int)index, .end = (int)count};
  if (count > RANK_SUM_SMALL || !received) {
    add_round(sum, RANK_SUM_UNFOLD, comm->size, 2); /* one round, whose only request is the MPI_Iallreduce */
    sum->messages = 1;
    MPI_Iallreduce(MPI_IN_PLACE, words, (int)count, MPI_INT64_T, MPI_SUM, comm->mpi, &sum->request[0]);
  } else {
    make_plan(sum);
    if (sum->rounds == 0) return; /* one rank */
    start_round(sum);
  }
  sum->next = under_way;
  under_way = sum;
}

/* Continues one sum. Returns whether it is complete. */
static bool advance(struct rank_sum *sum) {
  while (sum->round < sum->rounds) {
    int complete;
    MPI_Testall(sum->messages, sum->request, &complete, MPI_STATUSES_IGNORE);
    if (!complete) return false;
    next_round(sum);
  }
  return true;
}

void rank_sum_progress(void) {
  for (struct rank_sum **link = &under_way; *link;)
    if (advance(*link))
      *link = (*link)->next;
    else
      link = &(*link)->next;
}

bool rank_sum_test(struct rank_sum *sum) {
  rank_sum_progress();
  return sum->round == sum->rounds;
}

/* Waits until a send or receive of any sum completes. With many sums under way, returns immediately. */
static void wait_for_message(void) {
  enum { MANY_SUMS = 4 };
  MPI_Request request[MANY_SUMS * RANK_SUM_MESSAGES], *from[MANY_SUMS * RANK_SUM_MESSAGES];
  int sums = 0, count = 0, arrived;
  for (struct rank_sum *sum = under_way; sum; sum = sum->next) {
    if (++sums > MANY_SUMS) return;
    for (int i = 0; i < sum->messages; i++) {
      from[count] = &sum->request[i];
      request[count++] = sum->request[i];
    }
  }
  MPI_Waitany(count, request, &arrived, MPI_STATUS_IGNORE);
  if (arrived != MPI_UNDEFINED) *from[arrived] = MPI_REQUEST_NULL;
}

static void wait_for(struct rank_sum *sum) {
  while (!rank_sum_test(sum)) wait_for_message();
}

void rank_sum_end(struct rank_sum *sum) {
  if (sum->round < sum->rounds) HEARTBEAT_WAIT("a sum over ranks", wait_for(sum));
}
