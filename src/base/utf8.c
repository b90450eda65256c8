#include "base/utf8.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

/* The encoded form of a character, identified by its first byte: first & mask == lead. */
static const struct form {
  unsigned char mask, lead;
  int bytes;
  uint32_t least; /* the smallest code point; smaller ones have a shorter form and are invalid in this one */
} form_table[] = {{0x80, 0x00, 1, 0}, {0xe0, 0xc0, 2, 0x80}, {0xf0, 0xe0, 3, 0x800}, {0xf8, 0xf0, 4, 0x10000}};
enum { FORMS = sizeof form_table / sizeof *form_table };

static bool is_plain(uint32_t point) {
  const bool control = point < 0x20 || (point >= 0x7f && point < 0xa0);
  const bool separator = point == 0x2028 || point == 0x2029;
  return !control && !separator && point != 0xfeff && point != 0xfffe && point != 0xffff;
}

/* Returns the number of bytes of the character at the start of text, and its code point; 0 if text does not start with
 * a valid one. */
static int decode(const char *text, uint32_t *code) {
  const unsigned char *at = (const unsigned char *)text;
  for (int f = 0; f < FORMS; f++) {
    const struct form *form = &form_table[f];
    if ((*at & form->mask) != form->lead) continue;
    uint32_t point = *at & (unsigned char)~form->mask;
    for (int i = 1; i < form->bytes; i++) {
      if ((at[i] & 0xc0) != 0x80) return 0; /* also returned if the text ends within the character */
      point = point << 6 | (at[i] & 0x3f);
    }
    *code = point;
    return point >= form->least && point <= 0x10ffff && !(point >= 0xd800 && point < 0xe000) ? form->bytes : 0;
  }
  return 0;
}

int utf8_bytes(const char *text) {
  uint32_t point;
  return decode(text, &point);
}

/* Returns the number of bytes of the plain character at the start of text, or 0 if text does not start with one. */
static int plain_bytes(const char *text) {
  uint32_t point;
  const int bytes = decode(text, &point);
  return bytes > 0 && is_plain(point) ? bytes : 0;
}

bool utf8_is_plain(const char *text) {
  for (int bytes; *text; text += bytes)
    if ((bytes = plain_bytes(text)) == 0) return false;
  return true;
}

/* newlines: newlines are not escaped. */
static size_t append(char *text, size_t size, size_t used, const char *from, bool newlines) {
  while (*from) {
    char escape[8];
    int bytes = newlines && *from == '\n' ? 1 : plain_bytes(from);
    snprintf(escape, sizeof escape, "\\x%02x", (unsigned char)*from);
    const char *piece = bytes ? from : escape;
    const size_t length = bytes ? (size_t)bytes : strlen(escape);
    if (used + length >= size) break;
    memcpy(text + used, piece, length);
    used += length;
    from += bytes ? bytes : 1;
  }
  text[used] = 0;
  return used;
}

size_t utf8_append(char *text, size_t size, size_t used, const char *from) {
  return append(text, size, used, from, false);
}

static char *copy(const char *text, bool newlines) {
  const size_t size = 4 * strlen(text) + 1; /* an escape has 4 characters */
  char *escaped = alloc_small(size);
  append(escaped, size, 0, text, newlines);
  return escaped;
}

char *utf8_line(const char *text) {
  return copy(text, false);
}

char *utf8_lines(const char *text) {
  return copy(text, true);
}
