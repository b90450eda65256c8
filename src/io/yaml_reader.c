#include "io/yaml_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "io/foreign_file.h"

enum { DEPTH_MAX = 8, KEY_BYTES = 512, VALUES_MAX = 100000 };

static int read_all(const char *path, int file, char **text) {
  struct stat found;
  if (fstat(file, &found) != 0) return FAIL(USAGE, "%s: cannot read the input: %s", path, strerror(errno));
  if (S_ISDIR(found.st_mode)) return FAIL(USAGE, "%s: expected an input file, this is a folder", path);
  if (!S_ISREG(found.st_mode)) return FAIL(USAGE, "%s: expected an input file, this is a pipe or a device", path);
  if (found.st_size > YAML_READER_BYTES_MAX)
    return FAIL(USAGE, "%s: expected an input (YAML text of at most 1 MiB), received %s of %lld bytes", path,
                foreign_file_name(path), (long long)found.st_size);
  *text = alloc_small((size_t)found.st_size + 1);
  size_t bytes = 0;
  while (bytes < (size_t)found.st_size) {
    const ssize_t count = read(file, *text + bytes, (size_t)found.st_size - bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FAIL(USAGE, "%s: cannot read the input: %s", path, strerror(errno));
    if (count == 0) break;
    bytes += (size_t)count;
  }
  (*text)[bytes] = 0;
  if (bytes == 0) return FAIL(USAGE, "%s: the file is empty; `mckean help keys` lists the input keys", path);
  if (strncmp(*text, "\xff\xfe", 2) == 0 || strncmp(*text, "\xfe\xff", 2) == 0)
    return FAIL(USAGE, "%s: expected UTF-8 text, received UTF-16; convert it: iconv -f UTF-16 -t UTF-8", path);
  const char *nul = memchr(*text, 0, bytes);
  if (nul)
    return FAIL(USAGE, "%s: expected an input (YAML text), received %s; it has a NUL byte at %lld", path,
                foreign_file_name(path), (long long)(nul - *text));
  return OK;
}

/* If errno states that `path` does not exist, but the file with the other of the endings .yaml and .yml exists, returns
 * the path of that file, which the caller frees; otherwise NULL. */
static char *other_ending(const char *path) {
  char *other = NULL;
  const size_t length = strlen(path);
  const bool short_one = length > 4 && strcmp(path + length - 4, ".yml") == 0;
  const bool long_one = length > 5 && strcmp(path + length - 5, ".yaml") == 0;
  if (errno != ENOENT || !(short_one || long_one)) return NULL;
  if (asprintf(&other, "%.*s%s", (int)(length - (short_one ? 4 : 5)), path, short_one ? ".yaml" : ".yml") < 0)
    return NULL;
  if (access(other, R_OK) == 0) return other;
  free(other);
  return NULL;
}

static int fail_open(const char *path) {
  const int error = errno;
  char *other = other_ending(path);
  const int status = FAIL(USAGE, "%s: cannot open the input: %s%s%s%s", path, strerror(error),
                          other ? "; did you mean \"" : "", other ? other : "", other ? "\"?" : "");
  free(other);
  return status;
}

int yaml_reader_load(const char *path, char **text) {
  *text = NULL;
  const int file =
      open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* O_NONBLOCK: does not wait for the writer of a pipe */
  if (file < 0) return fail_open(path);
  const int status = read_all(path, file, text);
  close(file);
  if (status != OK) {
    free(*text);
    *text = NULL;
  }
  return status;
}

/* An open mapping or sequence; at depth 0, the whole text. */
struct collection {
  bool map;
  size_t path; /* length of the path of the collection in reader.path */
  int items;
  bool key; /* the last key of the mapping has no value yet */
};

struct reader {
  const char *name;
  struct yaml_reader *yaml;
  int first; /* number of entries before this text */
  char path[KEY_BYTES];
  struct collection open[DEPTH_MAX + 1]; /* by depth */
  int depth, documents;
};

static int refuse(const struct reader *reader, yaml_mark_t mark, const char *what) {
  return FAIL(USAGE, "%s:%zu:%zu: %s", reader->name, mark.line + 1, mark.column + 1, what);
}

static void add(const struct reader *reader, const char *value, enum yaml_reader_kind kind, yaml_mark_t mark) {
  struct yaml_reader *yaml = reader->yaml;
  if (yaml->count == yaml->capacity) {
    yaml->capacity = yaml->capacity ? 2 * yaml->capacity : 32;
    yaml->entry = realloc(yaml->entry, sizeof *yaml->entry * (size_t)yaml->capacity);
    if (!yaml->entry) die("no memory for %d input entries", yaml->capacity);
  }
  yaml->entry[yaml->count++] = (struct yaml_reader_entry){.path = strdup(reader->path),
                                                          .name = reader->name,
                                                          .value = strdup(value),
                                                          .kind = kind,
                                                          .line = (int)mark.line + 1,
                                                          .column = (int)mark.column + 1};
}

bool yaml_reader_below(const char *entry, const char *path) {
  const size_t length = strlen(path);
  return strncmp(entry, path, length) == 0 && (entry[length] == 0 || entry[length] == '.' || entry[length] == '[');
}

/* Extends the path for the next value. In a sequence it appends the index; in a mapping, read_key has already appended
 * the key. */
static int begin_value(struct reader *reader, yaml_mark_t mark) {
  if (reader->depth == 0) return OK;
  struct collection *collection = &reader->open[reader->depth];
  if (collection->map) {
    collection->key = false;
    return OK;
  }
  reader->path[collection->path] = 0;
  char item[32];
  const int length = snprintf(item, sizeof item, "[%d]", collection->items++);
  if (collection->path + (size_t)length >= KEY_BYTES) return refuse(reader, mark, "the path of this key is too long");
  strcat(reader->path, item);
  return OK;
}

static int read_key(struct reader *reader, const yaml_event_t *event) {
  if (reader->yaml->count >= YAML_READER_ENTRIES_MAX)
    return refuse(reader, event->start_mark, "more entries than the maximum of 8192");
  struct collection *collection = &reader->open[reader->depth];
  const char *key = (const char *)event->data.scalar.value;
  if (!*key || key[strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")])
    return refuse(reader, event->start_mark,
                  strchr(key, ':')   ? "expected a key of letters, digits and _; write a space after its colon"
                  : strchr(key, '=') ? "expected KEY: VALUE, received KEY = VALUE; write a colon and a space"
                                     : "expected a key of letters, digits and _");
  reader->path[collection->path] = 0;
  if (collection->path + strlen(key) + 2 >= KEY_BYTES)
    return refuse(reader, event->start_mark, "the path of this key is too long");
  if (collection->path > 0) strcat(reader->path, ".");
  strcat(reader->path, key);
  for (int i = reader->first; i < reader->yaml->count; i++)
    if (yaml_reader_below(reader->yaml->entry[i].path, reader->path))
      return FAIL(USAGE, "%s:%zu:%zu: %s: duplicate key; line %d has it already", reader->name,
                  event->start_mark.line + 1, event->start_mark.column + 1, reader->path, reader->yaml->entry[i].line);
  collection->key = true;
  collection->items++;
  return OK;
}

static int scalar(struct reader *reader, const yaml_event_t *event) {
  if (event->data.scalar.anchor) return refuse(reader, event->start_mark, "anchors (&) are not allowed here");
  if (event->data.scalar.tag) return refuse(reader, event->start_mark, "tags (!) are not allowed here");
  if (strlen((const char *)event->data.scalar.value) != event->data.scalar.length)
    return refuse(reader, event->start_mark, "a NUL character is not allowed here");
  if (reader->depth > 0 && reader->open[reader->depth].map && !reader->open[reader->depth].key)
    return read_key(reader, event);
  TRY(begin_value(reader, event->start_mark));
  if (reader->yaml->count >= VALUES_MAX) return refuse(reader, event->start_mark, "too many values");
  const bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
  add(reader, (const char *)event->data.scalar.value, plain ? YAML_READER_PLAIN : YAML_READER_QUOTED,
      event->start_mark);
  return OK;
}

static int open_collection(struct reader *reader, const yaml_event_t *event, bool map) {
  const void *anchor = map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
  const void *tag = map ? event->data.mapping_start.tag : event->data.sequence_start.tag;
  if (anchor) return refuse(reader, event->start_mark, "anchors (&) are not allowed here");
  if (tag) return refuse(reader, event->start_mark, "tags (!) are not allowed here");
  if (reader->depth > 0 && reader->open[reader->depth].map && !reader->open[reader->depth].key)
    return refuse(reader, event->start_mark, "expected a key of letters, digits and _");
  if (reader->depth == DEPTH_MAX)
    return refuse(reader, event->start_mark, "expected at most 8 nested sections and lists");
  TRY(begin_value(reader, event->start_mark));
  reader->open[++reader->depth] = (struct collection){.map = map, .path = strlen(reader->path)};
  return OK;
}

static void close_collection(struct reader *reader, yaml_mark_t mark) {
  const struct collection *collection = &reader->open[reader->depth--];
  reader->path[collection->path] = 0;
  if (collection->items == 0) add(reader, "", collection->map ? YAML_READER_EMPTY_MAP : YAML_READER_EMPTY_LIST, mark);
}

static int take(struct reader *reader, const yaml_event_t *event) {
  /* The empty events that end a block do not change `end`, because libyaml places them after trailing comments. */
  if (event->type == YAML_STREAM_START_EVENT || event->end_mark.index > event->start_mark.index)
    reader->yaml->end = event->end_mark.index;
  switch (event->type) {
  case YAML_DOCUMENT_START_EVENT:
    return ++reader->documents > 1
               ? refuse(reader, event->start_mark, "expected one document, a second one (---) starts here")
               : OK;
  case YAML_ALIAS_EVENT:
    return refuse(reader, event->start_mark, "aliases (*) are not allowed here");
  case YAML_SCALAR_EVENT:
    return scalar(reader, event);
  case YAML_MAPPING_START_EVENT:
    return open_collection(reader, event, true);
  case YAML_SEQUENCE_START_EVENT:
    return open_collection(reader, event, false);
  case YAML_MAPPING_END_EVENT:
  case YAML_SEQUENCE_END_EVENT:
    close_collection(reader, event->start_mark);
    return OK;
  default:
    return OK;
  }
}

/* Returns the position of the first byte of text that is not UTF-8, or of the byte at `limit` if there is none before.
 * libyaml reports no line for a byte that it cannot decode. */
static yaml_mark_t mark_of(const char *text, size_t limit) {
  yaml_mark_t mark = {0};
  for (int bytes; mark.index < limit && (bytes = utf8_bytes(text + mark.index)) > 0; mark.index += (size_t)bytes) {
    const bool end = text[mark.index] == '\n';
    mark.line += end;
    mark.column = end ? 0 : mark.column + 1;
  }
  return mark;
}

static int encoding_error(const struct reader *reader, const yaml_parser_t *parser, const char *text) {
  const yaml_mark_t mark = mark_of(text, parser->problem_offset);
  const unsigned char byte = (unsigned char)text[mark.index];
  return byte < 0x80 ? FAIL(USAGE, "%s:%zu:%zu: not YAML: %s: the byte 0x%02x; remove it", reader->name, mark.line + 1,
                            mark.column + 1, parser->problem, byte)
                     : FAIL(USAGE,
                            "%s:%zu:%zu: not YAML: expected UTF-8 text, received the byte 0x%02x; convert the text, "
                            "for example: iconv -f LATIN1 -t UTF-8",
                            reader->name, mark.line + 1, mark.column + 1, byte);
}

/* Reports the error of libyaml. Adds frequent causes that libyaml does not name. */
static int syntax_error(const struct reader *reader, const yaml_parser_t *parser, const char *text) {
  if (parser->error == YAML_READER_ERROR) return encoding_error(reader, parser, text);
  const char *problem = parser->problem ? parser->problem : "unreadable",
             *cause = strstr(problem, "cannot start any token") ? " (a tab? indent with spaces)"
                      : strstr(problem, "expected key")         ? " (wrong indentation? the keys of a section start in "
                                                                  "the same column)"
                      : strstr(problem, "expected ':'")         ? " (a colon is missing in a line before)"
                      : strstr(problem, "expected ','")         ? " (a bracket is not closed on the lines before)"
                      : strstr(problem, "not allowed in this")  ? " (wrong indentation, or a missing colon in the line "
                                                                  "before?)"
                                                                : "";
  return FAIL(USAGE, "%s:%zu:%zu: not YAML: %s%s", reader->name, parser->problem_mark.line + 1,
              parser->problem_mark.column + 1, problem, cause);
}

int yaml_reader_parse(const char *name, const char *text, const char *prefix, struct yaml_reader *yaml) {
  struct reader reader = {.name = name, .yaml = yaml, .first = yaml->count};
  snprintf(reader.path, sizeof reader.path, "%s", prefix);
  reader.open[0].path = strlen(prefix);
  yaml_parser_t parser;
  if (!yaml_parser_initialize(&parser)) die("no memory for the YAML reader");
  yaml_parser_set_input_string(&parser, (const unsigned char *)text, strlen(text));
  int status = OK;
  for (bool more = true; more && status == OK;) {
    yaml_event_t event;
    if (!yaml_parser_parse(&parser, &event)) {
      status = syntax_error(&reader, &parser, text);
      break;
    }
    status = take(&reader, &event);
    more = event.type != YAML_STREAM_END_EVENT;
    yaml_event_delete(&event);
  }
  yaml_parser_delete(&parser);
  return status;
}

void yaml_reader_remove(struct yaml_reader *yaml, const char *path) {
  int kept = 0;
  for (int i = 0; i < yaml->count; i++) {
    if (yaml_reader_below(yaml->entry[i].path, path)) {
      free(yaml->entry[i].path);
      free(yaml->entry[i].value);
    } else {
      yaml->entry[kept++] = yaml->entry[i];
    }
  }
  yaml->count = kept;
}

void yaml_reader_free(struct yaml_reader *yaml) {
  for (int i = 0; i < yaml->count; i++) {
    free(yaml->entry[i].path);
    free(yaml->entry[i].value);
  }
  free(yaml->entry);
  *yaml = (struct yaml_reader){0};
}
