#include "io/json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "io/result_file.h"

enum { DEPTH = 16 }; /* more than twice the depth of any result */

struct json {
  FILE *out; /* memory stream into text and size */
  char *text;
  size_t size;
  int depth;         /* number of open objects and arrays; the root is 1 */
  char close[DEPTH]; /* closing bracket, by depth */
  bool empty;        /* the innermost open object or array has no values yet */

  bool terminal; /* the text goes to standard output */
  bool open;     /* file is open */
  struct result_file file;
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
  if (!name) return;
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

static bool is_earlier(const char *path, const void *format) {
  return json_is_result(path, format);
}

bool json_is_result(const char *path, const char *format) {
  char start[128] = "", expected[128];
  FILE *file = fopen(path, "rbe");
  if (!file) return false;
  (void)!fread(start, 1, sizeof start - 1, file);
  fclose(file);
  snprintf(expected, sizeof expected, "{\n  \"format\": \"%s", format ? format : "mckean-");
  const size_t length = strlen(expected);
  return strncmp(start, expected, length) == 0 && (!format || start[length] == '"');
}

int json_create(const char *path, const char *format, struct json **json) {
  const bool file = path && strcmp(path, "-") != 0;
  *json = NULL;
  struct json *new = calloc(1, sizeof *new);
  if (new) new->out = open_memstream(&new->text, &new->size);
  if (!new || !new->out) die("no memory for results");
  new->terminal = path && !file;
  const int status = file ? result_file_open(path, is_earlier, format, &new->file) : OK;
  new->open = file &&status == OK;
  if (status != OK) {
    json_free(new);
    return status;
  }
  descend(new, '{', '}');
  json_text(new, "format", format);
  json_integer(new, "format_version", 1);
  *json = new;
  return OK;
}

static int write_file(struct json *json) {
  FILE *file = fopen(json->file.written, "w");
  bool written = file && fwrite(json->text, 1, json->size, file) == json->size;
  written = file && fclose(file) == 0 && written;
  const int error = errno;
  json->open = false;
  if (written) return result_file_publish(&json->file);
  result_file_discard(&json->file);
  return FAIL(FAILED, "%s: cannot write: %s", json->file.target, strerror(error));
}

int json_write(struct json *json) {
  while (json->depth > 0) json_end(json);
  fputc('\n', json->out);
  if (fflush(json->out) != 0) die("no memory for results");
  if (json->terminal) fwrite(json->text, 1, json->size, stdout);
  if (json->terminal) return durable_file_check_stdout();
  return json->open ? write_file(json) : OK;
}

void json_free(struct json *json) {
  if (!json) return;
  if (json->open) result_file_discard(&json->file);
  fclose(json->out);
  free(json->text);
  free(json);
}
