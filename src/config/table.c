#include "table.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"

static const struct choice NO_CHOICE = {NULL, NULL};

static struct choice precision_choice(int i) {
  return i < PRECISIONS ? (struct choice){precision_names[i], NULL} : NO_CHOICE;
}
static struct choice isa_choice(int i) {
  return i <= ISA_LEVELS ? (struct choice){i == 0 ? "auto" : isa_names[i - 1],
                                           i == 0 ? "the highest level that all nodes have" : isa_help[i - 1]}
                         : NO_CHOICE;
}
static struct choice unit_choice(int i) {
  return i < UNIT_TYPES ? (struct choice){unit_table[i].name, unit_table[i].help} : NO_CHOICE;
}
static struct choice target_choice(int i) {
  return i < TARGET_TYPES ? (struct choice){target_table[i]->name, NULL} : NO_CHOICE;
}
static struct choice mode_choice(int i) {
  return i < DATA_MODES ? (struct choice){dataset_mode_names[i], NULL} : NO_CHOICE;
}
static struct choice scheme_choice(int i) {
  return i < SCHEMES ? (struct choice){scheme_names[i], NULL} : NO_CHOICE;
}
static struct choice loss_choice(int i) {
  return i < LOSS_TYPES ? (struct choice){loss_table[i].name, loss_table[i].help} : NO_CHOICE;
}
static struct choice update_choice(int i) {
  return i < UPDATES ? (struct choice){update_table[i].name, update_table[i].help} : NO_CHOICE;
}
static struct choice subsample_choice(int i) {
  static const struct choice choices[SUBSAMPLES] = {
      {"own", "each initial condition takes its own subset"},
      {"shared", "all initial conditions of one n take the same subset"},
  };
  return i < SUBSAMPLES ? choices[i] : NO_CHOICE;
}
static struct choice io_choice(int i) {
  static const char *const names[PARALLEL_WRITE_KINDS] = {"posix", "mpiio"};
  return i < PARALLEL_WRITE_KINDS ? (struct choice){names[i], NULL} : NO_CHOICE;
}
static struct choice full_choice(int i) {
  static const char *const names[ON_FULL_KINDS] = {"stop", "wait"};
  return i < ON_FULL_KINDS ? (struct choice){names[i], NULL} : NO_CHOICE;
}

#define AT(field)    offsetof(struct config, field)
#define STAGE(field) offsetof(struct stage, field)
#define N_MAX        0x1p40
#define STEPS_LIMIT  0x1p40
#define POINTS_LIMIT (0x1p31 - 1)

const struct parameter parameter_table[] = {
    {"run.name", P_TEXT, AT(name), 0, 0, false, "", NULL, true,
     "name of the run; by default the name of the input file without folder and extension"},
    {"run.output", P_TEXT, AT(output), 0, 0, false, "", NULL, true, "output folder; by default runs/<run.name>"},
    {"run.seed", P_SEED, AT(seed), 0, 0, false, "1", NULL, false, "seed of the initial condition"},
    {"run.precision", P_CHOICE, AT(precision), 0, 0, false, "mixed", precision_choice, false,
     "single: fp32 throughout; mixed: parameters in fp64, arithmetic of the units in fp32; double: fp64 throughout"},
    {"run.threads", P_INTEGER, AT(threads), 1, 1024, false, "1", NULL, true,
     "threads per rank. All threads compute a large network together, in blocks of 256 units; each small network is "
     "computed by one thread"},
    {"run.isa", P_CHOICE, AT(isa), -1, 0, false, "auto", isa_choice, true,
     "instruction-set level of the kernels. A resumed run keeps the level of its checkpoint"},
    {"run.watchdog", P_REAL, AT(watchdog), 0, 1e6, false, "1800", NULL, true,
     "seconds without progress after which a rank counts as hanging. The run then names this rank and aborts all ranks "
     "with exit code 75; the same command resumes from the newest checkpoint. 0: never"},

    {"ensemble.n", P_SIZES, AT(ensemble), 1, N_MAX, false, NULL, NULL, false,
     "units per network. With a list of sizes, the run trains networks of each size"},
    {"ensemble.replicas", P_COUNT, AT(initial_conditions), 1, 0x1p24 - 1, false, "1", NULL, false,
     "number of independent initial conditions per size"},

    {"unit.type", P_CHOICE, AT(unit.type), 0, 0, false, "sigmoid", unit_choice, false, "unit type"},
    {"unit.alpha", P_REAL, AT(unit.alpha), 0, 1e6, true, "1", NULL, false, "rbf: inverse square width"},
    {"unit.train", P_FIELDS, AT(unit.train), 0, 0, false, "[c, a, b]", NULL, false,
     "trained fields; the others keep their initial values (rbf: a is z on the sphere, and there is no b)"},
    {"unit.init.c.mean", P_REAL, AT(unit.c.mean), -1e6, 1e6, false, "0", NULL, false,
     "initial distribution of c: mean"},
    {"unit.init.c.std", P_REAL, AT(unit.c.std), 0, 1e6, false, "1", NULL, false,
     "initial distribution of c: standard deviation"},
    {"unit.init.a.mean", P_REAL, AT(unit.a.mean), -1e6, 1e6, false, "0", NULL, false,
     "initial distribution of each a_k: mean (rbf: z is uniform on the sphere)"},
    {"unit.init.a.std", P_REAL, AT(unit.a.std), 0, 1e6, false, "1", NULL, false,
     "initial distribution of each a_k: standard deviation"},
    {"unit.init.b.mean", P_REAL, AT(unit.b.mean), -1e6, 1e6, false, "0", NULL, false,
     "initial distribution of b: mean"},
    {"unit.init.b.std", P_REAL, AT(unit.b.std), 0, 1e6, false, "1", NULL, false,
     "initial distribution of b: standard deviation"},

    {"unit.init.path", P_TEXT, AT(unit.import.path), 0, 0, false, "", NULL, false,
     "HDF5 file with initial particles: a checkpoint, or datasets c (n), a (n, d) and b (n) in the root group or in "
     "groups n<N>, such as /n64; rbf: a or z. A dataset may have a first axis R: initial condition i then takes entry "
     "i. Fields that the file lacks are drawn from the distributions above. A network without a set of exactly n units "
     "takes a random subset of the largest set. Default: no file"},
    {"unit.init.subsample", P_CHOICE, AT(unit.import.subsample), 0, 0, false, "own", subsample_choice, false,
     "random subsets of a file with more than n units"},
    {"unit.init.subsample_seed", P_SEED, AT(unit.import.seed), 0, 0, false, "0", NULL, false,
     "seed of the random subsets; 0: run.seed"},
    {"unit.init.checksum", P_TEXT, AT(unit.import.checksum), 0, 0, false, "", NULL, true,
     "checksum of the initial particles, if a file is given: 8 hexadecimal digits, which a run prints and records. If "
     "the input contains it, other particles are refused"},

    {"target.type", P_CHOICE, AT(target.type), 0, 0, false, NULL, target_choice, false,
     "spin: spherical 3-spin model; teacher: a network; file: an HDF5 file"},
    {"target.d", P_INTEGER, AT(target.d), 1, 1024, false, NULL, NULL, false,
     "input dimension. With target.type: file, the dimension of x in the file"},
    {"target.seed", P_SEED, AT(target.seed), 0, 0, false, "1", NULL, false, "seed of the target's coefficients"},
    {"target.path", P_TEXT, AT(target.path), 0, 0, false, "", NULL, true,
     "file: path of the HDF5 file with x (N, d) and y (N); optional: test_x (K, d) and test_y (K). A relative path "
     "starts in the working folder or, if there is no such file, in the folder of the input. A run resumes with the "
     "same "
     "points at any path. No default"},
    {"target.noise", P_REAL, AT(data.noise), 0, 1e6, false, "0", NULL, false,
     "standard deviation of the noise on training labels"},
    {"target.teacher.units", P_COUNT, AT(target.teacher_units), 1, 1e6, false, "10", NULL, false,
     "teacher: number of units m"},
    {"target.teacher.type", P_CHOICE, AT(target.teacher.type), 0, 0, false, "sigmoid", unit_choice, false,
     "teacher: unit type"},
    {"target.teacher.alpha", P_REAL, AT(target.teacher.alpha), 0, 1e6, true, "1", NULL, false,
     "teacher of rbf units: inverse square width"},
    {"target.teacher.init.c.mean", P_REAL, AT(target.teacher.c.mean), -1e6, 1e6, false, "0", NULL, false,
     "teacher: mean of c"},
    {"target.teacher.init.c.std", P_REAL, AT(target.teacher.c.std), 0, 1e6, false, "1", NULL, false,
     "teacher: standard deviation of c"},
    {"target.teacher.init.a.mean", P_REAL, AT(target.teacher.a.mean), -1e6, 1e6, false, "0", NULL, false,
     "teacher: mean of each a_k"},
    {"target.teacher.init.a.std", P_REAL, AT(target.teacher.a.std), 0, 1e6, false, "1", NULL, false,
     "teacher: standard deviation of each a_k"},
    {"target.teacher.init.b.mean", P_REAL, AT(target.teacher.b.mean), -1e6, 1e6, false, "0", NULL, false,
     "teacher: mean of b"},
    {"target.teacher.init.b.std", P_REAL, AT(target.teacher.b.std), 0, 1e6, false, "1", NULL, false,
     "teacher: standard deviation of b"},

    {"loss.type", P_CHOICE, AT(data.loss.type), 0, 0, false, "squared", loss_choice, false,
     "loss of an output f and a label y"},
    {"loss.threshold", P_REAL, AT(data.loss.threshold), 0, 1e300, true, "1", NULL, false,
     "huber: |f - y| above which the loss is linear"},

    {"data.mode", P_CHOICE, AT(data.mode), 0, 0, false, "fixed", mode_choice, false,
     "fixed: one set of points for all networks and steps; online: fresh points in each step; population: averages "
     "over the whole sphere, by the exact potential between units (only rbf units, spin target and gd); points only "
     "for tests"},
    {"data.samples", P_COUNT, AT(data.samples), 1, POINTS_LIMIT, false, NULL, NULL, false,
     "fixed: number of points in the set. With target.type: file, the first rows of x; by default all"},
    {"data.test", P_COUNT_AUTO, AT(data.test), 0, POINTS_LIMIT, false, "auto", NULL, false,
     "number of held-out test points. auto: 512. With target.type: file, a number K means the last K rows of x, and "
     "auto "
     "a fifth of the rows, drawn with data.seed (data.test_seed). Not used if the file has test_x and test_y"},
    {"data.shared", P_FLAG, AT(data.shared), 0, 0, false, "false", NULL, false,
     "true: all networks use the same online points and the same order of mini-batches"},
    {"data.streams", P_COUNT, AT(ensemble.streams), 1, 1024, false, "1", NULL, false,
     "data streams per initial condition: this many networks have the same initial condition; each has its own fresh "
     "points or its own order of mini-batches"},
    {"data.seed", P_SEED, AT(data.seed), 0, 0, false, "1", NULL, false, "seed of points, their order and label noise"},
    {"data.test_seed", P_SEED, AT(data.test_seed), 0, 0, false, "0", NULL, false,
     "seed of the test points; 0: data.seed. Set the same value in runs with different data seeds that you want to "
     "analyze together"},

    {"dynamics.scheme", P_CHOICE, AT(schedule.scheme), 0, 0, false, "gd", scheme_choice, false,
     "gd: the whole fixed set or population in each step; sgd: fresh points, or mini-batches of the fixed set, drawn "
     "without replacement"},
    {"dynamics.update", P_CHOICE, AT(schedule.update.rule), 0, 0, false, "euler", update_choice, false,
     "rule that updates the units in each step"},
    {"dynamics.momentum", P_REAL, AT(schedule.update.mu), 0, 0.999999, false, "0.9", NULL, false,
     "momentum: mu. With small dt, a step follows the gradient flow for the time dt/(1 - mu). The stability limit is "
     "2 (1 + mu)/lambda. Steps close to this limit do not follow the flow, so use a small dt_safety with dt: auto"},
    {"dynamics.stages[].steps", P_COUNT, STAGE(steps), 1, STEPS_LIMIT, false, NULL, NULL, true,
     "steps of the stage. On resume, only steps after the checkpoint may change"},
    {"dynamics.stages[].dt", P_AUTO, STAGE(dt), 0, DT_MAX, true, NULL, NULL, true,
     "step size; auto: dt_safety times the smallest stability limit of all networks (with dt_power, the smallest of "
     "limit / n^dt_power). The limit is 2/lambda, where "
     "lambda is the largest eigenvalue of the tangent kernel M/P; for sgd with batches of P points it is "
     "2 / (lambda (1 - 1/P) + sup M(x,x) / P)"},
    {"dynamics.stages[].dt_safety", P_REAL, STAGE(dt_safety), 0, 1, true, NULL, NULL, true,
     "auto: dt as a fraction of the stability limit; 0.5 if not given"},
    {"dynamics.stages[].dt_every", P_COUNT, STAGE(dt_every), 1, STEPS_LIMIT, false, NULL, NULL, true,
     "auto: dt is estimated at the first step of the stage and at each step that is a multiple of this number; 100 if "
     "not given. An estimate takes as long as about 10 steps with P = 512"},
    {"dynamics.stages[].dt_power", P_REAL, STAGE(dt_power), -4, 4, false, NULL, NULL, true,
     "a network of n units has the step size dt * n^dt_power; 0 if not given. With a power, networks of different n "
     "have different t at the same step"},
    {"dynamics.stages[].batch", P_COUNT, STAGE(batch), 1, POINTS_LIMIT, false, NULL, NULL, true,
     "sgd: number P of points in a batch. Each epoch uses the fixed set in a new uniform random order and omits the "
     "remaining points that do not fill a batch"},
    {"dynamics.stages[].batch_scale", P_REAL, STAGE(batch_scale), 0, 1e9, true, NULL, NULL, true,
     "sgd: P = floor(batch_scale * n^batch_power), at least 1"},
    {"dynamics.stages[].batch_power", P_REAL, STAGE(batch_power), -4, 4, false, NULL, NULL, true,
     "sgd: see batch_scale"},

    {"output.history_every", P_INTERVALS, AT(history_every), 1, STEPS_LIMIT, false, "10", NULL, true,
     "steps between rows of history.h5. {0: 10, 500: 100}: 10 up to step 500, 100 after it. A change on resume applies "
     "after the checkpoint; the recorded rows stay"},
    {"output.checkpoint_every", P_COUNT, AT(checkpoint_every), 0, STEPS_LIMIT, false, "0", NULL, true,
     "steps between checkpoints; 0: by time only. Checkpoints are also written at each snapshot, at the end, and when "
     "the run stops early"},
    {"output.checkpoint_minutes", P_AUTO, AT(checkpoint_minutes), 0, 1e6, false, "auto", NULL, true,
     "wall-clock minutes between checkpoints; 0: by steps only. auto: as often as takes 1 % of the time, but at least "
     "every 15 minutes and at most every 30 seconds; 15 if checkpoint_every is given"},
    {"output.keep", P_INTEGER, AT(keep), 1, 1e6, false, "2", NULL, true,
     "number of newest checkpoints to keep; snapshots are always kept"},
    {"output.snapshots", P_STEPS, AT(snapshots), 0, STEPS_LIMIT, false, "[]", NULL, true,
     "steps whose checkpoints are always kept, as empirical distributions for analysis; the forms are those of "
     "output.fields. A resumed run keeps its earlier snapshots"},
    {"output.fields", P_STEPS, AT(fields), 0, STEPS_LIMIT, false, "[]", NULL, true,
     "steps at which f_n is recorded at the test points, and at the training points if they are fixed. {every: N}: the "
     "multiples of N; {log: K}: K steps per decade, in equal ratios; both with step 0 and the last step. A change on "
     "resume applies from the checkpoint on; the recorded fields stay"},
    {"output.io", P_CHOICE, AT(io), 0, 0, false, "posix", io_choice, true,
     "how checkpoints are written: posix, or mpiio for file systems whose clients do not share pages coherently (NFS)"},
    {"output.on_full", P_CHOICE, AT(on_full), 0, 0, false, "stop", full_choice, true,
     "action when the disk or the quota is full. stop: the run fails; wait: the run retries every few seconds until "
     "there is free space, or until a signal, the stop file or the time limit ends the run"},
};
const int parameter_count = sizeof parameter_table / sizeof *parameter_table;
_Static_assert(sizeof parameter_table / sizeof *parameter_table <= PARAMETERS_MAX, "PARAMETERS_MAX is too small");

bool parameter_of_stage(const struct parameter *parameter) {
  return strncmp(parameter->key, "dynamics.stages[].", 18) == 0;
}

static void range_text(const struct parameter *parameter, char *text, size_t size) {
  if (parameter->above)
    snprintf(text, size, " > %.10g and <= %.10g", parameter->low, parameter->high);
  else
    snprintf(text, size, " from %.15g to %.15g", parameter->low, parameter->high);
}

void parameter_expects(const struct parameter *parameter, char *text, size_t size) {
  char range[96];
  range_text(parameter, range, sizeof range);
  switch (parameter->kind) {
  case P_INTEGER:
  case P_COUNT:
    snprintf(text, size, "an integer%s", range);
    break;
  case P_COUNT_AUTO:
    snprintf(text, size, "auto, or an integer%s", range);
    break;
  case P_SEED:
    snprintf(text, size, "an integer from 0 to 2^64 - 1");
    break;
  case P_REAL:
    snprintf(text, size, "a number%s", range);
    break;
  case P_AUTO:
    snprintf(text, size, "auto, or a number%s", range);
    break;
  case P_FLAG:
    snprintf(text, size, "true or false");
    break;
  case P_TEXT:
    snprintf(text, size, "UTF-8 text without control characters");
    break;
  case P_SIZES:
    snprintf(text, size, "an integer%s, or a list of at most %d different ones, such as [64, 256]", range,
             ENSEMBLE_MAX);
    break;
  case P_STEPS:
    snprintf(text, size, "a list of at most %d steps (integers)%s, such as [0, 100], {every: N} or {log: K}", STEPS_MAX,
             range);
    break;
  case P_INTERVALS:
    snprintf(text, size, "an integer%s, or {0: N, STEP: N, ...} with ascending steps", range);
    break;
  case P_FIELDS:
    snprintf(text, size, "a list of c, a, b, such as [c, a]");
    break;
  case P_CHOICE: {
    size_t used = (size_t)snprintf(text, size, "one of ");
    for (int i = 0; parameter->choice(i).name && used < size; i++)
      used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", parameter->choice(i).name);
  }
  }
}

/* Reads a decimal number. Hexadecimal numbers, nan, inf and trailing text are errors. */
static bool number(const char *text, double *value) {
  if (!*text || text[strspn(text, "0123456789+-.eE")]) return false;
  char *end;
  errno = 0;
  *value = strtod(text, &end);
  return end != text && *end == 0 && isfinite(*value);
}

static bool in_range(const struct parameter *parameter, double value) {
  return value <= parameter->high && (parameter->above ? value > parameter->low : value >= parameter->low);
}

static bool whole(const struct parameter *parameter, const char *text, int64_t *result) {
  double value;
  if (!number(text, &value) || value != floor(value) || fabs(value) > 0x1p53 || !in_range(parameter, value))
    return false;
  *result = (int64_t)value;
  return true;
}

static bool seed(const char *text, uint64_t *result) {
  if (!*text || text[strspn(text, "0123456789")]) return false;
  errno = 0;
  *result = strtoull(text, NULL, 10);
  return errno == 0;
}

static bool size_item(const struct parameter *parameter, struct ensemble_spec *ensemble, int item, const char *text) {
  int64_t n;
  if (item == 0) ensemble->members = 0;
  if (!whole(parameter, text, &n) || item >= ENSEMBLE_MAX || item != ensemble->members) return false;
  ensemble->members = item + 1;
  ensemble->n[item] = n;
  for (int i = 0; i < item; i++)
    if (ensemble->n[i] == n) return false;
  return true;
}

static bool step_item(const struct parameter *parameter, struct steps *steps, int item, const char *text) {
  int64_t step;
  if (item == 0) *steps = (struct steps){0};
  return whole(parameter, text, &step) && steps_insert(steps, step);
}

/* Sets an interval from the key of its first step and its text: {0: 10, 500: 100}. */
static bool interval_item(const struct parameter *parameter, struct intervals *intervals, const char *key,
                          const char *text) {
  static const struct parameter steps = {.high = STEPS_LIMIT};
  int64_t after, every;
  if (!whole(&steps, key, &after) || !whole(parameter, text, &every)) return false;
  if (after == 0) intervals->count = 0;
  const int last = intervals->count - 1;
  return (last < 0 || after > intervals->after[last]) && intervals_change(intervals, after, every);
}

bool parameter_assign_form(const struct parameter *parameter, void *base, const char *form, const char *text) {
  void *at = (char *)base + parameter->offset;
  if (parameter->kind == P_INTERVALS) return interval_item(parameter, at, form, text);
  static const struct parameter count = {.low = 1, .high = STEPS_LIMIT};
  struct steps *steps = at;
  if (parameter->kind != P_STEPS) return false;
  steps->count = 0;
  return (strcmp(form, "every") == 0 && whole(&count, text, &steps->every)) ||
         (strcmp(form, "log") == 0 && whole(&count, text, &steps->log));
}

static bool field_item(unsigned *train, int item, const char *text) {
  if (item == 0) *train = 0;
  for (int id = 0; id < FIELDS; id++)
    if (strcmp(text, field_table[id].name) == 0) {
      *train |= 1u << id;
      return true;
    }
  return false;
}

static bool choice_item(const struct parameter *parameter, int *value, const char *text) {
  if (parameter->choice == unit_choice && strcasecmp(text, "logistic") == 0) text = "sigmoid";
  for (int i = 0; parameter->choice(i).name; i++)
    if (strcasecmp(parameter->choice(i).name, text) == 0) {
      *value = i + (int)parameter->low;
      return true;
    }
  return false;
}

static size_t text_size(const struct parameter *parameter) {
  const struct config *config = NULL;
  return parameter->offset == AT(name)                   ? sizeof config->name
         : parameter->offset == AT(unit.import.checksum) ? sizeof config->unit.import.checksum
                                                         : sizeof config->output;
}

/* Returns the value that stands for auto; it is below the range. */
static double auto_value(const struct parameter *parameter) {
  return parameter->above ? parameter->low : parameter->low - 1;
}

bool parameter_assign(const struct parameter *parameter, void *base, int item, const char *text, bool quoted) {
  void *at = (char *)base + parameter->offset;
  if (quoted && parameter->kind != P_TEXT && parameter->kind != P_CHOICE && parameter->kind != P_FIELDS) return false;
  int64_t integer;
  switch (parameter->kind) {
  case P_INTEGER:
    if (!whole(parameter, text, &integer)) return false;
    *(int *)at = (int)integer;
    return true;
  case P_COUNT:
    return whole(parameter, text, at);
  case P_COUNT_AUTO:
    *(int64_t *)at = -1;
    return strcmp(text, "auto") == 0 || whole(parameter, text, at);
  case P_SEED:
    return seed(text, at);
  case P_REAL:
    return number(text, at) && in_range(parameter, *(double *)at);
  case P_AUTO:
    *(double *)at = auto_value(parameter);
    return strcasecmp(text, "auto") == 0 || (number(text, at) && in_range(parameter, *(double *)at));
  case P_FLAG:
    *(bool *)at = strcasecmp(text, "true") == 0;
    return *(bool *)at || strcasecmp(text, "false") == 0;
  case P_TEXT:
    return utf8_is_plain(text) && /* the YAML reader must accept the echo */
           snprintf(at, text_size(parameter), "%s", text) < (int)text_size(parameter);
  case P_CHOICE:
    return choice_item(parameter, at, text);
  case P_SIZES:
    return size_item(parameter, at, item, text);
  case P_STEPS:
    return step_item(parameter, at, item, text);
  case P_INTERVALS:
    return interval_item(parameter, at, "0", text);
  case P_FIELDS:
    return field_item(at, item, text);
  }
  return false;
}

/* Prints the number with the fewest digits, at least 15, that read back to the same bits. */
static void print_real(FILE *out, double value) {
  char text[40];
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, value);
    if (strtod(text, NULL) == value) break;
  }
  fputs(text, out);
}

static void print_text(FILE *out, const char *text) {
  fputc('"', out);
  for (; *text; text++) {
    if (*text == '"' || *text == '\\') fputc('\\', out);
    if ((unsigned char)*text < 0x20)
      fprintf(out, "\\x%02x", (unsigned char)*text);
    else
      fputc(*text, out);
  }
  fputc('"', out);
}

static void print_intervals(FILE *out, const struct intervals *intervals) {
  if (intervals->count == 1) {
    fprintf(out, "%lld", (long long)intervals->every[0]);
    return;
  }
  for (int i = 0; i < intervals->count; i++)
    fprintf(out, "%s%lld: %lld", i ? ", " : "{", (long long)intervals->after[i], (long long)intervals->every[i]);
  fputc('}', out);
}

static void print_list(FILE *out, int count, const int64_t *values) {
  fputc('[', out);
  for (int i = 0; i < count; i++) fprintf(out, "%s%lld", i ? ", " : "", (long long)values[i]);
  fputc(']', out);
}

static void print_fields(FILE *out, unsigned train) {
  const char *separator = "";
  fputc('[', out);
  for (int id = 0; id < FIELDS; id++)
    if (train & 1u << id) {
      fprintf(out, "%s%s", separator, field_table[id].name);
      separator = ", ";
    }
  fputc(']', out);
}

void parameter_print(FILE *out, const struct parameter *parameter, const void *base) {
  const void *at = (const char *)base + parameter->offset;
  switch (parameter->kind) {
  case P_INTEGER:
    fprintf(out, "%d", *(const int *)at);
    break;
  case P_COUNT:
    fprintf(out, "%lld", (long long)*(const int64_t *)at);
    break;
  case P_COUNT_AUTO:
    if (*(const int64_t *)at < 0)
      fputs("auto", out);
    else
      fprintf(out, "%lld", (long long)*(const int64_t *)at);
    break;
  case P_SEED:
    fprintf(out, "%llu", (unsigned long long)*(const uint64_t *)at);
    break;
  case P_REAL:
    print_real(out, *(const double *)at);
    break;
  case P_AUTO:
    if (in_range(parameter, *(const double *)at))
      print_real(out, *(const double *)at);
    else
      fputs("auto", out);
    break;
  case P_FLAG:
    fputs(*(const bool *)at ? "true" : "false", out);
    break;
  case P_TEXT:
    print_text(out, at);
    break;
  case P_CHOICE:
    fputs(parameter->choice(*(const int *)at - (int)parameter->low).name, out);
    break;
  case P_SIZES: {
    const struct ensemble_spec *ensemble = at;
    print_list(out, ensemble->members, ensemble->n);
    break;
  }
  case P_STEPS: {
    const struct steps *steps = at;
    print_list(out, steps->count, steps->step);
    break;
  }
  case P_INTERVALS:
    print_intervals(out, at);
    break;
  case P_FIELDS:
    print_fields(out, *(const unsigned *)at);
  }
}

/* Returns whether the stage has a value of this key. */
static bool has_stage_value(const struct stage *stage, const char *key) {
  if (strcmp(key, "batch") == 0) return stage->batch != 0;
  if (strcmp(key, "dt_power") == 0) return stage->dt_power != 0;
  if (strncmp(key, "batch_", 6) == 0) return stage->batch_scale > 0;
  return strncmp(key, "dt_", 3) != 0 || !(stage->dt > 0);
}

void parameter_print_stage(FILE *out, const struct stage *stage, const char *begin, const char *between,
                           const char *end) {
  for (int i = 0; i < parameter_count; i++) {
    if (!parameter_of_stage(&parameter_table[i])) continue;
    const char *key = parameter_table[i].key + strlen("dynamics.stages[].");
    if (!has_stage_value(stage, key)) continue;
    fprintf(out, "%s%s: ", begin, key);
    parameter_print(out, &parameter_table[i], stage);
    begin = between;
  }
  fputs(end, out);
}
