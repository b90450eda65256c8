/* utf8: recognizes text that YAML, JSON and HDF5 attributes store and return unchanged.
 *
 * A plain character is valid UTF-8 and is not a control character, a line or paragraph separator (U+2028, U+2029), a
 * byte order mark (U+FEFF) or a noncharacter (U+FFFE, U+FFFF), which YAML rejects or changes. All functions are
 * local. */
#ifndef MCKEAN_BASE_UTF8_H
#define MCKEAN_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Returns whether text consists of plain characters only. */
bool utf8_is_plain(const char *text);

/* Returns the number of bytes of the character, plain or not, at the start of text; 0 if it is not valid UTF-8. */
int utf8_bytes(const char *text);

/* Appends `from` to text, a NUL-terminated string of length `used` in a buffer of `size` bytes. Each byte that is not
 * part of a plain character becomes an escape such as "\xe9". Appends only whole characters and escapes, and stops at
 * the first one that does not fit. Returns the new length of text. */
size_t utf8_append(char *text, size_t size, size_t used, const char *from);

/* Return a copy of text with the escapes of utf8_append; utf8_lines keeps newlines. The caller frees it. */
char *utf8_line(const char *text);
char *utf8_lines(const char *text);

#endif
