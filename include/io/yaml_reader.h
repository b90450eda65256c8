/* yaml_reader: a strict YAML reader that turns the events of libyaml into a flat list of scalars. All functions are
 * local.
 *
 * Errors in the text are reported with line and column. yaml_reader_load refuses more than 1 MiB. yaml_reader_parse
 * refuses: nesting deeper than 8, a key after YAML_READER_ENTRIES_MAX entries, more than 100000 values, aliases,
 * anchors, tags, merge keys, a second document, embedded NUL, keys that are not plain words, duplicate keys, and
 * anything that libyaml itself refuses. (libyaml's document interface would accept duplicate keys and cyclic aliases,
 * and takes quadratic time on nested brackets.) */
#ifndef MCKEAN_IO_YAML_READER_H
#define MCKEAN_IO_YAML_READER_H

#include <stdbool.h>
#include <stddef.h>

enum { YAML_READER_BYTES_MAX = 1 << 20, YAML_READER_ENTRIES_MAX = 8192 };

enum yaml_reader_kind { YAML_READER_PLAIN, YAML_READER_QUOTED, YAML_READER_EMPTY_LIST, YAML_READER_EMPTY_MAP };

/* One scalar, for example "dynamics.stages[0].dt" = "0.5". Sections and lists are entries only if they are empty. */
struct yaml_reader_entry {
  char *path, *value;
  enum yaml_reader_kind kind;
  const char *name; /* name of the text that contains the entry; not owned */
  int line, column; /* position of the value, from 1 */
};

struct yaml_reader {
  int count, capacity;
  struct yaml_reader_entry *entry;
  size_t end; /* position after the last value of the text parsed last, in characters; comments may follow */
};

/* Reads a regular file of at most YAML_READER_BYTES_MAX bytes. *text: NUL-terminated; the caller frees it; NULL on
 * failure. USAGE: the file cannot be read, is not a regular file, is empty or too large, or contains NUL. */
int yaml_reader_load(const char *path, char **text);

/* Appends the scalars of a text to yaml (all zeros before the first call) and prepends prefix ("" or "ensemble.n") to
 * their paths. name: the name of the text, for messages; it must outlive yaml. USAGE: the text is refused; yaml then
 * holds the scalars before the error. */
int yaml_reader_parse(const char *name, const char *text, const char *prefix, struct yaml_reader *yaml);

/* Returns whether the path of an entry is this path or below it. */
bool yaml_reader_below(const char *entry, const char *path);

/* Removes the entry at a path and all entries below it. */
void yaml_reader_remove(struct yaml_reader *yaml, const char *path);

void yaml_reader_free(struct yaml_reader *yaml);

#endif
