#include "store/output_folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "io/durable_file.h"

/* USAGE: path is a symbolic link to nothing. */
static int check_link(const char *path) {
  struct stat found;
  char to[PATH_BYTES] = "";
  if (stat(path, &found) == 0 || readlink(path, to, sizeof to - 1) < 0) return OK;
  return FAIL(USAGE, "%s: this link leads to %s, which does not exist; create it, or choose another run.output", path,
              to);
}

static int make_folder(const char *path) {
  char part[PATH_BYTES];
  for (const char *end = path; end;) {
    end = strchr(end + 1, '/');
    snprintf(part, sizeof part, "%.*s", end ? (int)(end - path) : (int)strlen(path), path);
    if (mkdir(part, 0777) == 0 || errno == EEXIST) {
      struct stat found;
      if (stat(part, &found) == 0 && S_ISDIR(found.st_mode)) continue;
      TRY(check_link(part));
      return FAIL(USAGE, "%s: expected an output folder, but this is a file; choose another run.output", part);
    }
    if (errno == ENOTDIR)
      return FAIL(USAGE, "%s: a part of this path is a file, not a folder; choose another run.output", part);
    return durable_file_fail(errno, "%s: cannot create the output folder", part);
  }
  return OK;
}

static int make_folders(const char *output) {
  char checkpoints[PATH_BYTES];
  snprintf(checkpoints, sizeof checkpoints, "%s/checkpoints", output);
  return make_folder(checkpoints);
}

/* ---- the files of a run ---- */

/* What a run and its analysis write to the folder, in the order in which start_over moves it: a run that is killed
 * meanwhile leaves checkpoints without a history, which are reported. start: how the content begins, if a run would
 * truncate, remove or extend the file; NULL: other code checks the file. A file that is empty, or was after a crash of
 * the system (zeros), may be replaced. */
static const struct run_file {
  const char *name, *start;
} file_table[] = {{"history.h5", NULL},
                  {"history.previous.h5", NULL},
                  {"history.h5.damaged", NULL},
                  {"checkpoints", NULL},
                  {"run.log", "mckean "},
                  {"live", "token "},
                  {"analysis.h5", NULL},
                  {"summary.json", "{\n  \"format\": \"mckean-summary\""},
                  {"analysis.json", NULL},
                  {"analysis.txt", NULL},
                  {"plots", NULL}};
enum { FILES = sizeof file_table / sizeof *file_table };
static const struct run_file lock_file = {"lock", "token "}; /* which stays: it is held while the others move */

static int check_file(const char *output, const struct run_file *file) {
  char path[PATH_BYTES], start[64] = "";
  struct stat found;
  snprintf(path, sizeof path, "%s/%s", output, file->name);
  if (!file->start || stat(path, &found) != 0 || !(S_ISREG(found.st_mode) || S_ISDIR(found.st_mode))) return OK;
  FILE *in = S_ISREG(found.st_mode) ? fopen(path, "re") : NULL;
  if (!in && S_ISREG(found.st_mode)) return OK; /* unreadable; opening it for writing reports this */
  if (in) (void)!fread(start, 1, sizeof start - 1, in);
  if (in) fclose(in);
  return in && (!*start || strncmp(start, file->start, strlen(file->start)) == 0)
             ? OK
             : FAIL(USAGE,
                    "%s: a run writes a file of this name, but this one was not written by a run; choose another "
                    "run.output, or move that file away",
                    path);
}

/* In a folder with a history, all these names belong to its run, whose log may lack its first line (full disk). */
static int check_files(const char *output) {
  char history[PATH_BYTES];
  snprintf(history, sizeof history, "%s/history.h5", output);
  if (access(history, F_OK) == 0) return OK;
  TRY(check_file(output, &lock_file));
  for (int i = 0; i < FILES; i++) TRY(check_file(output, &file_table[i]));
  return OK;
}

/* ---- starting over ---- */

/* Creates the first unused folder output.N. If output is a symbolic link, its target has the name, because the link may
 * lead to a large disk. */
static int create_aside(const char *output, char **aside) {
  struct stat kind;
  const size_t length = strlen(output);
  const bool dots = length > 0 && (output[length - 1] == '.' || output[length - 1] == '/');
  char *resolved = dots || (lstat(output, &kind) == 0 && S_ISLNK(kind.st_mode)) ? realpath(output, NULL) : NULL;
  const char *folder = resolved ? resolved : output;
  const size_t size = strlen(folder) + 16;
  char *name = alloc_small(size);
  bool created = false;
  for (int i = 1; i < 1000000 && !created; i++) {
    snprintf(name, size, "%s.%d", folder, i);
    created = mkdir(name, 0777) == 0;
    if (!created && errno != EEXIST) break;
  }
  const int error = errno;
  free(resolved);
  *aside = name;
  return created ? OK : durable_file_fail(error, "%s: cannot create this folder for the files of the old run", name);
}

/* Moves the files of the old run to a new folder. All other files, such as inputs, notes and other runs below this
 * folder, stay. */
static int start_over(const char *output, char **aside) {
  int status = create_aside(output, aside);
  for (int i = 0; i < FILES && status == OK; i++) {
    char from[PATH_BYTES], to[PATH_BYTES];
    snprintf(from, sizeof from, "%s/%s", output, file_table[i].name);
    snprintf(to, sizeof to, "%s/%s", *aside, file_table[i].name);
    if (rename(from, to) != 0 && errno != ENOENT)
      status = durable_file_fail(errno, "%s: cannot move it to %s", from, to);
  }
  if (status == OK) return make_folders(output);
  rmdir(*aside);
  free(*aside);
  *aside = NULL;
  return status;
}

bool output_folder_holds_run(const char *output) {
  static const char *const written[] = {"history.h5", "run.log", "summary.json"};
  char path[PATH_BYTES];
  bool found = false;
  for (size_t i = 0; i < sizeof written / sizeof *written && !found; i++) {
    snprintf(path, sizeof path, "%s/%s", output, written[i]);
    found = access(path, F_OK) == 0;
  }
  snprintf(path, sizeof path, "%s/checkpoints", output);
  DIR *directory = opendir(path);
  for (const struct dirent *entry; directory && (entry = readdir(directory));) found = found || entry->d_name[0] != '.';
  if (directory) closedir(directory);
  return found;
}

int output_folder_open(const char *output, bool fresh, struct lock **lock, char **aside) {
  char checkpoints[PATH_BYTES];
  *aside = NULL;
  TRY(make_folders(output));
  TRY(check_files(output));
  TRY(lock_take(output, lock));
  int status = fresh && output_folder_holds_run(output) ? start_over(output, aside) : OK;
  if (status != OK) {
    lock_release(*lock);
    *lock = NULL;
    return status;
  }
  snprintf(checkpoints, sizeof checkpoints, "%s/checkpoints", output);
  output_folder_clean(output);
  output_folder_clean(checkpoints);
  return OK;
}

/* Returns whether a run uses this name for an unfinished file. */
static bool is_temporary(const char *name) {
  static const char *const finished[] = {".history.h5.tmp-", ".history.previous.h5.tmp-", ".summary.json.tmp-",
                                         ".live.tmp-", ".lock.tmp-gone"};
  for (size_t i = 0; i < sizeof finished / sizeof *finished; i++)
    if (strncmp(name, finished[i], strlen(finished[i])) == 0) return true;
  return strncmp(name, ".step-", strlen(".step-")) == 0 && strstr(name, ".h5.tmp-");
}

void output_folder_clean(const char *folder) {
  DIR *directory = opendir(folder);
  if (!directory) return;
  for (const struct dirent *entry; (entry = readdir(directory));)
    if (is_temporary(entry->d_name)) unlinkat(dirfd(directory), entry->d_name, 0);
  closedir(directory);
}

int output_folder_same(const struct comm *comm, const char *output) {
  char path[PATH_BYTES], what[PATH_BYTES + 100], content[1024] = "";
  snprintf(path, sizeof path, "%s/lock", output);
  snprintf(what, sizeof what, "the content of %s", path);
  FILE *file = fopen(path, "rb");
  if (file) {
    content[fread(content, 1, sizeof content - 1, file)] = 0;
    fclose(file);
  }
  for (char *c = content; *c; c++)
    if (*c == '\n') *c = ';';
  return comm_same(
      comm, what, content,
      "run.output must be a folder on a file system that all nodes share; give its absolute path if ranks start in "
      "different folders");
}

int output_folder_probe(const char *output, char *folder) {
  struct stat found = {0};
  snprintf(folder, 4096, "%s", output);
  while (stat(folder, &found) != 0 && strcmp(folder, ".") != 0) {
    TRY(check_link(folder));
    char *end = strrchr(folder, '/');
    while (end && end > folder && !end[1]) { /* a trailing slash, as in "new/" */
      *end = 0;
      end = strrchr(folder, '/');
    }
    if (end && end > folder)
      *end = 0;
    else
      strcpy(folder, end ? "/" : ".");
  }
  if (!S_ISDIR(found.st_mode))
    return FAIL(USAGE, "%s: expected an output folder, but this is a file; choose another run.output", folder);
  return access(folder, W_OK | X_OK) == 0
             ? OK
             : FAIL(FAILED, "%s: cannot write there: %s; choose another run.output", folder, strerror(errno));
}
