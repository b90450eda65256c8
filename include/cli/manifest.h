/* manifest: a file whose lines are arguments of `mckean run`, one run per line.
 *
 * Words are separated by spaces or tabs. As in a shell, '...' and "..." enclose text with spaces, \ takes the next
 * character literally (in "..." only before " and \), and # at the beginning of a word starts a comment. Nothing else
 * is special: no variables, no patterns. A byte order mark and carriage returns are ignored. A relative path of an
 * input is resolved from the working folder or, if there is no such file, from the folder of the manifest. Lines
 * without words contain no run, but they count: the number of a line is that of its array task. This is the only reader
 * of manifests. */
#ifndef MCKEAN_CLI_MANIFEST_H
#define MCKEAN_CLI_MANIFEST_H

#include "parallel/comm.h"

struct manifest {
  char *text;
  int lines;
  char **line; /* [lines], in text */
  char input[4096];
};

/* Reads a manifest on rank 0. manifest: freed by the caller with manifest_free, also after an error. Collective.
 * USAGE: it cannot be read. */
int manifest_read(const struct comm *comm, const char *path, struct manifest *manifest);
void manifest_free(struct manifest *manifest); /* Local. */

/* Splits line i, counted from 0, once, into words: argv[0] = verb, argv[1] ... point into the manifest; the last
 * pointer is NULL. *argc: 1 if the line has no words. path: of the manifest. The caller frees *argv, also after an
 * error. Collective. USAGE: a quote is not closed. */
int manifest_words(const struct comm *comm, const char *path, struct manifest *manifest, int i, char *verb, int *argc,
                   char ***argv);

#endif
