/* cmd: the verbs of the command line. A verb is a row of the table in main.c and a file cmd_<verb>.c.
 *
 * All are collective; argv[0] is the verb. They return a status, which is the exit code; its text is printed by main.
 * Only rank 0 prints. */
#ifndef MCKEAN_CLI_CMD_H
#define MCKEAN_CLI_CMD_H

#include "base/comm.h"

int cmd_run(const struct comm *comm, int argc, char **argv);
int cmd_info(const struct comm *comm, int argc, char **argv);
int cmd_verify(const struct comm *comm, int argc, char **argv);
int cmd_compare(const struct comm *comm, int argc, char **argv);
int cmd_analyze(const struct comm *comm, int argc, char **argv);
int cmd_spectrum(const struct comm *comm, int argc, char **argv);
int cmd_advise(const struct comm *comm, int argc, char **argv);
int cmd_bench(const struct comm *comm, int argc, char **argv);
int cmd_help(const struct comm *comm, int argc, char **argv);

#endif
