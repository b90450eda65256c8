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
#include "io/durable_file.h"

enum { DEPTH = 16 }; /* no result is half as deep */

struct json {
  FILE *out; /* to text */
  char *text;
  size_t size;
  int depth;         /* of what is open; the root is 1 */
  char close[DEPTH]; /* by depth: what ends it */
  bool empty;        /* what was opened last, so far */

  bool terminal; /* it goes to the standard output */
  char *place;   /* the file; NULL: none */
  bool direct;   /* the place is a device or a pipe; else: */
  FILE *file;
  char temporary[PATH_BYTES]; /* its name until it is complete */
};

/* ---- values ---- */

static void put_string(FILE *out, const char *text, size_t length) {
  fputc('"', out);
  for (const char *c = text; c < text + length; c++) {
    if (*c == '"' || *c == '\\') fputc('\\', out);
    if ((unsigned char)*c < 0x20)
      fprintf(out, "\\u%04x", (unsigned char)*c);
    else
      fputc(*c, out);
  }
  fputc('"', out);
}

/* Members of an object begin lines, elements of an array do not. */
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

void json_truth(struct json *json, const char *name, bool value) {
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

/* An earlier result is replaced, and no other file. */
static int replaceable(const char *path) {
  struct stat found;
  if (stat(path, &found) != 0 || !S_ISREG(found.st_mode) || found.st_size == 0) return OK;
  char start[2] = "";
  FILE *file = fopen(path, "rb");
  if (!file) return FAIL(FAILED, "%s: cannot write: %s", path, strerror(errno));
  const bool json = fread(start, 1, sizeof start, file) == sizeof start && start[0] == '{' && start[1] == '\n';
  fclose(file);
  return json ? OK
              : FAIL(USAGE, "%s: it is there and is no earlier result; give --json another name, or remove it", path);
}

/* Where the bytes go in the end: behind links, which stay; an empty file is made at the end of one that leads to none. */
static char *place_of(const char *path) {
  struct stat found;
  if (stat(path, &found) != 0 && lstat(path, &found) == 0) {
    const int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (file >= 0) close(file);
  }
  char *behind = realpath(path, NULL);
  if (behind) return behind;
  char *copy = alloc_small(strlen(path) + 1);
  return strcpy(copy, path);
}

/* A plain file gets its name when it is complete, and has another one till then. */
static bool open_place(struct json *json) {
  struct stat found = {.st_mode = S_IFREG};
  const bool there = stat(json->place, &found) == 0, link_to_none = !there && lstat(json->place, &found) == 0;
  char *slash = strrchr(json->place, '/'), *name = slash ? slash + 1 : json->place;
  const bool folder = S_ISDIR(found.st_mode) || !*name;
  json->direct = !S_ISREG(found.st_mode);
  if (folder) errno = EISDIR;
  if (folder || link_to_none || (there && access(json->place, W_OK) != 0)) return false;
  if (json->direct) return true; /* not yet opened: a pipe may have no reader before there is something to read */
  if (slash) *slash = 0;
  durable_file_temporary(slash ? json->place : ".", name, json->temporary);
  if (slash) *slash = '/';
  json->file = fopen(json->temporary, "w");
  return json->file && (!there || fchmod(fileno(json->file), found.st_mode & 0777) == 0);
}

int json_create(const char *path, struct json **json) {
  const bool file = path && strcmp(path, "-") != 0;
  *json = NULL;
  if (file) TRY(replaceable(path));
  struct json *made = calloc(1, sizeof *made);
  if (made) made->out = open_memstream(&made->text, &made->size);
  if (!made || !made->out) die("no memory for results");
  made->terminal = path && !file;
  if (file) made->place = place_of(path);
  if (file && !open_place(made)) {
    const int status = FAIL(FAILED, "%s: cannot write: %s", path, strerror(errno));
    json_free(made);
    return status;
  }
  descend(made, '{', '}');
  *json = made;
  return OK;
}

static bool deliver(struct json *json) {
  FILE *file = json->direct ? fopen(json->place, "w") : json->file;
  json->file = NULL;
  if (!file) return false;
  bool good = fwrite(json->text, 1, json->size, file) == json->size;
  good = fclose(file) == 0 && good;
  if (json->direct) return good;
  good = good && rename(json->temporary, json->place) == 0;
  if (!good) remove(json->temporary);
  return good;
}

int json_write(struct json *json) {
  while (json->depth > 0) json_end(json);
  fputc('\n', json->out);
  if (fflush(json->out) != 0) die("no memory for results");
  if (json->terminal) fwrite(json->text, 1, json->size, stdout);
  if (json->terminal) return durable_file_stdout_written();
  return !json->place || deliver(json) ? OK : FAIL(FAILED, "%s: cannot write: %s", json->place, strerror(errno));
}

void json_free(struct json *json) {
  if (!json) return;
  if (json->file) remove(json->temporary);
  if (json->file) fclose(json->file);
  fclose(json->out);
  free(json->text);
  free(json->place);
  free(json);
}
