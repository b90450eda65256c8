#include "log/restart_command.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/shell.h"
#include "io/h5.h"
#include "log/provenance.h"

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

static void put_words(FILE *out, const struct words *words) {
  const char *end = words->text + words->length;
  for (const char *word = words->text; word < end; word += strlen(word) + 1) {
    if (strcmp(word, "--fresh") == 0) continue;
    if (strcmp(word, "--stop-at") == 0) {
      word += strlen(word) + 1; /* its value */
      continue;
    }
    if (word != words->text) fputc(' ', out);
    shell_quote(out, word);
  }
}

/* Removes an option and, if it has one, its value from a command whose words are quoted for the shell. */
static void remove_option(char *command, const char *option, bool has_value) {
  const size_t length = strlen(option);
  for (char *at = command; (at = strstr(at, option));) {
    char *end = at + length;
    if (at == command || at[-1] != ' ' || (*end && *end != ' ')) {
      at = end;
      continue;
    }
    if (has_value && *end) end += 1 + strcspn(end + 1, " ");
    memmove(at - 1, end, strlen(end) + 1);
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

/* Returns the command in the provenance of a file, or NULL. */
static char *recorded(struct h5 *file) {
  char *command = NULL, *ranks = NULL, *text = NULL;
  if (h5_get_text(file, "/provenance", "command", &command) == OK &&
      h5_get_text(file, "/provenance", "ranks", &ranks) == OK && strncmp(command, "mckean run ", 11) == 0 &&
      strlen(command) + 1 < sizeof((struct provenance_fact *)0)->value) { /* complete */
    struct words *words = words_of(getpid());
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out) die("no memory for a command line");
    remove_option(command, "--fresh", false);
    remove_option(command, "--stop-at", true);
    if (strcmp(ranks, "1") != 0) fprintf(out, "mpirun -n %s ", ranks);
    shell_quote(out, words ? words->text : "mckean");
    fputs(command + strlen("mckean"), out);
    if (fclose(out) != 0) die("no memory for a command line");
    free(words);
  }
  free(command);
  free(ranks);
  return text;
}

char *restart_command_recorded(const char *path) {
  struct h5 *file;
  if (h5_open(path, false, &file) != OK) return NULL;
  char *command = recorded(file);
  h5_close(file);
  return command;
}
