#include "store/checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "checkpoint_layout.h"
#include "io/durable_file.h"
#include "parallel/heartbeat.h"

#define NAME_FORMAT "step-%012lld.h5"

char *checkpoint_path(const char *folder, int64_t step) {
  const size_t size = strlen(folder) + 48;
  char *path = alloc_small(size);
  snprintf(path, size, "%s/" NAME_FORMAT, folder, (long long)step);
  return path;
}

/* Returns the step of "step-000000000100.h5"; -1 for any other name, such as "step-100.h5". */
static int64_t step_of(const char *name) {
  long long step = -1;
  char exact[48];
  if (sscanf(name, "step-%lld.h5", &step) != 1 || step < 0) return -1;
  snprintf(exact, sizeof exact, NAME_FORMAT, step);
  return strcmp(name, exact) == 0 ? step : -1;
}

int checkpoint_inspect(const char *path, struct checkpoint_info *info) {
  return layout_read(path, NULL, info);
}

/* ---- verify, read ---- */

/* Rank 0 reads layout and info and broadcasts them. Collective. info: NULL, or freed by the caller. */
static int share_layout(const struct comm *comm, const char *path, struct layout *layout,
                        struct checkpoint_info *info) {
  struct checkpoint_info own = {0};
  TRY(comm_agree(comm, comm->rank == 0 ? layout_read(path, layout, &own) : OK));
  comm_bcast(comm, layout, sizeof *layout, 0);
  int64_t length = own.config ? (int64_t)strlen(own.config) + 1 : 0;
  comm_bcast(comm, &length, sizeof length, 0);
  char *config = own.config ? own.config : alloc_small((size_t)length);
  comm_bcast(comm, &own, sizeof own, 0);
  comm_bcast(comm, config, length, 0);
  own.config = config;
  if (info)
    *info = own;
  else
    free(config);
  return OK;
}

static int open_blocks(const char *path, const struct layout *layout, int *file, void **buffer) {
  *buffer = NULL;
  *file = open(path, O_RDONLY | O_CLOEXEC);
  if (*file < 0) return durable_file_fail_read(errno, "%s: cannot open the checkpoint", path);
  return alloc_array(buffer, layout_span_bytes(layout), 1, "a span of the checkpoint");
}

static int verify_blocks(const struct comm *comm, const char *path, const struct layout *layout) {
  const int64_t blocks = ensemble_blocks(&layout->ensemble);
  const int64_t first = blocks * comm->rank / comm->size, last = blocks * (comm->rank + 1) / comm->size;
  int file;
  void *buffer;
  int status = open_blocks(path, layout, &file, &buffer);
  for (int64_t span, block = first; block < last && status == OK; block += span) {
    span = layout_span(layout, block, last);
    for (int k = 0; k < layout->fields.count && status == OK; k++)
      status = layout_check_span(layout, file, path, block, span, k, buffer);
  }
  if (file >= 0) close(file);
  free(buffer);
  return status;
}

/* Checks that a file with the name of a checkpoint contains the step in its name; otherwise a resumed run would start
 * from the wrong step. */
static int check_name(const char *path, const struct checkpoint_info *info) {
  const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
  const int64_t step = step_of(name);
  return step < 0 || step == info->step ? OK
                                        : FAIL(FAILED, "%s: contains step %lld; restore its name, " NAME_FORMAT, path,
                                               (long long)info->step, (long long)info->step);
}

static int share_info(const struct comm *comm, const char *path, struct layout *layout, struct checkpoint_info *info) {
  TRY(share_layout(comm, path, layout, info));
  const int status = check_name(path, info); /* the same on all ranks */
  if (status != OK) checkpoint_info_free(info);
  return status;
}

int checkpoint_verify(const struct comm *comm, const char *path, struct checkpoint_info *info) {
  struct layout layout = {0};
  struct checkpoint_info own = {0};
  TRY(share_info(comm, path, &layout, &own));
  const int status = comm_agree(comm, verify_blocks(comm, path, &layout));
  if (status == OK && info)
    *info = own;
  else
    checkpoint_info_free(&own);
  return status;
}

static int same_shape(const struct layout *layout, const struct particles *particles) {
  bool same = layout->ensemble.members == particles->ensemble.members &&
              layout->ensemble.replicas == particles->ensemble.replicas && layout->d == particles->d &&
              layout->unit == particles->unit.type && layout->precision == (int)particles->precision &&
              memcmp(&layout->fields, &particles->fields, sizeof layout->fields) == 0;
  for (int e = 0; same && e < layout->ensemble.members; e++) same = layout->ensemble.n[e] == particles->ensemble.n[e];
  return same ? OK
              : FAIL(USAGE, "the sizes, replicas, unit type, dimension, precision or update rule of the "
                            "checkpoint differ from those of the input");
}

/* Copies `count` blocks of one dataset from buffer to this rank's units. *local: index of the local network found last.
 * The search for the next one starts there, because local networks, except split ones, are in the order of the file. */
static void take_rows(const struct layout *layout, struct particles *particles, int64_t block, int64_t count,
                      int dataset, const char *buffer, int *local) {
  for (int64_t i = block; i < block + count; i++) {
    const struct location location = layout_location(layout, i);
    while (particles->local[*local].network != location.network) *local = (*local + 1) % particles->locals;
    local_network_set_field(particles, &particles->local[*local], layout->fields.field[dataset], location.block * BLOCK,
                            location.units, buffer);
    buffer += location.units * layout_unit_bytes(layout, dataset);
  }
}

static int read_blocks(const char *path, const struct layout *layout, struct particles *particles) {
  const int64_t first = particles->first[particles->comm->rank], last = particles->first[particles->comm->rank + 1];
  int file, local = 0;
  void *buffer;
  int status = open_blocks(path, layout, &file, &buffer);
  for (int64_t span, block = first; block < last && status == OK; block += span) {
    const int start = local;
    span = layout_span(layout, block, last);
    for (int k = 0; k < layout->fields.count && status == OK; k++) {
      status = layout_check_span(layout, file, path, block, span, k, buffer);
      local = start;
      if (status == OK) take_rows(layout, particles, block, span, k, buffer, &local);
    }
  }
  if (file >= 0) close(file);
  free(buffer);
  return status;
}

int checkpoint_read(const struct comm *comm, const char *path, struct particles *particles) {
  struct layout layout = {0};
  TRY(share_layout(comm, path, &layout, NULL));
  TRY(same_shape(&layout, particles));
  return comm_agree(comm, read_blocks(path, &layout, particles));
}

/* ---- the folder ---- */

static int descending(const void *a, const void *b) {
  const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? 1 : x > y ? -1 : 0;
}

/* Lists the steps up to `last` of the checkpoints in a folder, newest first; the caller frees *steps. */
static int list_steps(const char *folder, int64_t last, int64_t **steps, int *count) {
  *steps = NULL;
  *count = 0;
  DIR *directory = opendir(folder);
  if (!directory) return errno == ENOENT ? OK : durable_file_fail_read(errno, "%s: cannot list checkpoints", folder);
  for (const struct dirent *entry; (entry = readdir(directory));) {
    const int64_t step = step_of(entry->d_name);
    if (step < 0 || step > last) continue;
    *steps = realloc(*steps, sizeof **steps * (size_t)(*count + 1));
    if (!*steps) die("no memory to list %d checkpoints", *count);
    (*steps)[(*count)++] = step;
  }
  closedir(directory);
  if (*count > 0) qsort(*steps, (size_t)*count, sizeof **steps, descending);
  return OK;
}

int checkpoint_newest(const struct comm *comm, const char *folder, int64_t last, bool quick,
                      void (*note)(void *context, const char *text), void *context, char **path,
                      struct checkpoint_info *info) {
  struct layout layout = {0};
  int64_t *steps = NULL;
  int count = 0;
  *path = NULL;
  heartbeat_activity("the search for a checkpoint");
  TRY(comm_agree(comm, comm->rank == 0 ? list_steps(folder, last, &steps, &count) : OK));
  comm_bcast(comm, &count, sizeof count, 0);
  if (comm->rank != 0) steps = alloc_small(sizeof *steps * (size_t)count);
  comm_bcast(comm, steps, count * (int64_t)sizeof *steps, 0);
  int status = OK;
  for (int i = 0; i < count; i++) {
    char *candidate = checkpoint_path(folder, steps[i]);
    status = quick ? share_info(comm, candidate, &layout, info) : checkpoint_verify(comm, candidate, info);
    if (status == OK) *path = candidate;
    if (status != OK) free(candidate);
    if (status != FAILED) break;
    if (comm->rank == 0) note(context, error_text());
  }
  free(steps);
  if (status == OK) return OK;
  if (status == USAGE)
    return FAIL(USAGE,
                "%s; resume with that version, or move the file away to resume from an older checkpoint with this "
                "version",
                error_text());
  if (status == UNREAD)
    return FAIL(UNREAD, "%s; make it readable, or move it away to resume from an older checkpoint", error_text());
  return FAIL(FAILED, "%s: none of %d checkpoint(s) is intact; restore one from a copy, or start over with --fresh",
              folder, count);
}

int checkpoint_set_aside(const char *folder, int64_t step) {
  int64_t *steps;
  int count, status = OK;
  TRY(list_steps(folder, INT64_MAX, &steps, &count));
  for (int i = 0; i < count && steps[i] > step && status == OK; i++) {
    char *path = checkpoint_path(folder, steps[i]);
    status = durable_file_set_aside(path);
    free(path);
  }
  free(steps);
  return status;
}

int checkpoint_rotate(const char *folder, int keep, const struct steps *snapshots) {
  int64_t *steps;
  int count, status = OK;
  TRY(list_steps(folder, INT64_MAX, &steps, &count));
  for (int i = keep; i < count; i++) {
    if (steps_hold(snapshots, steps[i])) continue;
    char *path = checkpoint_path(folder, steps[i]);
    /* A folder with this name is not a checkpoint and is kept. */
    if (unlink(path) != 0 && errno != ENOENT && errno != EISDIR)
      status = FAIL(FAILED, "%s: cannot remove it: %s", path, strerror(errno));
    free(path);
  }
  free(steps);
  return status;
}

/* ---- compare ---- */

struct difference {
  int64_t unequal;
  double absolute, relative;
};

/* Once *most is NAN, it remains NAN. */
static void raise_to(double *most, double value) {
  if (isnan(value) || value > *most) *most = value;
}

static void compare_numbers(int precision, int64_t count, const void *a, const void *b, struct difference *difference) {
  const size_t size = precision_stored((enum precision)precision);
  if (memcmp(a, b, size * (size_t)count) == 0) return;
  for (int64_t i = 0; i < count; i++) {
    if (memcmp((const char *)a + size * (size_t)i, (const char *)b + size * (size_t)i, size) == 0) continue;
    const double x = size == sizeof(float) ? ((const float *)a)[i] : ((const double *)a)[i];
    const double y = size == sizeof(float) ? ((const float *)b)[i] : ((const double *)b)[i];
    const double absolute = fabs(x - y);
    difference->unequal++;
    raise_to(&difference->absolute, absolute);
    raise_to(&difference->relative, absolute == 0 ? 0 : absolute / fmax(fabs(x), fabs(y))); /* 0: +0 and -0 */
  }
}

struct side {
  const char *path;
  struct layout layout;
  int file;
  void *buffer;
};

static int compare_datasets(struct side side[2], FILE *out, bool *equal) {
  const struct layout *layout = &side[0].layout;
  struct difference difference[ENSEMBLE_MAX][DATASETS_MAX] = {0};
  for (int64_t block = 0; block < ensemble_blocks(&layout->ensemble); block++) {
    const struct location location = layout_location(layout, block);
    for (int k = 0; k < layout->fields.count; k++) {
      const int64_t bytes = location.units * layout_unit_bytes(layout, k);
      for (int i = 0; i < 2; i++)
        TRY(durable_file_pread(side[i].file, side[i].path, layout_data(&side[i].layout, &location, k), side[i].buffer,
                               bytes));
      compare_numbers(layout->precision, bytes / (int64_t)precision_stored((enum precision)layout->precision),
                      side[0].buffer, side[1].buffer, &difference[location.member][k]);
    }
  }
  *equal = true;
  for (int e = 0; e < layout->ensemble.members; e++)
    for (int k = 0; k < layout->fields.count; k++) {
      const struct difference *found = &difference[e][k];
      if (found->unequal == 0) continue;
      *equal = false;
      char field[UPDATE_FIELD_NAME];
      layout_name(layout, k, field);
      if (out)
        fprintf(out, "/ensemble/%d/%s: %lld numbers differ, by at most %.3g, relative %.3g\n", e, field,
                (long long)found->unequal, found->absolute, found->relative);
    }
  return OK;
}

static int open_side(struct side *side, const char *path) {
  side->path = path;
  TRY(layout_read(path, &side->layout, NULL));
  return open_blocks(path, &side->layout, &side->file, &side->buffer);
}

int checkpoint_compare(const char *a, const char *b, FILE *out, bool *equal) {
  struct side side[2] = {{.file = -1}, {.file = -1}};
  int status = open_side(&side[0], a);
  if (status == OK) status = open_side(&side[1], b);
  const struct layout *x = &side[0].layout, *y = &side[1].layout;
  if (status == OK && (memcmp(&x->ensemble, &y->ensemble, sizeof x->ensemble) != 0 || x->d != y->d ||
                       x->precision != y->precision || memcmp(&x->fields, &y->fields, sizeof x->fields) != 0))
    status =
        FAIL(USAGE, "%s and %s: sizes, replicas, dimension or precision differ: these files cannot be compared", a, b);
  if (status == OK) status = compare_datasets(side, out, equal);
  for (int i = 0; i < 2; i++) {
    if (side[i].file >= 0) close(side[i].file);
    free(side[i].buffer);
  }
  return status;
}
