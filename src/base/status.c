#include "base/status.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { TEXT_MAX = 65536, HUGE_PAGE = 2 << 20 };
static char text[TEXT_MAX];
static void (*abort_hook)(void);

void status_defuse(char *string) {
  for (unsigned char *c = (unsigned char *)string; *c; c++) {
    const bool pair = *c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0; /* U+0080 to U+009F */
    if (pair) c[1] = '?';
    if (pair || (*c < 0x20 && *c != '\n' && *c != '\t') || *c == 0x7f) *c = '?';
  }
}

int status_fail(int code, const char *format, ...) {
  /* The new text may quote the old one, so it is composed aside. */
  static char next[TEXT_MAX];
  va_list args;
  va_start(args, format);
  vsnprintf(next, sizeof next, format, args);
  va_end(args);
  status_defuse(next);
  memcpy(text, next, sizeof text);
  return code;
}

const char *status_text(void) {
  return text;
}

void status_set_abort(void (*abort_all)(void)) {
  abort_hook = abort_all;
}

void status_die(const char *file, int line, const char *format, ...) {
  char host[256] = "?", message[4096];
  gethostname(host, sizeof host - 1);
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  fprintf(stderr, "mckean: %s:%d on %s: %s\n", file, line, host, message);
  fflush(NULL);
  if (abort_hook) abort_hook();
  abort();
}

void *status_malloc(size_t bytes) {
  void *memory = malloc(bytes ? bytes : 1);
  if (!memory) die("no memory for %zu bytes", bytes);
  return memory;
}

int status_array(void **array, int64_t count, size_t size, const char *what) {
  *array = NULL;
  if (count < 0 || (uint64_t)count > (SIZE_MAX / 2) / (size ? size : 1))
    return FAIL(FAILED, "%s: %lld items of %zu bytes are more than memory can address", what, (long long)count, size);
  /* Aligned for vector loads; large arrays for huge pages too, which save most misses of address translation. */
  const bool large = (size_t)count * size >= (size_t)2 * HUGE_PAGE;
  const size_t unit = large ? HUGE_PAGE : 64, bytes = ((size_t)count * size + unit - 1) / unit * unit;
  *array = aligned_alloc(unit, bytes ? bytes : unit);
  if (*array && large) (void)madvise(*array, bytes, MADV_HUGEPAGE); /* a hint */
  if (!*array)
    return FAIL(FAILED, "%s: no memory for %.3f GB on this rank; use more ranks or nodes, or a smaller problem", what,
                (double)bytes * 1e-9);
  return OK;
}
