#include "key.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "table.h"

/* Returns the Levenshtein distance. b: at most KEY_MAX bytes. */
static int distance(const char *a, const char *b) {
  int row[KEY_MAX + 1];
  const int columns = (int)strlen(b);
  for (int j = 0; j <= columns; j++) row[j] = j;
  for (int i = 1; a[i - 1]; i++) {
    int diagonal = row[0];
    row[0] = i;
    for (int j = 1; j <= columns; j++) {
      const int replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      const int longer = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
      row[j] = replaced < longer ? replaced : longer;
    }
  }
  return row[columns];
}

const char *key_nearest(const char *key) {
  const char *best = NULL;
  int least = INT32_MAX;
  for (int i = 0; i < parameter_count; i++) {
    const int steps = distance(key, parameter_table[i].key);
    if (steps < least) {
      least = steps;
      best = parameter_table[i].key;
    }
  }
  return least <= (int)strlen(key) / 2 ? best : NULL;
}

/* ---- names of other programs ---- */

#define LR    "use dt in dynamics.stages: a step of SGD with learning rate lr has dt = lr / n"
#define WIDTH "use ensemble.n, the number of hidden units, or a list of numbers"
#define BATCH "use batch in dynamics.stages, with dynamics.scheme: sgd"
#define UPDATE                                                                                                         \
  "use dynamics.update, such as euler (gradient descent) or momentum; Adam and other adaptive rules are not "          \
  "available. Mini-batches are drawn with dynamics.scheme: sgd"
#define RECORD                                                                                                         \
  "use output.history_every for losses, output.fields for outputs, output.checkpoint_minutes for checkpoints"

/* To add a name, add a row. */
static const struct {
  const char *names, *advice; /* names: separated by single spaces, lower case */
} meaning[] = {
    {"lr learning_rate stepsize step_size eta", LR},
    {"momentum nesterov beta", "use dynamics.update: momentum, and dynamics.momentum for its coefficient"},
    {"weight_decay decay l2 regularization lambda",
     "use dynamics.ridge: weight_decay = w in PyTorch's SGD corresponds to dynamics.ridge = n w, because dt = lr / n"},
    {"dropout batchnorm batch_norm", "dropout and batch normalization are not available"},
    {"epochs epoch iterations max_steps n_steps",
     "use steps in dynamics.stages; with mini-batches, an epoch has floor(data.samples / batch) steps"},
    {"batch_size batchsize minibatch", BATCH},
    {"noise", "use target.noise for noise on labels, and temperature in dynamics.stages for noise in the update"},
    {"hidden hidden_size width units neurons n_hidden", WIDTH},
    {"layers depth n_layers", "networks have one hidden layer; ensemble.n is its width"},
    {"seed random_state", "use run.seed (initial condition), target.seed or data.seed"},
    {"activation nonlinearity phi", "use unit.type"},
    {"optimizer optim adam adamw rmsprop adagrad sgd", UPDATE},
    {"criterion objective mse", "use loss.type; the default, squared, is (f - y)^2 / 2"},
    {"dataset train file csv", "use target.type: file, and target.path for the HDF5 file"},
    {"dim input_dim dimension features", "use target.d"},
    {"dtype", "use run.precision"},
    {"device gpu cuda workers num_workers", "runs use MPI ranks (mpirun -n RANKS) and run.threads"},
    {"log_every eval_every save_every log_interval", RECORD},
};

static bool same_letters(const char *a, const char *b, size_t length) {
  return strncasecmp(a, b, length) == 0;
}

static bool lists(const char *names, const char *name) {
  for (size_t length; *names; names += length + (names[length] == ' ')) {
    length = strcspn(names, " ");
    if (strlen(name) == length && same_letters(names, name, length)) return true;
  }
  return false;
}

const char *key_advice(const char *name) {
  const char *dot = strrchr(name, '.');
  for (size_t i = 0; i < sizeof meaning / sizeof *meaning; i++)
    if (lists(meaning[i].names, dot ? dot + 1 : name)) return meaning[i].advice;
  return NULL;
}

const char *key_containing(const char *part, int *i) {
  const size_t length = strlen(part);
  for (; length > 0 && *i < parameter_count; (*i)++) {
    const char *key = parameter_table[*i].key;
    for (const char *at = key; at; at = strchr(at, '.') ? strchr(at, '.') + 1 : NULL)
      if (same_letters(at, part, length) && (at[length] == 0 || strchr(".[", at[length]))) {
        (*i)++;
        return key;
      }
  }
  return NULL;
}

/* ---- keys ---- */

int key_split(const char *path, char key[KEY_MAX], int item[KEY_ITEMS]) {
  int brackets = 0;
  for (int i = 0; i < KEY_ITEMS; i++) item[i] = -1;
  size_t length = 0;
  for (const char *from = path; *from && length < KEY_MAX - 1; from++) {
    key[length++] = *from;
    if (*from != '[') continue;
    const long number = from[1] >= '0' && from[1] <= '9' ? strtol(from + 1, NULL, 10) : INT_MAX;
    if (brackets < KEY_ITEMS) item[brackets] = number < INT_MAX ? (int)number : INT_MAX;
    brackets++;
    from += strspn(from + 1, "0123456789");
  }
  key[length] = 0;
  if (length > 2 && strcmp(key + length - 2, "[]") == 0) key[length - 2] = 0;
  return brackets;
}

int key_find(const char *key) {
  for (int i = 0; i < parameter_count; i++)
    if (strcmp(parameter_table[i].key, key) == 0) return i;
  return -1;
}

bool key_is_section(const char *key) {
  const size_t length = strlen(key);
  for (int i = 0; i < parameter_count; i++)
    if (strncmp(parameter_table[i].key, key, length) == 0 && strchr(".[", parameter_table[i].key[length])) return true;
  return length == 0;
}
