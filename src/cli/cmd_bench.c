#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "bench.h"
#include "cli/cmd.h"
#include "cli/option.h"
#include "particles/kernel.h"
#include "particles/unit.h"

const char cmd_bench_options[] = "  --quick           ten seconds: fewer cases, less accurate\n"
                                 "  --only PART       kernels, ensembles, online, rows, data, noise, draws,\n"
                                 "                    population, sums or disk (default: all)\n"
                                 "  --disk FOLDER     where checkpoints are written and read\n"
                                 "  --json FILE       results in JSON\n"
                                 "  --d D             dimension of the points, 1 to 1024\n"
                                 "options of kernels, ensembles, online and rows; the default is all for kernels,\n"
                                 "and sigmoid, single and the highest ISA level for the other parts\n"
                                 "  --unit U          unit type; `mckean help unit.type` lists them\n"
                                 "  --precision P     single, mixed or double\n"
                                 "  --isa L           ISA level of this processor; `mckean help run.isa` lists\n"
                                 "                    them\n";

static const struct option options_table[] = {
    OPTION("--quick", option_flag, struct bench, quick),         OPTION("--only", option_text, struct bench, only),
    OPTION("--disk", option_text, struct bench, folder),         OPTION("--json", option_file, struct bench, json_path),
    OPTION("--unit", option_text, struct bench, unit),           OPTION_IN("--d", option_int, struct bench, d, 1, 1024),
    OPTION("--precision", option_text, struct bench, precision), OPTION("--isa", option_text, struct bench, isa),
};

static int parse(int argc, char **argv, struct bench *bench) {
  int rest;
  TRY(option_parse(OPTIONS(options_table), argc, argv, bench, &rest));
  return rest == 0 ? OK : FAIL(USAGE, "bench: expected only options, received \"%s\"", argv[0]);
}

static int known(const char *option, const char *text, int count, const char *(*name)(int i)) {
  for (int i = 0; text && i < count; i++)
    if (strcmp(text, name(i)) == 0) return OK;
  return text ? FAIL(USAGE, "bench: %s: unknown value \"%s\"; see `mckean bench --help`", option, text) : OK;
}
static const char *unit_name(int i) {
  return unit_table[i].name;
}
static const char *precision_name(int i) {
  return precision_names[i];
}
static const char *isa_name(int i) {
  return isa_available((enum isa)i) ? isa_names[i] : "";
}

static const struct {
  const char *name;
  int (*measure)(struct bench *bench);
  bool selects; /* accepts --unit, --precision and --isa */
} part_table[] = {{"kernels", bench_kernels, true}, {"ensembles", bench_ensembles, true},
                  {"online", bench_online, true},   {"rows", bench_rows, true},
                  {"data", bench_data, false},      {"noise", bench_noise, false},
                  {"draws", bench_draws, false},    {"population", bench_population, false},
                  {"sums", bench_sums, false},      {"disk", bench_disk, false}};
enum { PARTS = sizeof part_table / sizeof *part_table };

static const char *part_name(int i) {
  return part_table[i].name;
}

static int check(const struct bench *bench) {
  TRY(known("--only", bench->only, PARTS, part_name));
  TRY(known("--unit", bench->unit, UNIT_TYPES, unit_name));
  TRY(known("--precision", bench->precision, PRECISIONS, precision_name));
  TRY(known("--isa", bench->isa, ISA_LEVELS, isa_name));
  for (int i = 0; i < PARTS; i++)
    if (bench->only && strcmp(bench->only, part_table[i].name) == 0 && !part_table[i].selects &&
        (bench->unit || bench->precision || bench->isa))
      return FAIL(
          USAGE,
          "bench: --only %s does not accept --unit, --precision and --isa; kernels, ensembles, online and rows do",
          bench->only);
  return OK;
}

static int measure(struct bench *bench) {
  for (int i = 0; i < PARTS; i++)
    if (!bench->only || strcmp(bench->only, part_table[i].name) == 0)
      TRY(comm_agree(bench->comm, part_table[i].measure(bench)));
  return comm_agree(bench->comm, json_write(bench->json));
}

int cmd_bench(const struct comm *comm, int argc, char **argv) {
  struct bench bench = {.comm = comm, .self = {MPI_COMM_SELF, 0, 1}};
  TRY(parse(argc, argv, &bench));
  TRY(check(&bench));
  if (!bench.only && (bench.unit || bench.precision || bench.isa || bench.d)) bench.only = "kernels";
  const bool root = comm->rank == 0;
  bench.out = root ? stdout : fopen("/dev/null", "w");
  if (!bench.out) die("/dev/null cannot be opened");
  int status = comm_agree(comm, json_create(root ? bench.json_path : NULL, "mckean-bench", &bench.json));
  if (status == OK) status = measure(&bench);
  if (!root) fclose(bench.out);
  json_free(bench.json);
  return status;
}
