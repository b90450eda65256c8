#include "log/restart_command.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"

enum { LONGEST = 1 << 16 }; /* longest command line in bytes */

/* The command line of a process: words, each terminated by a zero byte. */
struct words {
  size_t length;
  char text[LONGEST + 1];
};

/* Returns the command line of a process, or NULL if it cannot be read. */
static struct words *words_of(int process) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/cmdline", process);
  FILE *file = fopen(path, "re");
  if (!file) return NULL;
  struct words *words = alloc_small(sizeof *words);
  words->length = fread(words->text, 1, LONGEST, file);
  words->text[words->length] = 0;
  fclose(file);
  return words;
}

static bool is_mpirun(const char *program) {
  const char *slash = strrchr(program, '/'), *name = slash ? slash + 1 : program;
  return strcmp(name, "mpirun") == 0 || strcmp(name, "mpiexec") == 0 || strcmp(name, "orterun") == 0 ||
         strcmp(name, "prterun") == 0;
}

static bool plain(const char *word) {
  if (!*word) return false;
  for (const char *c = word; *c; c++)
    if (!isalnum((unsigned char)*c) && !strchr("_@%+=:,./-", *c)) return false;
  return true;
}

/* Writes a word quoted for the shell, on one line of valid text. */
static void quote(FILE *out, const char *word) {
  if (plain(word)) {
    fputs(word, out);
    return;
  }
  const bool odd = !utf8_is_plain(word);
  fputs(odd ? "$'" : "'", out);
  for (const char *c = word; *c; c++) {
    if (odd && (*c & 0x80 || iscntrl((unsigned char)*c)))
      fprintf(out, "\\%03o", (unsigned char)*c);
    else if (odd && (*c == '\'' || *c == '\\'))
      fprintf(out, "\\%c", *c);
    else if (*c == '\'')
      fputs("'\\''", out);
    else
      fputc(*c, out);
  }
  fputc('\'', out);
}

static void put_words(FILE *out, const struct words *words) {
  const char *end = words->text + words->length;
  for (const char *word = words->text; word < end; word += strlen(word) + 1) {
    if (strcmp(word, "--fresh") == 0) continue;
    if (strcmp(word, "--stop-at") == 0) {
      word += strlen(word) + 1; /* its value */
      continue;
    }
    if (word != words->text) fputc(' ', out);
    quote(out, word);
  }
}

static void put_command(FILE *out, int ranks) {
  struct words *words = words_of(getppid());
  if (!words || !is_mpirun(words->text)) {
    free(words);
    words = words_of(getpid());
    if (ranks > 1) fprintf(out, "%s -n %d ", getenv("SLURM_STEP_ID") ? "srun --mpi=pmix" : "mpirun", ranks);
  }
  if (words) put_words(out, words);
  free(words);
}

char *restart_command(int ranks) {
  char *command = NULL;
  size_t size;
  FILE *out = open_memstream(&command, &size);
  if (!out) die("no memory for a command line");
  const char *given = getenv("MCKEAN_AGAIN");
  if (given && *given)
    fputs(given, out);
  else
    put_command(out, ranks);
  if (fclose(out) != 0) die("no memory for a command line");
  return command;
}
