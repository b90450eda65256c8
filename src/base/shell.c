#include "base/shell.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

static bool plain(const char *word) {
  if (!*word) return false;
  for (const char *c = word; *c; c++)
    if (!isalnum((unsigned char)*c) && !strchr("_@%+=:,./-", *c)) return false;
  return true;
}

void shell_quote(FILE *out, const char *word) {
  if (plain(word)) {
    fputs(word, out);
    return;
  }
  const bool odd = !utf8_is_plain(word);
  fputs(odd ? "$'" : "'", out);
  for (const char *c = word; *c; c++) {
    if (odd && (*c & 0x80 || iscntrl((unsigned char)*c)))
      fprintf(out, "\\%03o", (unsigned char)*c);
    else if (odd && (*c == '\'' || *c == '\\'))
      fprintf(out, "\\%c", *c);
    else if (*c == '\'')
      fputs("'\\''", out);
    else
      fputc(*c, out);
  }
  fputc('\'', out);
}
