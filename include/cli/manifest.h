/* manifest: a file whose lines are arguments of `mckean run`, one run per line.
 *
 * Words are separated by spaces or tabs. As in a shell, '...' and "..." enclose text with spaces, \ takes the next
 * character literally (in "..." only before " and \), and # at the beginning of a word starts a comment. Nothing else
 * is special: no variables, no patterns. Lines without words contain no run, but they count: the number of a line is
 * that of its array task. This is the only reader of manifests. */
#ifndef MCKEAN_CLI_MANIFEST_H
#define MCKEAN_CLI_MANIFEST_H

#include "parallel/comm.h"

struct manifest {
  char *text;
  int lines;
  char **line; /* [lines], in text */
};

/* Reads a manifest on rank 0. manifest: freed by the caller with manifest_free, also after an error. Collective.
 * USAGE: it cannot be opened. FAILED: a read error. */
int manifest_read(const struct comm *comm, const char *path, struct manifest *manifest);
void manifest_free(struct manifest *manifest); /* Local. */

/* Splits a line, which is overwritten, into words: argv [at least strlen(line) + 2], argv[0] = verb, argv[1] ... point
 * into the line; *argc: 1 if the line has no words. Local. USAGE: a quote is not closed. */
int manifest_split(char *line, char *verb, int *argc, char **argv);

#endif
