/* cmd: the verbs of the command line. A verb is a row of the table in verb.c and a file cmd_<verb>.c.
 *
 * Commands are collective. argv[0] is the verb; a command may reorder argv. A command returns a status, from which main
 * derives the exit code (base/error.h); main prints the error text. Only rank 0 prints.
 *
 * cmd_<verb>_options is the text that `mckean VERB --help` prints below the usage. It has a line for each option, such
 * as "  --seed S  seed of the draws", and may have such lines for arguments and exit codes: two spaces before the label
 * and at least two before the description. Continuation lines start with more than two spaces. A line without a label
 * starts with no space, or with two if it contains no other double space. tools/manual generates the man page and the
 * shell completions from these texts. */
#ifndef MCKEAN_CLI_CMD_H
#define MCKEAN_CLI_CMD_H

#include "parallel/comm.h"
#include "run/simulation.h"

struct verb {
  const char *name, *arguments, *help; /* arguments, help: texts of the usage */
  int (*command)(const struct comm *comm, int argc, char **argv);
  const char *options;
  bool blas;   /* the command uses OpenBLAS */
  bool prints; /* the printed output is the result, so a failed write to stdout is an error */
  bool stops;  /* signals request the end of the command (run/stop.h) */
};
extern const struct verb verb_table[];
extern const int verb_count;
extern const char verb_exit_codes[]; /* for the usage and the man page */

int cmd_run(const struct comm *comm, int argc, char **argv);
int cmd_info(const struct comm *comm, int argc, char **argv);
int cmd_verify(const struct comm *comm, int argc, char **argv);
int cmd_compare(const struct comm *comm, int argc, char **argv);
int cmd_status(const struct comm *comm, int argc, char **argv);
int cmd_analyze(const struct comm *comm, int argc, char **argv);
int cmd_predict(const struct comm *comm, int argc, char **argv);
int cmd_spectrum(const struct comm *comm, int argc, char **argv);
int cmd_advise(const struct comm *comm, int argc, char **argv);
int cmd_eval(const struct comm *comm, int argc, char **argv);
int cmd_import(const struct comm *comm, int argc, char **argv);
int cmd_targets(const struct comm *comm, int argc, char **argv);
int cmd_bench(const struct comm *comm, int argc, char **argv);
int cmd_help(const struct comm *comm, int argc, char **argv);

/* The options of `mckean run`. */
struct run_request {
  struct simulation_options simulation; /* set stop_at = -1 before parsing */
  bool dry_run;
  const char *manifest; /* --manifest FILE --line N; cmd_run_parse refuses them, because the line has all arguments */
  int line;
  const char *json; /* --json FILE, the forecast of the dry run; or NULL */
};

/* Local. Parses the arguments of `mckean run`. Moves the input file and the overrides to argv[0] .. argv[*rest - 1], so
 * *rest >= 1. USAGE: an unknown option, a wrong value, no input file, or --json without --dry-run. */
int cmd_run_parse(int argc, char **argv, struct run_request *request, int *rest);

extern const char cmd_run_options[], cmd_info_options[], cmd_verify_options[], cmd_compare_options[],
    cmd_status_options[], cmd_analyze_options[], cmd_predict_options[], cmd_spectrum_options[], cmd_advise_options[],
    cmd_eval_options[], cmd_import_options[], cmd_targets_options[], cmd_bench_options[], cmd_help_options[];

#endif
