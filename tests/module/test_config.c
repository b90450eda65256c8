// ranks: 1 2
/* config: the echo is read back as the same input; all errors of a file are reported at once, with their positions; a
 * resumed run accepts only changes that keep the past trajectory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "harness.h"

#define BASE                                                                                                           \
  "target: {type: spin, d: 3}\n"                                                                                       \
  "data: {mode: fixed, samples: 20}\n"

static struct config *parse(const char *text) {
  struct config *config = NULL;
  assert_ok(config_parse("t", text, &config));
  return config;
}

static void the_echo_is_read_back(void **state) {
  (void)state;
  const char *texts[] = {
      BASE "ensemble: {n: 5}\ndynamics: {stages: [{steps: 3, dt: 0.1}]}\n",
      "run: {name: 'a \"quoted\" name', seed: 18446744073709551615, precision: double, isa: v2, output: /tmp/x}\n"
      "ensemble: {n: [17, 64, 1e3], replicas: 3}\n"
      "unit: {type: rbf, alpha: 0.3333333333333333, train: [c], init: {c: {mean: -1, std: 0}}}\n"
      "target: {type: teacher, d: 7, noise: 1e-3, teacher: {units: 12, type: tanh, init: {a: {std: 2}}}}\n"
      "data: {mode: online, test: 0, shared: true, seed: 4}\n"
      "dynamics: {scheme: sgd, stages: [{steps: 10, dt: 0.1, batch: 5}, {steps: 1e3, dt: 1e-3, batch_scale: 0.2, "
      "batch_power: 2}]}\n"
      "output: {history_every: 3, checkpoint_every: 7, keep: 4, snapshots: [9, 0, 3], fields: [1], io: mpiio}\n",
      "ensemble: {n: 5}\ntarget: {type: file, path: 'data.h5'}\ndynamics: {scheme: sgd, stages: [{steps: 3, dt: 1, "
      "batch: "
      "4}]}\n",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    struct config *config = parse(texts[i]);
    char *echo = config_echo(config);
    struct config *again = parse(echo);
    char *echo_again = config_echo(again);
    assert_string_equal(echo, echo_again);
    assert_ok(config_resumable(config, again, 0));
    free(echo);
    free(echo_again);
    config_free(config);
    config_free(again);
  }
}

static void values_are_stored(void **state) {
  (void)state;
  struct config *config = parse("ensemble: {n: [300, 17], replicas: 1e3}\nunit: {train: [a, c]}\n" BASE
                                "dynamics: {scheme: sgd, stages: [{steps: 10, dt: 0.1, batch: 5}]}\n"
                                "output: {snapshots: [9, 0, 9, 3]}\n");
  assert_int_equal(config->ensemble.members, 2);
  assert_int_equal(config->ensemble.n[0], 300);
  assert_int_equal(config->ensemble.replicas, 1000);
  assert_int_equal(config->unit.train, FIELD_BIT_A | FIELD_BIT_C);
  assert_int_equal(config->schedule.stage[0].batch, 5);
  assert_int_equal(config->snapshots.count, 3); /* sorted, without duplicates */
  assert_int_equal(config->snapshots.step[1], 3);
  assert_int_equal(config->data.test, 512); /* the default */
  config_free(config);
}

static void streams_need_data_that_is_not_shared(void **state) {
  (void)state;
  const char *text = "ensemble: {n: 5, replicas: 3}\ntarget: {type: spin, d: 2}\n"
                     "data: {mode: online, streams: 4, shared: %s}\n"
                     "dynamics: {scheme: sgd, stages: [{steps: 3, dt: 1, batch: 2}]}\n";
  char input[512];
  struct config *config;
  snprintf(input, sizeof input, text, "false");
  assert_ok(config_parse("in.yaml", input, &config));
  assert_all(config->ensemble.replicas == 12 && config->initial_conditions == 3 && config->ensemble.streams == 4);
  char *echo = config_echo(config); /* the echo is read back as the same input */
  config_free(config);
  assert_ok(config_parse("echo", echo, &config));
  assert_all(config->ensemble.replicas == 12 && config->initial_conditions == 3);
  config_free(config);
  free(echo);
  snprintf(input, sizeof input, text, "true");
  assert_status(USAGE, config_parse("in.yaml", input, &config));
  assert_non_null(strstr(error_text(), "data.streams: expected 1"));
}

static void all_errors_are_reported_at_once(void **state) {
  (void)state;
  struct config *config = NULL;
  assert_status(USAGE, config_parse("in.yaml",
                                    "ensemble:\n"
                                    "  n: [1.5, 16]\n"
                                    "  replica: 3\n"
                                    "unit: {type: sigmod}\n"
                                    "target: {type: spin, d: 0}\n"
                                    "data: {mode: fixed, samples: 20}\n"
                                    "dynamics: {stages: [{steps: 3, dt: -1}]}\n",
                                    &config));
  assert_null(config);
  const char *expected[] = {"in.yaml:2:7: ensemble.n[0]: ",
                            "received 1.5",
                            "in.yaml:3:",
                            "did you mean \"ensemble.replicas\"",
                            "in.yaml:4:",
                            "one of sigmoid, tanh",
                            "received sigmod",
                            "in.yaml:5:",
                            "from 1 to 1024",
                            "in.yaml:7:",
                            "dynamics.stages[0].dt"};
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
    if (!strstr(error_text(), expected[i])) fail_msg("no \"%s\" in:\n%s", expected[i], error_text());
  assert_null(strstr(error_text(), "ensemble.n[1]")); /* right, although the item before it is wrong */
}

/* Overrides of a valid input violate each rule of src/config/rules.c. */
static void every_rule_refuses(void **state) {
  (void)state;
  static const char text[] = "ensemble: {n: [5, 6]}\ntarget: {type: spin, d: 3}\ndata: {mode: fixed, samples: 20}\n"
                             "dynamics: {stages: [{steps: 3, dt: 0.1}]}\n";
  enum { OVERRIDES = 5 };
  static const struct {
    const char *message, *override[OVERRIDES];
  } cases[] = {
      {"target.path: required", {"target={type: file}"}},
      {"data.mode: expected fixed for a target of type file, received online; dynamics.scheme: sgd",
       {"target={type: file, path: a}", "data={mode: online}", "dynamics.scheme=sgd", "dynamics.stages[0].batch=2"}},
      {"target.d: required", {"target={type: spin}"}},
      {"data.samples: required", {"data={mode: fixed}"}},
      {"dynamics.scheme: gd requires data.mode: fixed, received online; use", {"data={mode: online}"}},
      {"unit.type: units on the sphere require target.d >= 2, received 1", {"unit.type=rbf", "target.d=1"}},
      {"unit.train: expected a list of c, a", {"unit={type: rbf, train: [c, b]}"}},
      {"unit.type: with data.mode: population, expected rbf or erf, received sigmoid", {"data={mode: population}"}},
      {"unit.type: with data.mode: rkhs, expected rbf, received erf", {"data={mode: rkhs}", "unit={type: erf}"}},
      {"target.type: with data.mode: population or rkhs and rbf units, expected spin, or a teacher of rbf units",
       {"data={mode: rkhs}", "target.type=teacher", "unit.type=rbf"}},
      {"target.type: with data.mode: population and erf units, expected a teacher of erf units, received spin; set",
       {"data={mode: population}", "unit.type=erf"}},
      {"unit.alpha: with data.mode", {"data={mode: population}", "unit={type: rbf, alpha: 4000}"}},
      {"dynamics.scheme: with data.mode",
       {"data={mode: population}", "dynamics.scheme=sgd", "dynamics.stages[0].batch=2"}},
      {"target.noise: with data.mode", {"data={mode: population}", "target.noise=1"}},
      {"data.samples: with data.mode", {"data={mode: population, samples: 9}"}},
      {"data.shared: with data.mode", {"data={mode: population, shared: true}"}},
      {"output.snapshots: expected steps of the run, received 4; the last step is 3", {"output.snapshots=[1, 4]"}},
      {"output.fields: expected steps of the run, received 9", {"output.fields=[9]"}},
      {"ensemble.replicas x data.streams: expected at most 16777215 networks per size, received 20480000",
       {"ensemble.replicas=20000", "data.streams=1024"}},
      {"ensemble: expected n x replicas x (d + 2) <= 2^58 numbers, received 1.75e+18",
       {"ensemble={n: 1073741760, replicas: 16000000}", "target.d=100"}},
      {"ensemble.n: expected", {"ensemble.n=1073741761"}},
      {"data.streams: expected 1", {"data.streams=2"}},
      {"dynamics.stages[0]: steps and dt are required", {"dynamics.stages=[{steps: 3}]"}},
      {"dynamics.stages[0]: dt_safety and dt_every require dt: auto, received dt: 0.1; remove them; on the command "
       "line, set an empty value: dynamics.stages[0].dt_safety=",
       {"dynamics.stages[0].dt_every=7"}},
      {"dynamics.stages[0]: give either batch or batch_scale and batch_power, received both",
       {"dynamics.scheme=sgd", "dynamics.stages[0].batch=2", "dynamics.stages[0].batch_scale=1"}},
      {"dynamics.stages[0]: data.mode: population and rkhs have no batches: omit batch",
       {"data={mode: population}", "unit.type=rbf", "dynamics.stages[0].batch=2"}},
      {"dynamics.stages[0]: gd uses the whole fixed set in each step", {"dynamics.stages[0].batch=2"}},
      {"dynamics.stages[0]: sgd requires batch", {"dynamics.scheme=sgd"}},
      {"dynamics.stages[0]: batch: expected at most 20 points (the fixed set), received 21 for n = 6",
       {"dynamics.scheme=sgd", "dynamics.stages[0].batch=21"}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char copy[OVERRIDES][128], *override[OVERRIDES];
    struct config *config;
    int count = 0;
    for (; count < OVERRIDES && cases[i].override[count]; count++) {
      snprintf(copy[count], sizeof copy[count], "%s", cases[i].override[count]);
      override[count] = copy[count];
    }
    if (config_parse_overridden("in.yaml", text, count, override, &config) != USAGE)
      fail_msg("accepted: %s", cases[i].message);
    if (!strstr(error_text(), cases[i].message)) fail_msg("no \"%s\" in:\n%s", cases[i].message, error_text());
  }
  struct config *config;
  assert_status(USAGE, config_parse("in.yaml", "run: {seed: 2}", &config));
  static const char *const required[] = {"ensemble.n: required", "target.type: required", "dynamics.stages: required"};
  for (int i = 0; i < 3; i++) assert_non_null(strstr(error_text(), required[i]));
  assert_ok(config_parse("in.yaml", text, &config));
  config_free(config);
}

enum { OVERRIDES_MAX = 5 };

/* Parses the text with overrides, which are separated by single spaces. */
static int parse_with(const char *text, const char *overrides, struct config **config) {
  char copy[512], *override[OVERRIDES_MAX];
  int count = 0;
  snprintf(copy, sizeof copy, "%s", overrides);
  char *rest = copy;
  for (char *word; (word = strsep(&rest, " "));)
    if (*word) override[count++] = word;
  return config_parse_overridden("in.yaml", text, count, override, config);
}

static const char small[] = "ensemble: {n: [5, 6]}\ntarget: {type: spin, d: 3}\ndata: {mode: fixed, samples: 20}\n"
                            "dynamics: {stages: [{steps: 3, dt: 0.1}]}\n";
#define ONLINE "data.mode=online dynamics.scheme=sgd dynamics.stages[0].batch=30"

/* A new run does not start with a key without effect; a recorded input with one can still be read, and its run resumes
 * without the key. The echo of an input is an input. */
static void keys_without_effect_are_refused_in_new_runs(void **state) {
  (void)state;
  static const struct {
    const char *overrides, *message; /* NULL: accepted */
  } cases[] = {
      {ONLINE, "data.samples: no effect with data.mode: online; remove it, or set data.mode: fixed"},
      {ONLINE " data.samples=", NULL},
      {"target.path=x.h5", "target.path: no effect with target.type: spin; remove it, or set target.type: file"},
      {"target.type=file target.path=x target.d= target.seed=2",
       "target.seed: no effect with target.type: file; remove it"},
      {"target.teacher.init.c.std=2", "target.teacher.init.c.std: no effect with target.type: spin; remove it, or"},
      {"target.type=teacher target.teacher.units=4", NULL},
      {"target.type=teacher target.teacher.alpha=4",
       "target.teacher.alpha: no effect with target.teacher.type: sigmoid"},
      {"target.type=teacher target.teacher.type=rbf target.teacher.alpha=4", NULL},
      {"target.type=teacher target.teacher.type=rbf target.teacher.init.a.std=4",
       "target.teacher.init.a.std: no effect"},
      {"unit.alpha=2", "unit.alpha: no effect with unit.type: sigmoid; remove it, or set unit.type: rbf"},
      {"unit.alpha=2 unit.type=rbf", NULL},
      {"unit.type=rbf unit.init.a.mean=1", "unit.init.a.mean: no effect with unit.type: rbf; remove it"},
      {"unit.type=rbf unit.init.b.std=2", "unit.init.b.std: no effect with unit.type: rbf; remove it"},
      {"unit.type=rbf unit.init.c.std=2", NULL},
      {"data.shared=true", "data.shared: no effect with dynamics.scheme: gd; remove it, or set dynamics.scheme: sgd"},
      {"data.test_seed=4 data.test=0", "data.test_seed: no effect with data.test: 0; remove it"},
      {"dynamics.momentum=0.5", "dynamics.momentum: no effect with dynamics.update: euler; remove it, or set"},
      {"loss.threshold=3", "loss.threshold: no effect with loss.type: squared; remove it, or set loss.type: huber"},
      {"unit.alpha=1 data.shared=false dynamics.momentum=0.9 target.path=", NULL},
      {"", NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct config *config, *again;
    char overrides[256];
    snprintf(overrides, sizeof overrides, "%s", cases[i].overrides);
    if (parse_with(small, overrides, &config) != OK) fail_msg("%s: %s", overrides, error_text());
    const int status = config_startable(config);
    if (status != (cases[i].message ? USAGE : OK)) fail_msg("%s: status %d", overrides, status);
    if (cases[i].message && !strstr(error_text(), cases[i].message))
      fail_msg("no \"%s\" in:\n%s", cases[i].message, error_text());
    char *echo = config_echo(config);
    assert_ok(config_parse("echo", echo, &again));
    assert_int_equal(config_startable(again), status);
    config_forget(again);
    assert_ok(config_startable(again));
    assert_ok(config_resumable(config, again, 0));
    free(echo);
    config_free(again);
    config_free(config);
  }
}

static void a_key_is_given_once(void **state) {
  (void)state;
  static const struct {
    const char *overrides, *key; /* NULL: accepted */
  } cases[] = {
      {"run.seed=1 run.seed=1", "run.seed"},
      {"run.seed=1 ensemble.n=3 run={seed:\t2}", "run"},
      {"dynamics.stages[0].dt=1 dynamics.stages[0].dt=2", "dynamics.stages[0].dt"},
      {"ensemble.n=[3,4] ensemble.n=5", "ensemble.n"},
      {"dynamics.stages=[{steps:\t1,dt:\t1}] dynamics.stages=[{steps:\t2}]", "dynamics.stages"},
      {"output.fields=[0] output.fields.every=3", NULL},
      {"run.seed=1 run.threads=1", NULL},
      {"output.keep= output.keep=3", NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct config *config = NULL;
    const int status = parse_with(small, cases[i].overrides, &config);
    if (!cases[i].key) {
      config_free(config);
      continue;
    }
    if (status != USAGE) fail_msg("accepted: %s", cases[i].overrides);
    char text[128];
    snprintf(text, sizeof text, "%s: duplicate key; command line, \"", cases[i].key);
    if (!strstr(error_text(), text)) fail_msg("%s: %s", cases[i].overrides, error_text());
  }
}

/* All keys of integers read the same forms. */
static void integers_have_the_same_forms_in_all_keys(void **state) {
  (void)state;
  static const char *const forms[] = {"2", "02", "2e0", "0.2e1", "+2", "2.0"};
  struct config_key key;
  int keys = 0;
  for (int i = 0; config_key(i, &key); i++) {
    if (!strstr(key.expects, "an integer")) continue;
    keys++;
    char *expected = NULL, name[64], override[160];
    const char *item = strstr(key.key, "[]");
    snprintf(name, sizeof name, "%.*s%s%s", (int)(item ? item - key.key : (long)strlen(key.key)), key.key,
             item ? "[0]" : "", item ? item + 2 : "");
    for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
      struct config *config = NULL;
      snprintf(override, sizeof override, "%s=%s%s", name, forms[f],
               strstr(name, ".batch") ? " dynamics.scheme=sgd" : "");
      const int status = parse_with(small, override, &config);
      if (status != OK && strstr(error_text(), key.expects)) fail_msg("%s: %s", override, error_text());
      char *text = status == OK ? config_echo(config) : strdup("refused by a rule");
      if (!expected) expected = strdup(text);
      if (strcmp(text, expected) != 0) fail_msg("%s: %s, expected %s", override, text, expected);
      free(text);
      config_free(config);
    }
    free(expected);
  }
  assert_true(keys > 15);
}

static void resuming_allows_only_what_keeps_the_trajectory(void **state) {
  (void)state;
  const char *format = "run: {seed: %d, output: %s}\nensemble: {n: 5}\n" BASE
                       "dynamics: {stages: [{steps: %d, dt: %g}]}\noutput: {keep: %d}\n";
  const struct {
    int seed;
    const char *output;
    int steps;
    double dt;
    int keep, at, status;
  } now[] = {
      {1, "a", 100, 0.1, 2, 100, OK},    {1, "b", 100, 0.1, 5, 100, OK},    {1, "a", 200, 0.1, 2, 100, OK},
      {2, "a", 100, 0.1, 2, 100, USAGE}, {1, "a", 100, 0.2, 2, 100, USAGE}, {1, "a", 50, 0.1, 2, 100, USAGE},
      {1, "a", 50, 0.1, 2, 50, OK},      {1, "a", 100, 0.2, 2, 0, OK},
  };
  char text[512];
  snprintf(text, sizeof text, format, 1, "a", 100, 0.1, 2);
  struct config *was = parse(text);
  for (size_t i = 0; i < sizeof now / sizeof *now; i++) {
    snprintf(text, sizeof text, format, now[i].seed, now[i].output, now[i].steps, now[i].dt, now[i].keep);
    struct config *config = parse(text);
    const int status = config_resumable(was, config, now[i].at);
    if (status != now[i].status) fail_msg("case %zu gave %d: %s", i, status, error_text());
    if (now[i].seed == 2) assert_non_null(strstr(error_text(), "run.seed: was 1, now 2"));
    config_free(config);
  }
  config_free(was);
}

static void all_ranks_receive_file_and_overrides(void **state) {
  (void)state;
  char path[300];
  snprintf(path, sizeof path, "%s/in.yaml", harness_folder());
  if (world.rank == 0) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("ensemble: {n: [5, 6], replicas: 2}\n" BASE "dynamics: {stages: [{steps: 3, dt: 0.1}]}\n", file);
    fclose(file);
  }
  comm_barrier(&world);
  struct config *config = NULL;
  char *override[] = {"ensemble.n=9", "unit={type: tanh, train: [c]}", "dynamics.stages=[{steps: 4, dt: 1}]"};
  assert_ok(config_read(&world, path, 3, override, &config));
  assert_all(config->ensemble.members == 1 && config->ensemble.n[0] == 9 && config->ensemble.replicas == 2);
  assert_all(config->unit.type == UNIT_TANH && config->unit.train == FIELD_BIT_C &&
             config->schedule.stage[0].steps == 4);
  config_free(config);
  char *bad[] = {"ensemble.n=many"};
  assert_status(USAGE, config_read(&world, path, 1, bad, &config));
  assert_all(strstr(error_text(), "many") != NULL);
  comm_barrier(&world);
  if (world.rank == 0) unlink(path);
  comm_barrier(&world);
  assert_status(USAGE, config_read(&world, path, 0, NULL, &config));
}

/* YAML would treat the text after # as a comment and drop it without a message. */
static void an_override_has_no_comment(void **state) {
  (void)state;
  static const char text[] = "ensemble: {n: 5}\n" BASE "dynamics: {stages: [{steps: 3, dt: 0.1}]}\n";
  static const struct {
    const char *override, *output; /* NULL: refused */
  } cases[] = {
      {"run.output=a #b", NULL},      {"run.output=#b", NULL},        {"run.output=\u00e9 \u20ac #b", NULL},
      {"run.output=[a] # b", NULL},   {"unit=type: tanh # b", NULL},  {"ensemble.n=- 5 # b", NULL},
      {"run.output=a\r\n", "a"},      {"run.output=a#b", "a#b"},      {"run.output=\u00e9 \u20ac", "\u00e9 \u20ac"},
      {"run.output='a #b' ", "a #b"}, {"run.output=\"a #b\"", "a #b"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct config *config;
    char copy[64], *override = copy;
    snprintf(copy, sizeof copy, "%s", cases[i].override);
    const int status = config_parse_overridden("t", text, 1, &override, &config);
    if (status != (cases[i].output ? OK : USAGE)) fail_msg("%s: status %d", copy, status);
    if (status != OK) {
      assert_non_null(strstr(error_text(), "comment"));
      continue;
    }
    assert_string_equal(config->output, cases[i].output);
    config_free(config);
  }
}

static void help_describes_every_key(void **state) {
  (void)state;
  FILE *sink = tmpfile();
  assert_ok(config_help(sink, NULL));
  assert_true(ftell(sink) > 2000);
  assert_ok(config_help(sink, "output.keep"));
  assert_ok(config_help(sink, "unit"));
  assert_status(USAGE, config_help(sink, "output.kep"));
  assert_non_null(strstr(error_text(), "output.keep"));
  fclose(sink);
}

/* Returns the help of `key`, which the caller frees; NULL after an error. */
static char *help_of(const char *key) {
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  const int status = config_help(out, key);
  fclose(out);
  if (status == OK) return text;
  free(text);
  return NULL;
}

/* Returns the number of keys that the help of `key` lists, each at the beginning of a line; -1 after an error. */
static int keys_in_help(const char *key) {
  char *text = help_of(key);
  int keys = text ? 0 : -1;
  for (const char *line = text; line && *line; line += strcspn(line, "\n") + 1) keys += *line != ' ';
  free(text);
  return keys;
}

static void help_finds_parts_of_keys_and_other_names(void **state) {
  (void)state;
  assert_int_equal(keys_in_help("dt"), 1);
  assert_int_equal(keys_in_help("Seed"), 3);
  assert_int_equal(keys_in_help("init.c"), 4);
  assert_int_equal(keys_in_help("Tanh"), 2); /* "tanh is a value of", unit.type */
  assert_int_equal(keys_in_help("see"), -1);
  assert_int_equal(keys_in_help("lr"), -1);
  assert_non_null(strstr(error_text(), "dt = lr / n"));
}

/* Unknown keys and values get advice by their meaning, or the key that ends like them. */
static void hints_go_by_meaning(void **state) {
  (void)state;
  static const struct {
    const char *text, *hint;
  } cases[] = {
      {"momentum: 0.9", "dynamics.update: momentum"},
      {"dynamics: {learning_rate: 1}", "dt = lr / n"},
      {"weight_decay: 1", "use dynamics.ridge"},
      {"epochs: 3", "floor(data.samples / batch) steps"},
      {"data: {batch_size: 3}", "use batch in"},
      {"noise: 1", "target.noise"},
      {"noise: 1", "temperature in dynamics.stages"},
      {"unit: {hidden: 3}", "ensemble.n"},
      {"seed: 1", "run.seed"},
      {"unit: {Activation: tanh}", "use unit.type"},
      {"dynamics: {update: adam}", "adaptive rules are not available"},
      {"dt: 0.1", "did you mean \"dynamics.stages[].dt\""},
      {"fields: [0]", "did you mean \"output.fields\""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct config *config;
    assert_status(USAGE, config_parse("t", cases[i].text, &config));
    if (!strstr(error_text(), cases[i].hint)) fail_msg("%s: %s", cases[i].text, error_text());
  }
}

/* One error, however many stages there are too many. The help states the limit. */
static void too_many_stages_are_one_error(void **state) {
  (void)state;
  char text[16384] = "ensemble: {n: 5}\n" BASE "dynamics:\n  stages:\n";
  for (int i = 0; i < 200; i++) strcat(text, "    - {steps: 3, dt: 0.1}\n");
  struct config *config;
  assert_status(USAGE, config_parse("t", text, &config));
  assert_non_null(strstr(error_text(), "dynamics.stages[64].steps: expected at most 64 stages"));
  assert_null(strchr(error_text(), '\n'));
  char *help = help_of("dynamics.stages");
  assert_non_null(strstr(help, "a list of at most 64 items"));
  free(help);
}

static void choices_ignore_case(void **state) {
  (void)state;
  static const struct {
    const char *name;
    int type;
  } cases[] = {{"Tanh", UNIT_TANH}, {"ReLU", UNIT_RELU}, {"Sigmoid", UNIT_SIGMOID}, {"logistic", UNIT_SIGMOID}};
  char text[512];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    snprintf(text, sizeof text,
             "ensemble: {n: 5}\n" BASE "unit: {type: %s}\ndynamics: {stages: [{steps: 3, dt: Auto}]}\n", cases[i].name);
    struct config *config = parse(text);
    assert_int_equal(config->unit.type, cases[i].type);
    config_free(config);
  }
  struct config *config =
      parse("run: {precision: Float64}\nensemble: {n: 5}\n" BASE "dynamics: {stages: [{steps: 3, dt: 1}]}\n");
  assert_int_equal(config->precision, PRECISION_DOUBLE);
  config_free(config);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_echo_is_read_back),
      cmocka_unit_test(values_are_stored),
      cmocka_unit_test(streams_need_data_that_is_not_shared),
      cmocka_unit_test(all_errors_are_reported_at_once),
      cmocka_unit_test(every_rule_refuses),
      cmocka_unit_test(keys_without_effect_are_refused_in_new_runs),
      cmocka_unit_test(a_key_is_given_once),
      cmocka_unit_test(integers_have_the_same_forms_in_all_keys),
      cmocka_unit_test(resuming_allows_only_what_keeps_the_trajectory),
      cmocka_unit_test(all_ranks_receive_file_and_overrides),
      cmocka_unit_test(an_override_has_no_comment),
      cmocka_unit_test(help_describes_every_key),
      cmocka_unit_test(help_finds_parts_of_keys_and_other_names),
      cmocka_unit_test(hints_go_by_meaning),
      cmocka_unit_test(too_many_stages_are_one_error),
      cmocka_unit_test(choices_ignore_case),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
