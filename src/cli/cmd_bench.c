/* bench: the step as users get it (model/dynamics.h: forward, exact sum, residual, gradient, move; one rank, full
 * batch) against OpenBLAS's GEMM on the same core. Every row alternates the two and reports medians, so that a noisy
 * machine disturbs both alike. Counted are 6 d flops per (unit x sample): 2 d forward, 4 d for the gradient. */
#include <cblas.h>
#include <errno.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "cli/cmd.h"
#include "model/dynamics.h"
#include "run/config.h"

enum { GEMM = 384, UNITS = 8192, POINTS = 480, PAIRS_OF_TIMES = 7 };

void openblas_set_num_threads(int threads); /* OpenBLAS's own, declared in a header that cblas.h may hide */

struct request {
  bool quick;
  const char *json, *unit, *precision, *isa; /* NULL: none, all */
  int d;                                     /* 0: some */
};

struct row {
  int unit, d, precision, isa;
  double ns, gflops, fraction;
};

struct bench {
  const struct request *request;
  struct comm self;
  void *a, *b, *c; /* GEMM operands */
  double peak[2];  /* Gflop/s, best seen: single, double */
  int rows;
  struct row *row;
  FILE *out; /* NULL on ranks that do not print */
};

/* ---- what is timed ---- */

static double gemm_gflops(struct bench *bench, bool single) {
  const double start = comm_time();
  if (single)
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, GEMM, GEMM, GEMM, 1, bench->a, GEMM, bench->b, GEMM, 0,
                bench->c, GEMM);
  else
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, GEMM, GEMM, GEMM, 1, bench->a, GEMM, bench->b, GEMM, 0,
                bench->c, GEMM);
  const double gflops = 2e-9 * GEMM * GEMM * GEMM / (comm_time() - start);
  if (gflops > bench->peak[!single]) bench->peak[!single] = gflops;
  return gflops;
}

struct system {
  struct config *config;
  struct target *target;
  struct data *data;
  struct particles *particles;
  struct dynamics *dynamics;
};

static void system_free(struct system *system) {
  dynamics_free(system->dynamics);
  particles_free(system->particles);
  data_free(system->data);
  target_free(system->target);
  config_free(system->config);
}

static int system_create(const struct comm *comm, const struct row *row, struct system *system) {
  char text[1024];
  snprintf(text, sizeof text,
           "run: {precision: %s}\nensemble: {n: %d}\nunit: {type: %s, alpha: %.17g}\n"
           "target: {type: teacher, d: %d}\ndata: {mode: fixed, samples: %d, test: 0}\n"
           "dynamics: {scheme: gd, stages: [{steps: 1000000, dt: 1e-6}]}\n",
           precision_names[row->precision], UNITS, unit_table[row->unit].name, 1.0 / row->d, row->d, POINTS);
  const double cost = POINTS;
  TRY(config_parse("bench", text, &system->config));
  const struct config *config = system->config;
  TRY(target_create(comm, &config->target, &system->target));
  TRY(data_create(system->target, &config->data, &system->data));
  TRY(particles_create(comm, &config->ensemble, &config->unit, row->d, (enum precision)row->precision, &cost,
                       &system->particles));
  particles_init(system->particles, config->seed);
  TRY(dynamics_create(system->particles, system->data, &config->schedule, (enum isa)row->isa, &system->dynamics));
  return dynamics_enter_stage(system->dynamics, 0);
}

static double step_ns(struct system *system, int64_t step) {
  const double start = comm_time();
  dynamics_step(system->dynamics, step, true, NULL);
  return 1e9 * (comm_time() - start) / ((double)UNITS * POINTS);
}

/* ---- rows ---- */

static int measure(struct bench *bench, struct row *row) {
  struct system system = {0};
  const bool single = precision_real((enum precision)row->precision) == sizeof(float);
  double ns[PAIRS_OF_TIMES], fraction[PAIRS_OF_TIMES];
  const int status = system_create(&bench->self, row, &system);
  if (status == OK) {
    step_ns(&system, 0); /* warm */
    for (int i = 0; i < PAIRS_OF_TIMES; i++) {
      const double gemm = gemm_gflops(bench, single);
      ns[i] = step_ns(&system, 1 + i);
      fraction[i] = 6 * row->d / ns[i] / gemm;
    }
    gsl_sort(ns, 1, PAIRS_OF_TIMES);
    gsl_sort(fraction, 1, PAIRS_OF_TIMES);
    row->ns = gsl_stats_median_from_sorted_data(ns, 1, PAIRS_OF_TIMES);
    row->gflops = 6 * row->d / row->ns;
    row->fraction = gsl_stats_median_from_sorted_data(fraction, 1, PAIRS_OF_TIMES);
  }
  system_free(&system);
  return status;
}

static bool wanted(const struct request *request, const struct row *row) {
  if (request->unit && strcmp(request->unit, unit_table[row->unit].name) != 0) return false;
  if (request->precision && strcmp(request->precision, precision_names[row->precision]) != 0) return false;
  if (request->isa && strcmp(request->isa, isa_names[row->isa]) != 0) return false;
  if (request->quick && !request->isa && row->isa != (int)isa_best()) return false;
  return true;
}

static int measure_all(struct bench *bench) {
  static const int some[] = {5, 10, 25, 100};
  const struct request *request = bench->request;
  const int dimensions = request->d ? 1 : request->quick ? 2 : 4;
  bench->row = status_malloc(sizeof *bench->row * UNIT_TYPES * 4 * PRECISIONS * ISA_LEVELS);
  if (bench->out)
    fprintf(bench->out, "%-9s %4s  %-9s %-9s %12s %10s %14s\n", "unit", "d", "precision", "level", "ns per pair",
            "Gflop/s", "of GEMM peak");
  for (int unit = 0; unit < UNIT_TYPES; unit++)
    for (int k = 0; k < dimensions; k++)
      for (int precision = 0; precision < PRECISIONS; precision++)
        for (int isa = 0; isa <= (int)isa_best(); isa++) {
          struct row *row = &bench->row[bench->rows];
          *row = (struct row){.unit = unit, .precision = precision, .isa = isa};
          row->d = request->d ? request->d : request->quick ? some[1 + k] : some[k];
          if (!wanted(request, row)) continue;
          TRY(measure(bench, row));
          bench->rows++;
          if (bench->out)
            fprintf(bench->out, "%-9s %4d  %-9s %-9s %12.3f %10.1f %13.1f%%\n", unit_table[unit].name, row->d,
                    precision_names[precision], isa_names[isa], row->ns, row->gflops, 100 * row->fraction);
        }
  if (bench->out)
    fprintf(
        bench->out,
        "pair = unit x sample, forward and gradient; %d units, %d samples; GEMM peak (best seen) %.1f Gflop/s single, "
        "%.1f double\n",
        UNITS, POINTS, bench->peak[0], bench->peak[1]);
  return OK;
}

static int write_json(const struct bench *bench, const char *path) {
  FILE *out = fopen(path, "w");
  if (!out) return FAIL(FAILED, "%s: cannot write: %s", path, strerror(errno));
  fprintf(out, "{\n  \"gemm_peak\": {\"single\": %.6g, \"double\": %.6g},\n  \"kernels\": [", bench->peak[0],
          bench->peak[1]);
  for (int i = 0; i < bench->rows; i++) {
    const struct row *row = &bench->row[i];
    fprintf(out,
            "%s\n    {\"unit\": \"%s\", \"d\": %d, \"precision\": \"%s\", \"isa\": \"%s\", \"ns_per_pair\": %.6g, "
            "\"gflops\": %.6g, \"peak_fraction\": %.6g}",
            i ? "," : "", unit_table[row->unit].name, row->d, precision_names[row->precision], isa_names[row->isa],
            row->ns, row->gflops, row->fraction);
  }
  fputs("\n  ]\n}\n", out);
  const bool bad = ferror(out) != 0;
  return fclose(out) != 0 || bad ? FAIL(FAILED, "%s: cannot write: %s", path, strerror(errno)) : OK;
}

static int parse(int argc, char **argv, struct request *request) {
  const struct {
    const char *name;
    const char **text;
  } options[] = {{"--json", &request->json},
                 {"--unit", &request->unit},
                 {"--precision", &request->precision},
                 {"--isa", &request->isa}};
  for (int i = 1; i < argc; i++) {
    bool found = strcmp(argv[i], "--quick") == 0;
    if (found) request->quick = true;
    if (strcmp(argv[i], "--d") == 0 && i + 1 < argc) {
      request->d = atoi(argv[++i]);
      found = request->d >= 1 && request->d <= 1024;
    }
    for (size_t o = 0; o < sizeof options / sizeof *options && !found; o++)
      if (strcmp(argv[i], options[o].name) == 0 && i + 1 < argc) {
        *options[o].text = argv[++i];
        found = true;
      }
    if (!found)
      return FAIL(USAGE,
                  "bench: unknown option or value \"%s\"; options: --quick, --json FILE, and to select rows --unit U, "
                  "--d D, --precision P, --isa L",
                  argv[i]);
  }
  return OK;
}

static int known(const char *option, const char *text, int count, const char *(*name)(int i)) {
  for (int i = 0; text && i < count; i++)
    if (strcmp(text, name(i)) == 0) return OK;
  return text ? FAIL(USAGE, "bench: %s: \"%s\" is not known here", option, text) : OK;
}
static const char *unit_name(int i) {
  return unit_table[i].name;
}
static const char *precision_name(int i) {
  return precision_names[i];
}
static const char *isa_name(int i) {
  return isa_names[i];
}

static int check(const struct request *request) {
  TRY(known("--unit", request->unit, UNIT_TYPES, unit_name));
  TRY(known("--precision", request->precision, PRECISIONS, precision_name));
  return known("--isa", request->isa, (int)isa_best() + 1, isa_name);
}

int cmd_bench(const struct comm *comm, int argc, char **argv) {
  struct request request = {0};
  TRY(parse(argc, argv, &request));
  TRY(check(&request));
  struct bench bench = {.request = &request, .self = {MPI_COMM_SELF, 0, 1}, .out = comm->rank == 0 ? stdout : NULL};
  openblas_set_num_threads(1);
  void **operand[] = {&bench.a, &bench.b, &bench.c};
  int status = OK;
  for (int i = 0; i < 3 && status == OK; i++) status = status_array(operand[i], GEMM * GEMM, sizeof(double), "GEMM");
  if (status == OK) {
    memset(bench.a, 0, GEMM * GEMM * sizeof(double));
    memset(bench.b, 0, GEMM * GEMM * sizeof(double));
    status = measure_all(&bench);
  }
  if (status == OK && request.json && comm->rank == 0) status = write_json(&bench, request.json);
  for (int i = 0; i < 3; i++) free(*operand[i]);
  free(bench.row);
  return comm_agree(comm, status);
}
