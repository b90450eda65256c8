#include "base/cache_size.h"

#include <stdio.h>

#define FOLDER "/sys/devices/system/cpu/cpu0/cache/index"

static int read_line(int index, const char *name, char line[256]) {
  char path[128];
  snprintf(path, sizeof path, FOLDER "%d/%s", index, name);
  FILE *in = fopen(path, "r");
  const int found = in && fgets(line, 256, in);
  if (in) fclose(in);
  return found;
}

/* Returns the number of processors in a list like "0-3,8-11". */
static int list_length(const char *list) {
  int count = 0, first, last, used;
  while (sscanf(list, "%d%n", &first, &used) == 1) {
    list += used;
    last = first;
    if (*list == '-' && sscanf(list, "-%d%n", &last, &used) == 1) list += used;
    count += last - first + 1;
    if (*list != ',') break;
    list++;
  }
  return count > 0 ? count : 1;
}

double cache_size_share(void) {
  double most = 0, size;
  char line[256], unit;
  for (int index = 0; read_line(index, "size", line); index++) {
    const int fields = sscanf(line, "%lf%c", &size, &unit);
    if (fields < 1) continue;
    const double bytes = size * (fields == 2 && unit == 'K' ? 0x1p10 : fields == 2 && unit == 'M' ? 0x1p20 : 1);
    const double share = read_line(index, "shared_cpu_list", line) ? bytes / list_length(line) : bytes;
    if (share > most) most = share;
  }
  return most > 0 ? most : 0x1p20;
}
