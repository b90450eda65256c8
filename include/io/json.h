/* json: writes results as JSON. No other file contains JSON syntax.
 *
 * Values are appended to the innermost open object or array. A value in an object has a name; a value in an array has
 * none (NULL). Misuse aborts the program. json_write creates a regular file completely or not at all. All functions are
 * local. */
#ifndef MCKEAN_IO_JSON_H
#define MCKEAN_IO_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rank_range.h"

struct json;

/* Opens the root object, with the members format and format_version (1). path: the file (io/result_file.h); "-":
 * standard output; NULL: discard the values, for ranks that do not write. format: the kind of the result, such as
 * "mckean-summary", which stays valid. The caller calls json_write, unless an error occurred, and then json_free.
 * FAILED: the file cannot be created; this is detected before the work starts. USAGE: the file exists and is not an
 * earlier result of this format (it may be an input or a checkpoint), so it is not replaced. */
int json_create(const char *path, const char *format, struct json **json);

/* Returns whether a file begins as a result of this format does; format NULL: of any format. */
bool json_is_result(const char *path, const char *format);

void json_object(struct json *json, const char *name);
void json_array(struct json *json, const char *name);
void json_end(struct json *json); /* closes the innermost open object or array */

/* Null if text is NULL. Each byte that is not part of a UTF-8 character becomes an escape such as "\xe9". */
void json_text(struct json *json, const char *name, const char *text);
void json_bool(struct json *json, const char *name, bool value);
void json_integer(struct json *json, const char *name, int64_t value);
void json_real(struct json *json, const char *name, double value); /* exact when read back; null if not finite */

void json_range(struct json *json, const char *name, const struct rank_range *range); /* {min, mean, max} */

/* Splits text at each separator and adds the parts as an array of strings. A trailing separator adds no
 * empty string. */
void json_list(struct json *json, const char *name, const char *text, char separator);

/* Closes all open objects and arrays and writes the file. FAILED: the file cannot be written; an earlier result is
 * unchanged. */
int json_write(struct json *json);

void json_free(struct json *json); /* accepts NULL; writes nothing */

#endif
