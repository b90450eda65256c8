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
#include "io/h5.h"
#include "io/json.h"
#include "io/result_file.h"

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

static bool starts_with(const char *path, const char *text) {
  char start[64] = "";
  const size_t length = strlen(text);
  FILE *file = fopen(path, "rbe");
  if (file) (void)!fread(start, 1, length, file);
  if (file) fclose(file);
  return strncmp(start, text, length) == 0;
}

static bool is_log(const char *path) {
  return starts_with(path, "mckean ");
}

static bool is_token(const char *path) {
  return starts_with(path, "token ");
}

static bool is_summary(const char *path) {
  return json_is_result(path, "mckean-summary");
}

static bool is_analysis(const char *path) {
  return h5_is_format(path, "mckean-analysis");
}
static bool is_prediction(const char *path) {
  return h5_is_format(path, "mckean-prediction");
}

static bool is_analysis_json(const char *path) {
  return json_is_result(path, "mckean-analysis");
}

static bool is_picture(const char *path) {
  static const char mark[] = "tEXtSoftware\0McKean"; /* the PNG metadata of the tools */
  char start[1024];
  FILE *file = fopen(path, "rbe");
  const size_t bytes = file ? fread(start, 1, sizeof start, file) : 0;
  if (file) fclose(file);
  return memmem(start, bytes, mark, sizeof mark - 1) != NULL;
}

/* Returns whether a run gives a file in checkpoints/ this name, which a damaged file keeps. */
static bool is_checkpoint(const char *path) {
  return strncmp(strrchr(path, '/') + 1, "step-", 5) == 0;
}

/* Whether a run is refused if the user has a file with the name of a file that it truncates, removes or extends. In a
 * folder with a history, the log belongs to its run, although it may lack its first line (full disk), and json_create
 * (io/json.h) keeps summary.json of a user. */
enum refused { NEVER, WITHOUT_HISTORY, ALWAYS };

/* What a run and its analysis write to the folder, in the order in which start_over moves it: a run that is killed
 * during the move leaves checkpoints without a history, which are reported. written: returns whether a run or its
 * analysis wrote the file, or a file in the folder; NULL: the name decides, because a damaged history may have lost
 * its signature. A name that ends with * stands for all names that begin with the text before it. */
static const struct run_file {
  const char *name;
  bool (*written)(const char *path);
  bool folder;
  enum refused refused;
} file_table[] = {{"history.h5", NULL, false, NEVER},
                  {"history.previous.h5", NULL, false, NEVER},
                  {"history.h5.damaged*", NULL, false, NEVER},
                  {"checkpoints", is_checkpoint, true, NEVER},
                  {"run.log", is_log, false, WITHOUT_HISTORY},
                  {"live", is_token, false, ALWAYS},
                  {"analysis.h5", is_analysis, false, NEVER},
                  {"prediction.h5", is_prediction, false, NEVER},
                  {"summary.json", is_summary, false, WITHOUT_HISTORY},
                  {"analysis.json", is_analysis_json, false, NEVER},
                  {"analysis.txt", result_file_is_tables, false, NEVER},
                  {"plots", is_picture, true, NEVER}};
enum { FILES = sizeof file_table / sizeof *file_table };
/* The lock stays: it is held while the others move. */
static const struct run_file lock_file = {"lock", is_token, false, ALWAYS};

static bool has_history(const char *output) {
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "%s/history.h5", output);
  return access(path, F_OK) == 0;
}

static int check_file(const char *output, const struct run_file *file) {
  char path[PATH_BYTES];
  struct stat found;
  snprintf(path, sizeof path, "%s/%s", output, file->name);
  if (stat(path, &found) != 0 || !(S_ISREG(found.st_mode) || S_ISDIR(found.st_mode))) return OK;
  if (S_ISREG(found.st_mode) && access(path, R_OK) != 0) return OK; /* opening it for writing reports this */
  return S_ISREG(found.st_mode) && (result_file_is_blank(path) || file->written(path))
             ? OK
             : FAIL(USAGE,
                    "%s: a run writes a file of this name, but this one was not written by a run; choose another "
                    "run.output, or move that file away",
                    path);
}

static int check_files(const char *output) {
  const bool history = has_history(output);
  TRY(check_file(output, &lock_file));
  for (int i = 0; i < FILES; i++)
    if (file_table[i].refused == ALWAYS || (file_table[i].refused == WITHOUT_HISTORY && !history))
      TRY(check_file(output, &file_table[i]));
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

static int move(const char *from_folder, const char *name, const char *to_folder) {
  char from[PATH_BYTES + 256], to[PATH_BYTES + 256];
  snprintf(from, sizeof from, "%s/%s", from_folder, name);
  snprintf(to, sizeof to, "%s/%s", to_folder, name);
  return rename(from, to) == 0 || errno == ENOENT ? OK : durable_file_fail(errno, "%s: cannot move it to %s", from, to);
}

/* Moves the files of a folder whose names begin with `start` and that a run wrote. */
static int move_files(const char *folder, const char *start, bool (*written)(const char *path), const char *to) {
  int status = OK;
  DIR *directory = opendir(folder);
  for (const struct dirent *entry; status == OK && directory && (entry = readdir(directory));) {
    char path[PATH_BYTES + 256];
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    const bool named = entry->d_name[0] != '.' && strncmp(entry->d_name, start, strlen(start)) == 0;
    if (named && (!written || written(path))) status = move(folder, entry->d_name, to);
  }
  if (directory) closedir(directory);
  return status;
}

/* Moves the files that a run wrote to a folder of the output. Files of the user stay, and the folder with them. */
static int move_folder(const char *output, const struct run_file *file, const char *aside) {
  char from[PATH_BYTES], to[PATH_BYTES];
  struct stat kind;
  snprintf(from, sizeof from, "%s/%s", output, file->name);
  snprintf(to, sizeof to, "%s/%s", aside, file->name);
  if (lstat(from, &kind) != 0) return OK;
  if (!S_ISDIR(kind.st_mode)) return move(output, file->name, aside); /* a link to a folder of this name */
  TRY(make_folder(to));
  TRY(move_files(from, "", file->written, to));
  rmdir(from);
  rmdir(to);
  return OK;
}

static int move_row(const char *output, const struct run_file *file, bool history, const char *aside) {
  char path[PATH_BYTES];
  const size_t start = strcspn(file->name, "*");
  snprintf(path, sizeof path, "%s/%.*s", output, (int)start, file->name);
  if (file->folder) return move_folder(output, file, aside);
  if (file->name[start]) return move_files(output, strrchr(path, '/') + 1, file->written, aside);
  const bool ours =
      !file->written || file->written(path) || result_file_is_blank(path) || (history && file->written == is_log);
  return ours ? move(output, file->name, aside) : OK;
}

/* Moves the files that the old run and its analysis wrote to a new folder. All other files, such as inputs, notes and
 * other runs below this folder, stay. *aside: NULL if there were none. */
static int start_over(const char *output, char **aside) {
  const bool history = has_history(output);
  int status = create_aside(output, aside);
  for (int i = 0; i < FILES && status == OK; i++) status = move_row(output, &file_table[i], history, *aside);
  if (status == OK) status = make_folders(output);
  if (rmdir(*aside) == 0 || status != OK) {
    free(*aside);
    *aside = NULL;
  }
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
