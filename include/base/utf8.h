/* utf8: texts that YAML, JSON and HDF5 attributes hold and give back unchanged.
 *
 * A plain character is valid UTF-8 and is not a control character, a line or paragraph separator (U+2028, U+2029), a
 * byte order mark (U+FEFF) or a noncharacter (U+FFFE, U+FFFF): YAML refuses or folds these. All functions are local. */
#ifndef MCKEAN_BASE_UTF8_H
#define MCKEAN_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a text has plain characters only. */
bool utf8_is_plain(const char *text);

/* Appends from to text, which holds used bytes and its end; a byte that is not in a plain character becomes "\xe9".
 * Appends whole characters only, and stops at the first that does not fit in size. Returns the bytes used. */
size_t utf8_append(char *text, size_t size, size_t used, const char *from);

#endif
