#include "base/alloc.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/error.h"

enum { HUGE_PAGE = 2 << 20 };

void *alloc_small(size_t bytes) {
  void *memory = malloc(bytes ? bytes : 1);
  if (!memory) die("no memory for %zu bytes", bytes);
  return memory;
}

static int allocate(void **array, int64_t count, size_t size, const char *what, const char *advice) {
  *array = NULL;
  if (count < 0 || (uint64_t)count > (SIZE_MAX / 2) / (size ? size : 1))
    return FAIL(FAILED, "%s: %lld items of %zu bytes are more than memory can address", what, (long long)count, size);
  /* The alignment suits vector loads. Huge pages avoid most TLB misses of large arrays. */
  const bool large = (size_t)count * size >= (size_t)2 * HUGE_PAGE;
  const size_t alignment = large ? HUGE_PAGE : 64;
  const size_t bytes = ((size_t)count * size + alignment - 1) / alignment * alignment;
  *array = aligned_alloc(alignment, bytes ? bytes : alignment);
  if (*array && large) (void)madvise(*array, bytes, MADV_HUGEPAGE); /* a hint: failure is harmless */
  if (!*array) return FAIL(FAILED, "%s: no memory for %.3f GB on this rank; %s", what, (double)bytes * 1e-9, advice);
  return OK;
}

int alloc_array(void **array, int64_t count, size_t size, const char *what) {
  return allocate(array, count, size, what, "use more ranks or nodes, or a smaller problem");
}

int alloc_copy(void **array, int64_t count, size_t size, const char *what) {
  return allocate(array, count, size, what,
                  "each rank needs it, so more ranks cannot help: use fewer points, or fewer ranks per node");
}
