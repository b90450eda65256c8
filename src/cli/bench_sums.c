/* The cost of sums: exact sums over blocks compared with plain sums, and sums over ranks as a function of their
 * size. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/exact_sum.h"
#include "bench.h"
#include "parallel/rank_sum.h"
#include "particles/kernel.h"

enum { POINTS = 480, ROUNDS = 200 };

static void plain_add(int count, const double *restrict v, double *restrict sum) {
  for (int i = 0; i < count; i++) sum[i] += v[i];
}

/* Measures the time to add the term of one block at one point to an exact sum, and to a plain sum. */
static int bench_exact(struct bench *bench) {
  double exact[BENCH_REPEATS], plain[BENCH_REPEATS];
  const int repeats = bench_repeats(bench);
  double *v = alloc_small(sizeof *v * POINTS), *sum = alloc_small(sizeof *sum * POINTS);
  int64_t *limbs = calloc((size_t)EXACT_LIMBS(POINTS), sizeof *limbs);
  if (!limbs) die("no memory");
  for (int i = 0; i < POINTS; i++) {
    v[i] = 1.0 / (i + 3);
    sum[i] = 0;
  }
  for (int t = 0; t < repeats; t++) {
    double start = comm_time();
    for (int r = 0; r < ROUNDS; r++) exact_sum_add(POINTS, v, limbs);
    exact[t] = 1e9 * (comm_time() - start) / (ROUNDS * POINTS);
    start = comm_time();
    for (int r = 0; r < ROUNDS; r++) {
      plain_add(POINTS, v, sum);
      __asm__ volatile("" : : "r"(sum) : "memory"); /* keeps the compiler from removing a round */
    }
    plain[t] = 1e9 * (comm_time() - start) / (ROUNDS * POINTS);
  }
  const double e = bench_median(repeats, exact), p = bench_median(repeats, plain);
  fprintf(bench->out, "exact sum: %.3f ns per block of %d units and point, plain double sum %.3f\n", e, BLOCK, p);
  json_object(bench->json, "exact_sum");
  json_real(bench->json, "ns_per_block_point", e);
  json_real(bench->json, "plain", p);
  json_real(bench->json, "ns_per_pair", e / BLOCK);
  json_end(bench->json);
  free(v);
  free(sum);
  free(limbs);
  return OK;
}

enum { SIZES = 5 };
static const int64_t sum_words[SIZES] = {1, 301, 3001, 8192, 300001}; /* 3 P + 1 for P points, and 8192 */

enum { NOW, BACKGROUND, WAYS }; /* rank_sum_now; rank_sum_begin and rank_sum_end */

/* us [WAYS]: the microseconds of a sum. The two ways are measured alternately. */
static void time_sum(const struct bench *bench, int64_t words, int64_t *data, int64_t *received, double *us) {
  const struct comm *comm = bench->comm;
  const int repeats = bench_repeats(bench);
  double times[WAYS][BENCH_REPEATS];
  const int rounds = words > 10000 ? 10 : 200;
  for (int t = 0; t < WAYS * repeats; t++) {
    comm_barrier(comm);
    const double start = comm_time();
    for (int r = 0; r < rounds; r++) {
      struct rank_sum sum = {0};
      if (t % WAYS == BACKGROUND)
        rank_sum_begin(comm, data, received, words, 0, &sum);
      else
        rank_sum_now(comm, data, words);
      rank_sum_end(&sum);
    }
    times[t % WAYS][t / WAYS] = 1e6 * (comm_time() - start) / rounds;
  }
  for (int way = 0; way < WAYS; way++) us[way] = bench_median(repeats, times[way]);
}

static void bench_ranks(struct bench *bench) {
  json_array(bench->json, "allreduce");
  if (bench->comm->size == 1) fprintf(bench->out, "sum over ranks: start with mpirun to measure it\n");
  int64_t *data = calloc((size_t)sum_words[SIZES - 1], sizeof *data);
  int64_t *received = calloc((size_t)sum_words[SIZES - 1] * 4, sizeof *received);
  if (!data || !received) die("no memory");
  for (int s = 0; s < SIZES && bench->comm->size > 1; s++) {
    const int64_t words = sum_words[s];
    double us[WAYS];
    time_sum(bench, words, data, received, us);
    const double gb = 8e-3 * (double)words / us[NOW];
    fprintf(bench->out, "sum of %lld words over %d ranks: %.1f us, %.2f GB/s; in the background %.1f us\n",
            (long long)words, bench->comm->size, us[NOW], gb, us[BACKGROUND]);
    json_object(bench->json, NULL);
    json_integer(bench->json, "words", words);
    json_integer(bench->json, "ranks", bench->comm->size);
    json_real(bench->json, "us", us[NOW]);
    json_real(bench->json, "gbytes_per_s", gb);
    json_real(bench->json, "background_us", us[BACKGROUND]);
    json_end(bench->json);
  }
  json_end(bench->json);
  free(data);
  free(received);
}

int bench_sums(struct bench *bench) {
  TRY(bench_exact(bench));
  bench_ranks(bench);
  return OK;
}
