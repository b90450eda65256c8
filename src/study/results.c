#include "study/results.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "data/dataset.h"
#include "io/h5.h"
#include "io/json.h"
#include "io/result_file.h"

enum kind { KIND_REAL, KIND_INTEGER, KIND_WORDS };
enum { RANK_MAX = 2, NAME_MAX_BYTES = 128, PATH_MAX_BYTES = NAME_MAX_BYTES + 40, FORMAT_VERSION = 2 };

static const char FORMAT[] = "mckean-analysis";

struct entry {
  enum kind kind;
  int rank;
  int64_t shape[RANK_MAX], count;
  char name[NAME_MAX_BYTES];
  char *description;                       /* may be NULL */
  const char *dimension[RANK_MAX], *units; /* may be NULL */
  double *real;
  int64_t *integer;
  char *words; /* with a separator between words */
  char separator;
};

struct results {
  int entries, capacity;
  struct entry *entry;
  char group[NAME_MAX_BYTES]; /* group of the entries added next, their dimensions and unit */
  const char *dimension[RANK_MAX], *units;
  const struct findings *findings; /* not owned; may be NULL */
};

const char *const results_values[3] = {"values", "low", "high"};

/* ---- add ---- */

struct results *results_create(void) {
  struct results *results = calloc(1, sizeof *results);
  if (!results) die("no memory for results");
  return results;
}

void results_free(struct results *results) {
  if (!results) return;
  for (int i = 0; i < results->entries; i++) {
    free(results->entry[i].description);
    free(results->entry[i].real);
    free(results->entry[i].integer);
    free(results->entry[i].words);
  }
  free(results->entry);
  free(results);
}

void results_group(struct results *results, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf(results->group, sizeof results->group, format, arguments);
  va_end(arguments);
  if (length < 0 || (size_t)length >= sizeof results->group) die("result group %s: name too large", results->group);
  results_dimensions(results, NULL, NULL);
  results_units(results, NULL);
}

void results_dimensions(struct results *results, const char *first, const char *second) {
  results->dimension[0] = first;
  results->dimension[1] = second;
}

void results_units(struct results *results, const char *units) {
  results->units = units;
}

static struct entry *add(struct results *results, enum kind kind, const char *name, const char *description, int rank,
                         const int64_t *shape) {
  if (results->entries == results->capacity) {
    results->capacity = results->capacity ? 2 * results->capacity : 64;
    results->entry = realloc(results->entry, sizeof *results->entry * (size_t)results->capacity);
    if (!results->entry) die("no memory for %d results", results->capacity);
  }
  struct entry *entry = &results->entry[results->entries++];
  *entry =
      (struct entry){.kind = kind, .rank = rank, .count = 1, .description = description ? strdup(description) : NULL};
  const int length =
      snprintf(entry->name, sizeof entry->name, "%s%s%s", results->group, *results->group ? "/" : "", name);
  if ((size_t)length >= sizeof entry->name || rank > RANK_MAX) die("result %s: name or rank %d too large", name, rank);
  entry->units = results->units;
  for (int i = 0; i < rank; i++) {
    entry->dimension[i] = results->dimension[i];
    entry->shape[i] = shape[i];
    entry->count *= shape[i];
  }
  return entry;
}

void results_add(struct results *results, const char *name, const char *description, int rank, const int64_t *shape,
                 const double *values) {
  struct entry *entry = add(results, KIND_REAL, name, description, rank, shape);
  entry->real = alloc_small(sizeof *values * (size_t)entry->count);
  memcpy(entry->real, values, sizeof *values * (size_t)entry->count);
}

void results_integers(struct results *results, const char *name, const char *description, int64_t count,
                      const int64_t *values) {
  struct entry *entry = add(results, KIND_INTEGER, name, description, 1, &count);
  entry->integer = alloc_small(sizeof *values * (size_t)count);
  memcpy(entry->integer, values, sizeof *values * (size_t)count);
}

static void add_words(struct results *results, const char *name, char separator, int64_t count,
                      const char *const *words) {
  struct entry *entry = add(results, KIND_WORDS, name, NULL, 1, &count);
  size_t size;
  entry->separator = separator;
  FILE *out = open_memstream(&entry->words, &size);
  if (!out) die("no memory for words");
  for (int64_t i = 0; i < count; i++) {
    if (i) fputc(separator, out);
    fputs(words[i], out);
  }
  if (fclose(out) != 0) die("no memory for words");
}

void results_words(struct results *results, const char *name, int64_t count, const char *const *words) {
  add_words(results, name, ' ', count, words);
}

void results_lines(struct results *results, const char *name, int64_t count, const char *const *lines) {
  add_words(results, name, '\n', count, lines);
}

void results_estimates(struct results *results, const char *const names[3], const char *description, int rank,
                       const int64_t *shape, const struct estimate *estimates) {
  int64_t count = 1;
  for (int i = 0; i < rank; i++) count *= shape[i];
  double *values = alloc_small(sizeof *values * (size_t)count);
  for (int end = 0; end < 3; end++) {
    for (int64_t i = 0; i < count; i++)
      values[i] = end == 0 ? estimates[i].value : end == 1 ? estimates[i].low : estimates[i].high;
    results_add(results, names[end], description, rank, shape, values);
  }
  free(values);
}

void results_findings(struct results *results, const struct findings *findings) {
  results->findings = findings;
}

/* ---- JSON ---- */

static void json_number(struct json *json, const char *name, const struct entry *entry, int64_t i) {
  if (entry->kind == KIND_INTEGER)
    json_integer(json, name, entry->integer[i]);
  else
    json_real(json, name, entry->real[i]);
}

static void json_value(struct json *json, const char *name, const struct entry *entry) {
  if (entry->kind == KIND_WORDS) {
    json_list(json, name, entry->words, entry->separator);
    return;
  }
  if (entry->rank == 0) {
    json_number(json, name, entry, 0);
    return;
  }
  const int64_t rows = entry->rank == 2 ? entry->shape[0] : 1, columns = entry->count / (rows ? rows : 1);
  if (entry->rank == 2) json_array(json, name);
  for (int64_t row = 0; row < rows; row++) {
    json_array(json, entry->rank == 2 ? NULL : name);
    for (int64_t column = 0; column < columns; column++) json_number(json, NULL, entry, row * columns + column);
    json_end(json);
  }
  if (entry->rank == 2) json_end(json);
}

/* Returns the length of the path of groups that two names share, including its last slash. */
static size_t common_group(const char *a, const char *b) {
  size_t group = 0;
  for (size_t i = 0; a[i] && a[i] == b[i]; i++)
    if (a[i] == '/') group = i + 1;
  return group;
}

/* Writes all entries. Before each entry, closes the groups of the previous entry that do not contain this entry, and
 * opens the groups of this entry that did not contain the previous one. */
static void json_entries(struct json *json, const struct results *results) {
  const char *before = "";
  for (int i = 0; i < results->entries; i++) {
    char name[NAME_MAX_BYTES], *leaf = name;
    const size_t common = common_group(before, results->entry[i].name);
    for (const char *at = before + common; (at = strchr(at, '/')); at++) json_end(json);
    strcpy(name, results->entry[i].name + common);
    for (char *slash; (slash = strchr(leaf, '/')); leaf = slash + 1) {
      *slash = 0;
      json_object(json, leaf);
    }
    json_value(json, leaf, &results->entry[i]);
    before = results->entry[i].name;
  }
  for (const char *at = before; (at = strchr(at, '/')); at++) json_end(json);
}

static void json_finding(struct json *json, const struct finding *finding) {
  char *line = finding_line(finding);
  json_object(json, NULL);
  json_text(json, "kind", finding_kind_names[finding->kind]);
  json_text(json, "name", finding->name);
  if (finding->n > 0)
    json_integer(json, "n", finding->n);
  else
    json_text(json, "n", NULL);
  json_real(json, "t", finding->t);
  json_real(json, "estimate", finding->estimate.value);
  json_array(json, "interval");
  json_real(json, NULL, finding->estimate.low);
  json_real(json, NULL, finding->estimate.high);
  json_end(json);
  json_real(json, "confidence", finding->confidence);
  json_real(json, "expected", finding->expected);
  json_text(json, "verdict", verdict_names[finding->verdict]);
  json_text(json, "reason", finding->reason);
  json_text(json, "text", line);
  json_end(json);
  free(line);
}

static void json_findings(struct json *json, const struct findings *findings) {
  json_array(json, "verdicts");
  for (int i = 0; i < findings->count; i++) json_finding(json, &findings->finding[i]);
  json_end(json);
}

int results_json(const struct results *results, const char *path) {
  struct json *json;
  TRY(json_create(path, FORMAT, &json));
  json_entries(json, results);
  if (results->findings) json_findings(json, results->findings);
  const int status = json_write(json);
  json_free(json);
  return status;
}

/* ---- HDF5 ---- */

static int write_entry(struct h5 *file, const struct entry *entry) {
  char object[NAME_MAX_BYTES + 2];
  snprintf(object, sizeof object, "/%s", entry->name);
  if (entry->rank == 0 || entry->kind == KIND_WORDS) {
    char *leaf = strrchr(object, '/');
    const char *attribute = entry->name + (leaf - object);
    if (leaf == object) leaf++; /* an attribute of the root */
    *leaf = 0;
    return entry->kind == KIND_WORDS ? h5_set_text(file, object, attribute, entry->words)
                                     : h5_set_double(file, object, attribute, entry->real[0]);
  }
  const bool real = entry->kind == KIND_REAL;
  TRY(h5_write(file, object, real ? H5_DOUBLE : H5_INT64, entry->rank, entry->shape,
               real ? (const void *)entry->real : entry->integer));
  return entry->description ? h5_describe(file, object, entry->description, entry->units) : OK;
}

static const struct entry *find(const struct results *results, const char *name) {
  for (int i = 0; i < results->entries; i++)
    if (strcmp(results->entry[i].name, name) == 0) return &results->entry[i];
  return NULL;
}

/* path = the scale of dimension i of an entry (results_dimensions), which is created if no entry has its name and
 * length. */
static int scale_of(struct h5 *file, const struct results *results, const struct entry *entry, int i,
                    char path[PATH_MAX_BYTES]) {
  const char *name = entry->dimension[i], *leaf = strrchr(entry->name, '/');
  char own[PATH_MAX_BYTES - 1];
  snprintf(own, sizeof own, "%.*s%s", leaf ? (int)(leaf - entry->name) + 1 : 0, entry->name, name);
  const struct entry *inside = find(results, own), *root = find(results, name);
  if ((!inside || inside->count != entry->shape[i]) && root && root->count == entry->shape[i])
    snprintf(own, sizeof own, "%s", name);
  snprintf(path, PATH_MAX_BYTES, "/%s", own);
  return h5_exists(file, path) ? OK : h5_index(file, path, entry->shape[i], "number");
}

static int name_dimensions(struct h5 *file, const struct results *results, const struct entry *entry) {
  char object[NAME_MAX_BYTES + 2], path[RANK_MAX][PATH_MAX_BYTES];
  const bool dataset = entry->rank > 0 && entry->kind != KIND_WORDS;
  if (!dataset || !entry->dimension[entry->rank - 1]) return OK;
  snprintf(object, sizeof object, "/%s", entry->name);
  for (int i = 0; i < entry->rank; i++) TRY(scale_of(file, results, entry, i, path[i]));
  return h5_dimensions(file, object, entry->rank, (const char *[]){path[0], path[1]});
}

static int write_all(struct h5 *file, const struct results *results, const char *config,
                     const struct provenance *provenance) {
  TRY(h5_set_text(file, "/", "format", FORMAT));
  TRY(h5_set_int(file, "/", "format_version", FORMAT_VERSION));
  TRY(h5_set_text(file, "/", "random_numbers", dataset_random_numbers));
  TRY(h5_set_text(file, "/", "config", config));
  TRY(provenance_write(provenance, file));
  for (int i = 0; i < results->entries; i++) TRY(write_entry(file, &results->entry[i]));
  for (int i = 0; i < results->entries; i++) TRY(name_dimensions(file, results, &results->entry[i]));
  return OK;
}

bool results_is_earlier(const char *path, const void *format) {
  return h5_is_format(path, format);
}

int results_write(const struct results *results, const char *config, const struct provenance *provenance,
                  const char *path) {
  struct result_file to;
  struct h5 *file;
  TRY(result_file_open(path, results_is_earlier, FORMAT, &to));
  int status = h5_create(to.written, 0, &file);
  if (status == OK) {
    status = write_all(file, results, config, provenance);
    const int closed = h5_close(file);
    if (status == OK) status = closed;
  }
  if (status == OK) return result_file_publish(&to);
  result_file_discard(&to);
  return status;
}

/* ---- text ---- */

static bool is_earlier_text(const char *path, const void *unused) {
  (void)unused;
  return result_file_is_tables(path);
}

int results_text(const char *text, const char *path) {
  struct result_file to;
  TRY(result_file_open(path, is_earlier_text, NULL, &to));
  FILE *out = fopen(to.written, "w");
  bool written = out && fputs(text, out) >= 0;
  written = out && fclose(out) == 0 && written;
  const int error = errno;
  if (written) return result_file_publish(&to);
  result_file_discard(&to);
  return FAIL(FAILED, "%s: cannot write: %s", path, strerror(error));
}
