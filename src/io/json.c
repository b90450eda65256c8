#include "io/json.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "io/durable_file.h"

enum { DEPTH = 16 }; /* more than twice the depth of any result */

struct json {
  FILE *out; /* memory stream into text and size */
  char *text;
  size_t size;
  int depth;         /* number of open objects and arrays; the root is 1 */
  char close[DEPTH]; /* closing bracket, by depth */
  bool empty;        /* the innermost open object or array has no values yet */

  bool terminal;              /* the text goes to standard output */
  char *target;               /* path of the file, links resolved; NULL: no file */
  bool direct;                /* target is a device or a pipe, which is written directly */
  FILE *file;                 /* the temporary file, renamed to target when complete; NULL: none */
  char temporary[PATH_BYTES]; /* path of the temporary file */
};

/* ---- values ---- */

/* A byte that is not part of a valid character becomes the four characters \xe9. */
static void put_string(FILE *out, const char *text, size_t length) {
  fputc('"', out);
  for (const char *c = text; c < text + length; c++) {
    const int bytes = utf8_bytes(c);
    if (*c == '"' || *c == '\\') fputc('\\', out);
    if ((unsigned char)*c < 0x20)
      fprintf(out, "\\u%04x", (unsigned char)*c);
    else if (bytes == 0)
      fprintf(out, "\\\\x%02x", (unsigned char)*c);
    else
      fwrite(c, 1, (size_t)bytes, out);
    if (bytes > 1) c += bytes - 1;
  }
  fputc('"', out);
}

/* Each member of an object starts a new line; the elements of an array are on one line. */
static void begin(struct json *json, const char *name) {
  const bool member = json->close[json->depth] == '}';
  if (member != (name != NULL)) die("%s in JSON's %s", name ? name : "a value", member ? "object" : "array");
  if (!json->empty) fputs(member ? "," : ", ", json->out);
  json->empty = false;
  if (!member) return;
  fprintf(json->out, "\n%*s", 2 * json->depth, "");
  put_string(json->out, name, strlen(name));
  fputs(": ", json->out);
}

static void descend(struct json *json, char open, char close) {
  if (++json->depth == DEPTH) die("JSON deeper than %d", DEPTH - 1);
  json->close[json->depth] = close;
  json->empty = true;
  fputc(open, json->out);
}

void json_object(struct json *json, const char *name) {
  begin(json, name);
  descend(json, '{', '}');
}

void json_array(struct json *json, const char *name) {
  begin(json, name);
  descend(json, '[', ']');
}

void json_end(struct json *json) {
  if (json->depth == 0) die("JSON ended twice");
  const char close = json->close[json->depth--];
  if (close == '}' && !json->empty) fprintf(json->out, "\n%*s", 2 * json->depth, "");
  fputc(close, json->out);
  json->empty = false;
}

void json_text(struct json *json, const char *name, const char *text) {
  begin(json, name);
  if (text)
    put_string(json->out, text, strlen(text));
  else
    fputs("null", json->out);
}

void json_bool(struct json *json, const char *name, bool value) {
  begin(json, name);
  fputs(value ? "true" : "false", json->out);
}

void json_integer(struct json *json, const char *name, int64_t value) {
  begin(json, name);
  fprintf(json->out, "%lld", (long long)value);
}

void json_real(struct json *json, const char *name, double value) {
  char text[32] = "null";
  if (isfinite(value)) snprintf(text, sizeof text, "%.15g", value);
  if (isfinite(value) && strtod(text, NULL) != value) snprintf(text, sizeof text, "%.17g", value);
  begin(json, name);
  fputs(text, json->out);
}

void json_range(struct json *json, const char *name, const struct rank_range *range) {
  json_object(json, name);
  json_real(json, "min", range->min);
  json_real(json, "mean", range->mean);
  json_real(json, "max", range->max);
  json_end(json);
}

void json_list(struct json *json, const char *name, const char *text, char separator) {
  json_array(json, name);
  while (*text) {
    const char *end = strchrnul(text, separator);
    begin(json, NULL);
    put_string(json->out, text, (size_t)(end - text));
    text = end + (*end == separator);
  }
  json_end(json);
}

/* ---- files ---- */

/* Refuses to replace a regular file unless it is empty or starts like an earlier result, with "{" and a newline. */
static int check_replaceable(const char *path) {
  struct stat found;
  if (stat(path, &found) != 0 || !S_ISREG(found.st_mode) || found.st_size == 0) return OK;
  char start[2] = "";
  FILE *file = fopen(path, "rb");
  if (!file) return FAIL(FAILED, "%s: cannot write: %s", path, strerror(errno));
  const bool json = fread(start, 1, sizeof start, file) == sizeof start && start[0] == '{' && start[1] == '\n';
  fclose(file);
  return json ? OK
              : FAIL(USAGE,
                     "%s: the file exists and is not an earlier result; choose another name for --json, or remove it",
                     path);
}

/* Returns the path with all links resolved, so that writing keeps the links; the caller frees it. Creates an empty file
 * at the target of a dangling link. */
static char *resolve_links(const char *path) {
  struct stat found;
  if (stat(path, &found) != 0 && lstat(path, &found) == 0) {
    const int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (file >= 0) close(file);
  }
  char *resolved = realpath(path, NULL);
  if (resolved) return resolved;
  char *copy = alloc_small(strlen(path) + 1);
  return strcpy(copy, path);
}

/* A regular file is written under a temporary name and renamed when it is complete. */
static bool open_target(struct json *json) {
  struct stat found = {.st_mode = S_IFREG};
  const bool exists = stat(json->target, &found) == 0, dangling_link = !exists && lstat(json->target, &found) == 0;
  char *slash = strrchr(json->target, '/'), *name = slash ? slash + 1 : json->target;
  const bool folder = S_ISDIR(found.st_mode) || !*name;
  json->direct = !S_ISREG(found.st_mode);
  if (folder) errno = EISDIR;
  if (folder || dangling_link || (exists && access(json->target, W_OK) != 0)) return false;
  if (json->direct) return true; /* json_write opens it, because opening a pipe waits for a reader */
  if (slash) *slash = 0;
  durable_file_temporary(slash ? json->target : ".", name, json->temporary);
  if (slash) *slash = '/';
  json->file = fopen(json->temporary, "w");
  return json->file && (!exists || fchmod(fileno(json->file), found.st_mode & 0777) == 0);
}

int json_create(const char *path, struct json **json) {
  const bool file = path && strcmp(path, "-") != 0;
  *json = NULL;
  if (file) TRY(check_replaceable(path));
  struct json *new = calloc(1, sizeof *new);
  if (new) new->out = open_memstream(&new->text, &new->size);
  if (!new || !new->out) die("no memory for results");
  new->terminal = path && !file;
  if (file) new->target = resolve_links(path);
  if (file && !open_target(new)) {
    const int status = FAIL(FAILED, "%s: cannot write: %s", path, strerror(errno));
    json_free(new);
    return status;
  }
  descend(new, '{', '}');
  *json = new;
  return OK;
}

static bool write_target(struct json *json) {
  FILE *file = json->direct ? fopen(json->target, "w") : json->file;
  json->file = NULL;
  if (!file) return false;
  bool written = fwrite(json->text, 1, json->size, file) == json->size;
  written = fclose(file) == 0 && written;
  if (json->direct) return written;
  written = written && rename(json->temporary, json->target) == 0;
  if (!written) remove(json->temporary);
  return written;
}

int json_write(struct json *json) {
  while (json->depth > 0) json_end(json);
  fputc('\n', json->out);
  if (fflush(json->out) != 0) die("no memory for results");
  if (json->terminal) fwrite(json->text, 1, json->size, stdout);
  if (json->terminal) return durable_file_check_stdout();
  return !json->target || write_target(json) ? OK : FAIL(FAILED, "%s: cannot write: %s", json->target, strerror(errno));
}

void json_free(struct json *json) {
  if (!json) return;
  if (json->file) remove(json->temporary);
  if (json->file) fclose(json->file);
  fclose(json->out);
  free(json->text);
  free(json->target);
  free(json);
}
