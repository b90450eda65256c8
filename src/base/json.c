#include "base/json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/status.h"

enum { DEPTH = 16 };

struct json {
  char *path; /* NULL: nowhere */
  FILE *out;  /* to text */
  char *text;
  size_t size;
  int depth;         /* of what is open; the root is 1 */
  char close[DEPTH]; /* by depth: what ends it */
  bool empty;        /* what was opened last, so far */
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

void json_range(struct json *json, const char *name, const struct range *range) {
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

/* The file that is renamed to path: hidden, so that what a kill leaves of it is cleared away in an output. Returns it, to
 * be freed; the path itself where a rename would replace a device, a pipe or a link. */
static char *written_first(const char *path) {
  struct stat found;
  if (lstat(path, &found) == 0 && !S_ISREG(found.st_mode)) return strdup(path);
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  char *temporary = status_malloc(strlen(path) + 32);
  sprintf(temporary, "%.*s.%s.tmp-%d", (int)(name - path), path, name, (int)getpid());
  return temporary;
}

static int writable(const char *path) {
  char *first = written_first(path), *slash = strrchr(first, '/');
  const bool direct = strcmp(first, path) == 0;
  if (slash) slash[1] = 0;
  bool fine = direct ? access(path, W_OK) == 0 : access(slash ? first : ".", W_OK | X_OK) == 0;
  fine = fine || (direct && errno == ENOENT); /* a link to a file that is not there yet */
  const int error = errno;
  free(first);
  return fine ? OK : FAIL(FAILED, "%s: cannot write: %s", path, strerror(error));
}

int json_create(const char *path, struct json **json) {
  const bool file = path && strcmp(path, "-") != 0;
  *json = NULL;
  if (file) TRY(replaceable(path));
  if (file) TRY(writable(path));
  struct json *made = calloc(1, sizeof *made);
  if (made) made->out = open_memstream(&made->text, &made->size);
  if (!made || !made->out) die("no memory for results");
  made->path = path ? strdup(path) : NULL;
  descend(made, '{', '}');
  *json = made;
  return OK;
}

static bool deliver(const struct json *json, const char *path) {
  FILE *out = fopen(path, "w");
  if (!out) return false;
  const bool good = fwrite(json->text, 1, json->size, out) == json->size;
  return fclose(out) == 0 && good;
}

int json_write(struct json *json) {
  while (json->depth > 0) json_end(json);
  fputc('\n', json->out);
  if (fflush(json->out) != 0) die("no memory for results");
  if (!json->path) return OK;
  if (strcmp(json->path, "-") == 0) {
    fwrite(json->text, 1, json->size, stdout);
    return disk_delivered();
  }
  char *first = written_first(json->path);
  const bool direct = strcmp(first, json->path) == 0;
  int status = OK;
  if (!deliver(json, first) || (!direct && rename(first, json->path) != 0)) {
    status = FAIL(FAILED, "%s: cannot write: %s", json->path, strerror(errno));
    if (!direct) remove(first);
  }
  free(first);
  return status;
}

void json_free(struct json *json) {
  if (!json) return;
  fclose(json->out);
  free(json->text);
  free(json->path);
  free(json);
}
