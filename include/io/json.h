/* json: writes results as JSON. It is the only file that contains the JSON syntax.
 *
 * Values are added in order to the object or array opened last. A value in an object has a name; a value in an array
 * has none (NULL). Violating this is a broken invariant. json_write creates the file, completely or not at all. All
 * functions are local. */
#ifndef MCKEAN_IO_JSON_H
#define MCKEAN_IO_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rank_range.h"

struct json;

/* Opens the root object. path: the file; "-": standard output; NULL: discard, for ranks that do not write. FAILED: the
 * file cannot be written, which is detected before the work starts. USAGE: a file exists that is not an earlier result,
 * such as an input or a checkpoint; it is not replaced. */
int json_create(const char *path, struct json **json);

void json_object(struct json *json, const char *name);
void json_array(struct json *json, const char *name);
void json_end(struct json *json); /* closes the object or array opened last */

void json_text(struct json *json, const char *name, const char *text); /* NULL: null */
void json_bool(struct json *json, const char *name, bool value);
void json_integer(struct json *json, const char *name, int64_t value);
void json_real(struct json *json, const char *name, double value); /* reads back to the same bits; not finite: null */

void json_range(struct json *json, const char *name, const struct rank_range *range); /* {min, mean, max} */

/* Adds an array of the strings in text between separators; a separator at the end starts no further string. */
void json_list(struct json *json, const char *name, const char *text, char separator);

/* Closes all that is open and writes the file. It replaces an earlier file and keeps its permissions; it follows a
 * link, and it writes into a device or a pipe directly. FAILED: cannot write; an earlier file is unchanged. */
int json_write(struct json *json);

void json_free(struct json *json); /* accepts NULL; writes nothing */

#endif
