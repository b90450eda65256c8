#include "base/fill.h"

#include <string.h>

/* Returns the number of columns of the first `bytes` bytes of a text in UTF-8. */
static int columns_of(const char *text, size_t bytes) {
  int columns = 0;
  for (size_t i = 0; i < bytes; i++) columns += ((unsigned char)text[i] & 0xc0) != 0x80;
  return columns;
}

void fill_print(FILE *out, const char *label, int first, int later, const char *text) {
  int column = first;
  fprintf(out, "%-*s", first, label);
  for (const char *word = text; *word;) {
    const size_t length = strcspn(word, " ");
    const int width = columns_of(word, length), gap = word > text;
    if (gap && column + gap + width > FILL_COLUMNS) {
      fprintf(out, "\n%*s", later, "");
      column = later;
    } else if (gap) {
      fputc(' ', out);
      column++;
    }
    fprintf(out, "%.*s", (int)length, word);
    column += width;
    word += length + strspn(word + length, " ");
  }
  fputc('\n', out);
}
