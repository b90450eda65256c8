#include "base/process_memory.h"

#include <stdio.h>
#include <unistd.h>

double process_memory_peak(void) {
  FILE *in = fopen("/proc/self/status", "r");
  char line[256];
  double kilobytes = 0;
  while (in && fgets(line, sizeof line, in))
    if (sscanf(line, "VmHWM: %lf", &kilobytes) == 1) break;
  if (in) fclose(in);
  return 1024 * kilobytes;
}

double process_memory_installed(void) {
  const double pages = (double)sysconf(_SC_PHYS_PAGES);
  return pages > 0 ? pages * (double)sysconf(_SC_PAGESIZE) : 0;
}
