/* yaml_reader: strict YAML reader that turns libyaml's events into a flat list of scalars. Local.
 *
 * Refused, with line and column: more than 1 MiB, more than 8 levels of nesting, more than 8192 entries, aliases,
 * anchors, tags, merge keys, a second document, embedded NUL, keys that are not plain words, duplicate keys, and
 * whatever libyaml itself refuses. (libyaml's document interface would accept duplicate keys and cyclic aliases, and
 * takes quadratic time on nested brackets.) */
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
  const char *name; /* of the text that contains it; not owned */
  int line, column; /* position of the value, from 1 */
};

struct yaml_reader {
  int count, capacity;
  struct yaml_reader_entry *entry;
  size_t end; /* position after the last value of the text parsed last, in characters; comments may follow it */
};

/* Reads a regular file of at most YAML_READER_BYTES_MAX bytes. *text: NUL-terminated; the caller frees it. USAGE: the
 * file cannot be opened, is not a regular file, is empty or too large, or contains NUL. FAILED: reading fails. */
int yaml_reader_load(const char *path, char **text);

/* Appends the scalars of a text to yaml and prepends prefix ("" or "ensemble.n") to their paths. name: of the text, for
 * messages; it must outlive yaml. USAGE: the text is refused. */
int yaml_reader_parse(const char *name, const char *text, const char *prefix, struct yaml_reader *yaml);

/* Removes the entry at a path and all entries below it. */
void yaml_reader_remove(struct yaml_reader *yaml, const char *path);

void yaml_reader_free(struct yaml_reader *yaml);

#endif
