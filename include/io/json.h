/* json: results for programs; the only place that knows the syntax.
 *
 * Values are added one after another to the object or array that was opened last. In an object a value has a name, in an
 * array none (NULL); all else is a broken invariant. The file is written at the end, whole or not at all. All functions
 * are local. */
#ifndef MCKEAN_IO_JSON_H
#define MCKEAN_IO_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rank_range.h"

struct json;

/* Opens the root object. path "-": the standard output; NULL: nowhere, for ranks that do not write. FAILED: nothing can be
 * written there, which is found out before the work that the result is of. USAGE: what is there is no JSON, such as an
 * input or a checkpoint, and is not replaced. */
int json_create(const char *path, struct json **json);

void json_object(struct json *json, const char *name);
void json_array(struct json *json, const char *name);
void json_end(struct json *json); /* of the object or array opened last */

void json_text(struct json *json, const char *name, const char *text); /* NULL: null */
void json_truth(struct json *json, const char *name, bool value);
void json_integer(struct json *json, const char *name, int64_t value);
void json_real(struct json *json, const char *name, double value); /* the same bits when read; not finite: null */

void json_range(struct json *json, const char *name, const struct rank_range *range); /* {min, mean, max} */

/* An array of the parts of a text between separators; one at the end starts no part. */
void json_list(struct json *json, const char *name, const char *text, char separator);

/* Ends all that is open and writes the file in place of an earlier one, whose permissions it gets; a link stays one, a
 * device or a pipe is written itself. FAILED: it could not be written, and an earlier file stays. */
int json_write(struct json *json);

void json_free(struct json *json); /* accepts NULL; without json_write nothing is written */

#endif
