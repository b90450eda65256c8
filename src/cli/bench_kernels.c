/* The time of a step (outputs, exact sums, residuals, gradient and update; one rank, full batch) compared with the GEMM
 * of OpenBLAS on the same core. A (unit x point) pair counts as 6 d flops: 2 d for the outputs, 4 d for the
 * gradient. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/openblas.h"
#include "bench.h"
#include "bench_peak.h"

enum { UNITS = 32768, POINTS = 480 }; /* too many for the activations to be kept (dynamics/activations.h) */

struct peaks {
  struct openblas_gemm blas;
  double gemm[2], fma[ISA_LEVELS][2]; /* highest Gflop/s measured: single, double */
};

struct row {
  int unit, d, precision, isa;
  double ns, gflops;
  double fraction, fma_fraction; /* of the speeds of GEMM and of FMA in registers at this level */
  size_t bytes;                  /* memory of the parameters of one unit */
};

/* ---- measured functions ---- */

static double gemm_gflops(struct peaks *peaks, bool single) {
  const double gflops = 1e-9 * openblas_gemm_flops(&peaks->blas, single);
  if (gflops > peaks->gemm[!single]) peaks->gemm[!single] = gflops;
  return gflops;
}

static double fma_gflops(struct peaks *peaks, int isa, bool single) {
  static const struct bench_peak *const table[ISA_LEVELS] = {ISA_TABLE(bench_peak)};
  enum { ROUNDS = 200000 };
  double sink;
  const double start = comm_time();
  const double flops = single ? table[isa]->single(ROUNDS, &sink) : table[isa]->in_double(ROUNDS, &sink);
  const double gflops = sink > 0 ? 1e-9 * flops / (comm_time() - start) : 0;
  if (gflops > peaks->fma[isa][!single]) peaks->fma[isa][!single] = gflops;
  return gflops;
}

static int create_problem(const struct comm *comm, const struct row *row, struct problem *problem) {
  char text[1024];
  snprintf(text, sizeof text,
           "run: {precision: %s, isa: %s}\nensemble: {n: %d}\nunit: {type: %s, alpha: %.17g}\n"
           "target: {type: teacher, d: %d}\ndata: {mode: fixed, samples: %d, test: 0}\n"
           "dynamics: {scheme: gd, stages: [{steps: 1000000, dt: 1e-6}]}\n",
           precision_names[row->precision], isa_names[row->isa], UNITS, unit_table[row->unit].name, 1.0 / row->d,
           row->d, POINTS);
  return bench_problem(comm, text, problem);
}

static double step_ns(const struct problem *problem, int64_t step) {
  const double start = comm_time();
  dynamics_step(problem->dynamics, step, problem->config->schedule.stage[0].dt, NULL);
  return 1e9 * (comm_time() - start) / ((double)UNITS * POINTS);
}

/* ---- rows ---- */

static int measure(const struct bench *bench, struct peaks *peaks, struct row *row) {
  struct problem problem;
  const int repeats = bench_repeats(bench);
  const bool single = precision_real((enum precision)row->precision) == sizeof(float);
  double ns[BENCH_REPEATS], fraction[BENCH_REPEATS], fma[BENCH_REPEATS];
  const int status = create_problem(&bench->self, row, &problem);
  if (status == OK) {
    step_ns(&problem, 0); /* warm up */
    for (int i = 0; i < repeats; i++) {
      const double gflops = gemm_gflops(peaks, single), peak = fma_gflops(peaks, row->isa, single);
      ns[i] = step_ns(&problem, 1 + i);
      fraction[i] = 6 * row->d / ns[i] / gflops;
      fma[i] = 6 * row->d / ns[i] / peak;
    }
    row->ns = bench_median(repeats, ns);
    row->gflops = 6 * row->d / row->ns;
    row->bytes = problem.particles->tile_bytes / TILE;
    row->fraction = bench_median(repeats, fraction);
    row->fma_fraction = bench_median(repeats, fma);
  }
  problem_free(&problem);
  return status;
}

static bool wanted(const struct bench *bench, const struct row *row) {
  if (!isa_available((enum isa)row->isa)) return false;
  if (bench->unit && strcmp(bench->unit, unit_table[row->unit].name) != 0) return false;
  if (bench->precision && strcmp(bench->precision, precision_names[row->precision]) != 0) return false;
  if (bench->isa && strcmp(bench->isa, isa_names[row->isa]) != 0) return false;
  return !bench->quick || bench->isa || row->isa == (int)isa_best();
}

static int report_row(const struct bench *bench, struct peaks *peaks, struct row *row) {
  TRY(measure(bench, peaks, row));
  const char *unit = unit_table[row->unit].name, *precision = precision_names[row->precision],
             *isa = isa_names[row->isa];
  fprintf(bench->out, "%-9s %4d  %-9s %-9s %12.3f %10.1f %9.1f%% %9.1f%%\n", unit, row->d, precision, isa, row->ns,
          row->gflops, 100 * row->fraction, 100 * row->fma_fraction);
  json_object(bench->json, NULL);
  json_text(bench->json, "unit", unit);
  json_integer(bench->json, "d", row->d);
  json_text(bench->json, "precision", precision);
  json_text(bench->json, "isa", isa);
  json_real(bench->json, "ns_per_pair", row->ns);
  json_real(bench->json, "gflops", row->gflops);
  json_real(bench->json, "peak_fraction", row->fraction);
  json_real(bench->json, "fma_fraction", row->fma_fraction);
  json_integer(bench->json, "bytes_per_unit", (int64_t)row->bytes);
  json_end(bench->json);
  return OK;
}

static int report_rows(const struct bench *bench, struct peaks *peaks) {
  const struct bench_dimensions dimensions = bench_dimensions(bench, 4);
  for (int unit = 0; unit < UNIT_TYPES; unit++)
    for (int k = 0; k < dimensions.count; k++)
      for (int precision = 0; precision < PRECISIONS; precision++)
        for (int isa = 0; isa < ISA_LEVELS; isa++) {
          struct row row = {.unit = unit, .d = dimensions.d[k], .precision = precision, .isa = isa};
          if (!wanted(bench, &row)) continue;
          TRY(report_row(bench, peaks, &row));
        }
  return OK;
}

static void print_peaks(const struct bench *bench, const char *name, const double peak[2]) {
  fprintf(bench->out, "%s:", name);
  for (int i = 0; i < 2; i++) /* only the precisions that were measured */
    if (peak[i] > 0) fprintf(bench->out, " %s %.1f Gflop/s", i ? "double" : "single", peak[i]);
  fputc('\n', bench->out);
}

static void json_peaks(const struct bench *bench, const double peak[2]) {
  for (int i = 0; i < 2; i++)
    if (peak[i] > 0) json_real(bench->json, i ? "double" : "single", peak[i]);
}

static void report_peaks(const struct bench *bench, const struct peaks *peaks) {
  char name[64];
  snprintf(name, sizeof name, "GEMM peak (best measured, OpenBLAS for %s)", openblas_core());
  print_peaks(bench, name, peaks->gemm);
  json_object(bench->json, "gemm_peak");
  json_text(bench->json, "core", openblas_core());
  json_peaks(bench, peaks->gemm);
  json_end(bench->json);
  json_object(bench->json, "fma_peak");
  for (int isa = 0; isa < ISA_LEVELS; isa++) {
    if (peaks->fma[isa][0] <= 0 && peaks->fma[isa][1] <= 0) continue;
    snprintf(name, sizeof name, "FMA peak (best measured, ISA level %s)", isa_names[isa]);
    print_peaks(bench, name, peaks->fma[isa]);
    json_object(bench->json, isa_names[isa]);
    json_peaks(bench, peaks->fma[isa]);
    json_end(bench->json);
  }
  json_end(bench->json);
}

int bench_kernels(struct bench *bench) {
  struct peaks peaks = {0};
  openblas_threads(1);
  int status = openblas_gemm_create(&peaks.blas);
  fprintf(bench->out, "%-9s %4s  %-9s %-9s %12s %10s %10s %10s\n", "unit", "d", "precision", "ISA level", "ns per pair",
          "Gflop/s", "of GEMM", "of FMA");
  json_array(bench->json, "kernels");
  if (status == OK) status = report_rows(bench, &peaks);
  fprintf(bench->out, "pair = unit x point, forward and gradient (6 d flops); %d units, %d points\n", UNITS, POINTS);
  json_end(bench->json);
  report_peaks(bench, &peaks);
  if (!openblas_matches_cpu())
    fprintf(
        bench->out,
        "warning: OpenBLAS uses kernels for %s, below the ISA level of this processor, so fractions of GEMM are too "
        "large; unset OPENBLAS_CORETYPE, or use a newer OpenBLAS\n",
        openblas_core());
  fprintf(bench->out, "memory per unit: 4 (d + 2) bytes single, 8 (d + 2) mixed and double\n");
  openblas_gemm_free(&peaks.blas);
  return status;
}
