#include "store/live.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "io/durable_file.h"
#include "store/lock.h"

static void path_of(const char *output, char path[PATH_BYTES]) {
  snprintf(path, PATH_BYTES, "%s/live", output);
}

/* token = the first line of the lock file; "" if it is empty or cannot be read. */
static void read_token(const char *output, char token[LOCK_CONTENT]) {
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "%s/lock", output);
  FILE *in = fopen(path, "re");
  if (!in || !fgets(token, LOCK_CONTENT, in)) *token = 0;
  if (in) fclose(in);
  token[strcspn(token, "\n")] = 0;
}

void live_write(const char *output, const struct live *live) {
  char path[PATH_BYTES], temporary[PATH_BYTES], token[LOCK_CONTENT];
  path_of(output, path);
  durable_file_temporary(output, "live", temporary);
  read_token(output, token);
  FILE *out = *token ? fopen(temporary, "we") : NULL;
  if (!out) return;
  fprintf(out,
          "%s\nstep %" PRId64 "\nsteps %" PRId64 "\nseconds_left %.3f\nt %.17g\nn %" PRId64 " %" PRId64
          "\nloss %.17g %.17g\nscale %s\n",
          token, live->step, live->steps, live->seconds_left, live->time, live->n[0], live->n[1], live->loss[0],
          live->loss[1], live->scale);
  if (fclose(out) != 0 || rename(temporary, path) != 0) unlink(temporary);
}

bool live_read(const char *output, struct live *live) {
  char path[PATH_BYTES], token[LOCK_CONTENT], own[LOCK_CONTENT] = "";
  struct stat found;
  path_of(output, path);
  read_token(output, token);
  FILE *in = *token ? fopen(path, "re") : NULL;
  if (!in) return false;
  *live = (struct live){.age = NAN};
  const bool whole =
      fgets(own, sizeof own, in) && fscanf(in,
                                           "step %" SCNd64 " steps %" SCNd64 " seconds_left %lf t %lf n %" SCNd64
                                           " %" SCNd64 " loss %lf %lf scale %15s",
                                           &live->step, &live->steps, &live->seconds_left, &live->time, &live->n[0],
                                           &live->n[1], &live->loss[0], &live->loss[1], live->scale) == 9;
  if (fstat(fileno(in), &found) == 0) live->age = fmax(0, difftime(time(NULL), found.st_mtime));
  fclose(in);
  own[strcspn(own, "\n")] = 0;
  return whole && strcmp(own, token) == 0;
}

void live_remove(const char *output) {
  char path[PATH_BYTES];
  path_of(output, path);
  unlink(path);
}
