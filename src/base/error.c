#include "base/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 65536 };

static char text[TEXT_MAX];
static void (*abort_hook)(void);

void error_printable(char *string) {
  for (unsigned char *c = (unsigned char *)string; *c; c++) {
    const bool pair = *c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0; /* U+0080 to U+009F */
    if (pair) c[1] = '?';
    if (pair || (*c < 0x20 && *c != '\n' && *c != '\t') || *c == 0x7f) *c = '?';
  }
}

int error_fail(int code, const char *format, ...) {
  /* The arguments may include the old text, so the new text is formatted into a separate buffer. */
  static char next[TEXT_MAX];
  va_list args;
  va_start(args, format);
  vsnprintf(next, sizeof next, format, args);
  va_end(args);
  error_printable(next);
  memcpy(text, next, sizeof text);
  return code;
}

const char *error_text(void) {
  return text;
}

void error_set_abort(void (*abort_all)(void)) {
  abort_hook = abort_all;
}

void error_die(const char *file, int line, const char *format, ...) {
  char host[256] = "?", message[4096];
  gethostname(host, sizeof host - 1);
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  error_printable(host);
  error_printable(message);
  fprintf(stderr, "mckean: %s:%d on %s: %s\n", file, line, host, message);
  fflush(NULL);
  if (abort_hook) abort_hook();
  abort();
}
