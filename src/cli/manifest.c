#include "cli/manifest.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "io/relative_path.h"

static int read_file(const char *path, char **text, size_t *size) {
  FILE *in = fopen(path, "r");
  if (!in) return FAIL(USAGE, "%s: cannot read this manifest: %s", path, strerror(errno));
  FILE *out = open_memstream(text, size);
  if (!out) die("no memory for a manifest");
  for (int c; (c = fgetc(in)) != EOF;) fputc(c, out);
  const bool bad = ferror(in) != 0;
  fclose(in);
  fclose(out);
  return bad ? FAIL(USAGE, "%s: cannot read this manifest: %s", path, strerror(errno)) : OK;
}

int manifest_read(const struct comm *comm, const char *path, struct manifest *manifest) {
  *manifest = (struct manifest){0};
  size_t size = 0;
  TRY(comm_agree(comm, comm->rank == 0 ? read_file(path, &manifest->text, &size) : OK));
  int64_t bytes = (int64_t)size + 1;
  comm_bcast(comm, &bytes, sizeof bytes, 0);
  if (comm->rank != 0) manifest->text = alloc_small((size_t)bytes);
  comm_bcast(comm, manifest->text, bytes, 0);
  manifest->line = alloc_small(sizeof *manifest->line * (size_t)bytes);
  static const char byte_order_mark[] = "\xef\xbb\xbf"; /* written by some editors */
  char *rest = manifest->text;
  if (strncmp(rest, byte_order_mark, strlen(byte_order_mark)) == 0) rest += strlen(byte_order_mark);
  for (char *line; (line = strsep(&rest, "\n"));)
    if (rest || *line) manifest->line[manifest->lines++] = line; /* the text after the last newline may be empty */
  return OK;
}

void manifest_free(struct manifest *manifest) {
  free(manifest->text);
  free(manifest->line);
  *manifest = (struct manifest){0};
}

/* Moves the word at *from to `to`, without its quotes. Returns the position after the word in the result, or NULL if a
 * quote is not closed. */
static char *take_word(char **from, char *to) {
  char quote = 0;
  const char *c = *from;
  for (; *c && (quote || !strchr(" \t\r", *c)); c++) {
    const bool escapes = *c == '\\' && quote != '\'' && c[1] && (!quote || strchr("\"\\", c[1]));
    if (escapes)
      *to++ = *++c;
    else if (*c == quote)
      quote = 0;
    else if (!quote && (*c == '"' || *c == '\''))
      quote = *c;
    else
      *to++ = *c;
  }
  *from += c - *from;
  return quote ? NULL : to;
}

/* argv [strlen(line) + 2] */
static int split(char *line, int *argc, char **argv) {
  char *from = line, *to = line;
  for (from += strspn(from, " \t\r"); *from && *from != '#'; from += strspn(from, " \t\r")) {
    argv[(*argc)++] = to;
    to = take_word(&from, to);
    if (!to) return FAIL(USAGE, "a quote is not closed");
    if (*from) from++; /* skips the separator, which the next line may overwrite */
    *to++ = 0;
  }
  return OK;
}

int manifest_words(const struct comm *comm, const char *path, struct manifest *manifest, int i, char *verb, int *argc,
                   char ***argv) {
  char **word = alloc_small(sizeof *word * (strlen(manifest->line[i]) + 3));
  word[0] = verb;
  *argc = 1;
  *argv = word;
  TRY(split(manifest->line[i], argc, word));
  word[*argc] = NULL;
  if (*argc < 2 || strlen(word[1]) >= sizeof manifest->input) return OK;
  snprintf(manifest->input, sizeof manifest->input, "%s", word[1]);
  relative_path_resolve(comm, path, manifest->input, sizeof manifest->input);
  word[1] = manifest->input;
  return OK;
}
