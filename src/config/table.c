#include "table.h"

#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "data/inputs.h"

static const struct choice NO_CHOICE = {0};

static struct choice precision_choice(int i) {
  static const char *const aliases[PRECISIONS] = {[PRECISION_SINGLE] = "float32", [PRECISION_DOUBLE] = "float64"};
  return i < PRECISIONS ? (struct choice){.name = precision_names[i], .alias = aliases[i]} : NO_CHOICE;
}
static struct choice isa_choice(int i) {
  return i <= ISA_LEVELS
             ? (struct choice){.name = i == 0 ? "auto" : isa_names[i - 1],
                               .help = i == 0 ? "the highest level that all nodes support" : isa_help[i - 1]}
             : NO_CHOICE;
}
static struct choice unit_choice(int i) {
  return i < UNIT_TYPES ? (struct choice){unit_table[i].name, unit_table[i].help, i == UNIT_SIGMOID ? "logistic" : NULL}
                        : NO_CHOICE;
}
static struct choice target_choice(int i) {
  return i < TARGET_TYPES ? (struct choice){.name = target_table[i]->name} : NO_CHOICE;
}
static struct choice mode_choice(int i) {
  return i < DATA_MODES ? (struct choice){.name = dataset_mode_names[i]} : NO_CHOICE;
}
static struct choice inputs_choice(int i) {
  return i < INPUTS_TYPES ? (struct choice){.name = inputs_table[i].name, .help = inputs_table[i].description}
                          : NO_CHOICE;
}
static struct choice scheme_choice(int i) {
  return i < SCHEMES ? (struct choice){.name = scheme_names[i]} : NO_CHOICE;
}
static struct choice loss_choice(int i) {
  return i < LOSS_TYPES ? (struct choice){.name = loss_table[i].name, .help = loss_table[i].help} : NO_CHOICE;
}
static struct choice update_choice(int i) {
  return i < UPDATES ? (struct choice){.name = update_table[i].name, .help = update_table[i].help} : NO_CHOICE;
}
static struct choice subsample_choice(int i) {
  static const struct choice choices[SUBSAMPLES] = {
      {.name = "own", .help = "each initial condition takes its own subset"},
      {.name = "shared", .help = "all initial conditions of one n take the same subset"},
  };
  return i < SUBSAMPLES ? choices[i] : NO_CHOICE;
}
static struct choice io_choice(int i) {
  static const char *const names[PARALLEL_WRITE_KINDS] = {"posix", "mpiio"};
  return i < PARALLEL_WRITE_KINDS ? (struct choice){.name = names[i]} : NO_CHOICE;
}
static struct choice full_choice(int i) {
  static const char *const names[ON_FULL_KINDS] = {"stop", "wait"};
  return i < ON_FULL_KINDS ? (struct choice){.name = names[i]} : NO_CHOICE;
}

static struct choice axes_choice(int i) {
  static const struct choice choices[HERMITE_AXES] = {
      {.name = "identity", .help = "direction i is the i-th coordinate axis"},
      {.name = "random", .help = "random orthonormal directions, drawn with target.seed"},
  };
  return i < HERMITE_AXES ? choices[i] : NO_CHOICE;
}

#define AT(field)     offsetof(struct config, field)
#define STAGE(field)  offsetof(struct stage, field)
#define TERM(field)   offsetof(struct hermite_term, field)
#define FACTOR(field) offsetof(struct hermite_factor, field)
#define N_MAX         NETWORK_UNITS_MAX
#define POINTS_LIMIT  (0x1p31 - 1)

const struct parameter parameter_table[] = {
    {"run.name", P_FOLDER, AT(name), 0, 0, false, "", NULL, true,
     "name of the run; by default the name of the input file without folder and extension"},
    {"run.output", P_FOLDER, AT(output), 0, 0, false, "", NULL, true,
     "output folder; by default runs/<run.name>. ~ and $NAME are not expanded"},
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
    {"ensemble.scale", P_REAL, AT(ensemble.scale), 0, 1e12, true, "1", NULL, false,
     "output scale alpha: f_n = (alpha/n) sum c phi, and the units move by -(n/alpha^2) dL/dtheta. A large alpha "
     "linearizes the dynamics (lazy training)"},
    {"ensemble.scale_power", P_REAL, AT(ensemble.scale_power), -4, 4, false, "0", NULL, false,
     "networks of n units have the output scale alpha = scale n^scale_power. The power 1 - gamma gives f_n = n^-gamma "
     "sum c phi"},

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

    {"unit.init.mirror", P_FLAG, AT(unit.mirror), 0, 0, false, "false", NULL, false,
     "true: units start in pairs with the same a and b and opposite c, so that f_n = 0 at step 0; n must be even"},

    {"unit.init.path", P_PATH, AT(unit.import.path), 0, 0, false, "", NULL, true,
     "HDF5 file with initial particles: a checkpoint, or datasets c (n), a (n, d) and b (n) in the root group or in "
     "groups n<N>, such as /n64; rbf: a or z. A dataset may have a first axis R: initial condition i then takes entry "
     "i. Fields that the file lacks are drawn from the distributions above. A network without a set of exactly n units "
     "takes a random subset of the largest set. A relative path is resolved in the same way as target.path. A run "
     "resumes with the same particles at any path, and without the file. Default: no file"},
    {"unit.init.subsample", P_CHOICE, AT(unit.import.subsample), 0, 0, false, "own", subsample_choice, false,
     "random subsets of a file with more than n units"},
    {"unit.init.subsample_seed", P_SEED, AT(unit.import.seed), 0, 0, false, "0", NULL, false,
     "seed of the random subsets; 0: run.seed"},
    {"unit.init.checksum", P_TEXT, AT(unit.import.checksum), 0, 0, false, "", NULL, true,
     "checksum of the initial particles, if a file is given: 8 hexadecimal digits, which a run prints and records. If "
     "the input contains it, other particles are refused. Default: none"},

    {"target.type", P_CHOICE, AT(target.type), 0, 0, false, NULL, target_choice, false,
     "spin: spherical 3-spin model; teacher: a network; hermite: products of Hermite polynomials; file: an HDF5 file"},
    {"target.d", P_INTEGER, AT(target.d), 1, 1024, false, NULL, NULL, false,
     "input dimension. With target.type: file, the dimension of x in the file"},
    {"target.seed", P_SEED, AT(target.seed), 0, 0, false, "1", NULL, false,
     "seed of the target's coefficients; hermite: of target.axes: random"},
    {"target.path", P_PATH, AT(target.path), 0, 0, false, "", NULL, true,
     "file: path of the HDF5 file with x (N, d) and y (N); optional: test_x (K, d) and test_y (K). A relative path "
     "is resolved from the working folder or, if there is no such file, from the folder of the input. A run resumes "
     "with the same points at any path. No default"},
    {"target.noise", P_REAL, AT(data.noise), 0, 1e6, false, "0", NULL, false,
     "standard deviation of the noise on training labels"},
    {"target.teacher.units", P_COUNT, AT(target.teacher_units), 1, 1e6, false, "10", NULL, false,
     "teacher: number of units m"},
    {"target.teacher.type", P_CHOICE, AT(target.teacher.type), 0, 0, false, "sigmoid", unit_choice, false,
     "teacher: unit type"},
    {"target.teacher.alpha", P_REAL, AT(target.teacher.alpha), 0, 1e6, true, "1", NULL, false,
     "teacher of rbf units: inverse square width"},
    {"target.teacher.path", P_PATH, AT(target.teacher.import.path), 0, 0, false, "", NULL, true,
     "teacher: HDF5 file with its units, in the form of unit.init.path: a checkpoint or datasets c (m), a (m, d) and b "
     "(m), with target.teacher.units = m. Of several replicas, the first is used. Parameters that the file lacks are "
     "drawn. Default: no file"},
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

    {"target.directions", P_INTEGER, AT(target.hermite.directions), 1, TARGET_D_MAX, false, "1", NULL, false,
     "hermite: number r of orthonormal directions u_0, ..., u_(r-1) on which the target depends"},
    {"target.axes", P_CHOICE, AT(target.hermite.axes), 0, 0, false, "identity", axes_choice, false,
     "hermite: the directions"},
    {"target.terms", P_LIST, AT(target.hermite.term), 0, 0, false, "[]", NULL, false,
     "hermite: f(x) = sum over terms of coefficient times the product over factors of he_degree(x . u_direction). he_k "
     "is the probabilists' Hermite polynomial He_k divided by sqrt(k!), so that E he_k^2 = 1 if x is Gaussian. "
     "history.h5 has the residual f_n - f along each term, at the steps of output.fields"},
    {"target.terms[].coefficient", P_REAL, TERM(coefficient), -1e6, 1e6, false, NULL, NULL, false,
     "hermite: coefficient of the term; 0 records the residual along a term that the target lacks"},
    {"target.terms[].factors", P_LIST, TERM(factor), 0, 0, false, NULL, NULL, false,
     "hermite: factors of the term, in different directions; []: the constant 1"},
    {"target.terms[].factors[].direction", P_INTEGER, FACTOR(direction), 0, TARGET_D_MAX - 1, false, NULL, NULL, false,
     "hermite: number of the direction, from 0 to target.directions - 1"},
    {"target.terms[].factors[].degree", P_INTEGER, FACTOR(degree), 1, HERMITE_DEGREE_MAX, false, NULL, NULL, false,
     "hermite: degree k of he_k"},

    {"loss.type", P_CHOICE, AT(data.loss.type), 0, 0, false, "squared", loss_choice, false,
     "loss of an output f and a label y"},
    {"loss.threshold", P_REAL, AT(data.loss.threshold), 0, 1e300, true, "1", NULL, false,
     "huber: |f - y| above which the loss is linear"},

    {"data.mode", P_CHOICE, AT(data.mode), 0, 0, false, "fixed", mode_choice, false,
     "fixed: one set of points for all networks and steps; online: fresh points in each step; population: exact "
     "averages over the distribution of x, computed from the potential between units; rkhs: the loss "
     "(1/2) |f_n - f|^2 in the norm of the reproducing kernel Hilbert space (RKHS) of the units, with "
     "V = c (f_n(z) - f(z)). population and rkhs use points only for tests, and require dynamics.scheme: gd and rbf "
     "units with data.inputs: sphere, and a target of type spin or a teacher of rbf units with the same alpha. "
     "population also accepts erf units without biases with data.inputs: gaussian, and a teacher of such units"},
    {"data.inputs", P_CHOICE, AT(target.inputs), 0, 0, false, "sphere", inputs_choice, false,
     "distribution of the points x that are drawn"},
    {"data.samples", P_COUNT, AT(data.samples), 1, POINTS_LIMIT, false, NULL, NULL, false,
     "fixed: number of points in the set. With target.type: file, the first rows of x; by default all"},
    {"data.test", P_COUNT_AUTO, AT(data.test), 0, POINTS_LIMIT, false, "auto", NULL, false,
     "number of held-out test points. auto: 512. With target.type: file, K: the last K rows of x; auto: a fifth of the "
     "rows, drawn at random with data.test_seed. Not used if the file has test_x and test_y"},
    {"data.shared", P_FLAG, AT(data.shared), 0, 0, false, "false", NULL, false,
     "true: all networks use the same online points and the same order of mini-batches"},
    {"data.streams", P_COUNT, AT(ensemble.streams), 1, 1024, false, "1", NULL, false,
     "data streams per initial condition: this many networks have the same initial condition; each has its own fresh "
     "points or order of mini-batches, its own noise if there is a temperature, and its own births and deaths"},
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
    {"dynamics.friction", P_REAL, AT(schedule.update.gamma), 0, 1e6, false, "1", NULL, false,
     "baoab: friction gamma of the velocities; 0: Hamiltonian dynamics"},
    {"dynamics.birth_death", P_REAL, AT(schedule.update.birth_death.rate), 0, 1e6, false, "0", NULL, false,
     "rate of births and deaths; 0: none. After a step, each unit has an event with the probability 1 - exp(-rate "
     "|V_i - mean V| dt), where V_i = c_i grad_c V(theta_i) + (lambda/2) |theta_i|^2 is its potential (with an output "
     "scale alpha, grad_c V is divided by alpha), and the mean is that over the network. If V_i is above the mean, the "
     "unit dies, and a copy of a partner replaces it; otherwise the partner dies, and a copy of the unit replaces it. "
     "The partner is drawn uniformly from all n units"},
    {"dynamics.birth_death_every", P_COUNT, AT(schedule.update.birth_death.every), 1, STEPS_LIMIT, false, "1", NULL,
     false, "number K of steps between births and deaths; in their probability, dt is then K times the step size"},
    {"dynamics.birth_death_reinjection", P_REAL, AT(schedule.update.birth_death.reinjection), 0, 1, false, "0", NULL,
     false, "probability that a birth is a draw from the initial distribution instead of a copy"},
    {"dynamics.ridge", P_RIDGE, AT(schedule.update.ridge), 0, 1e6, false, "0", NULL, false,
     "ridge lambda: adds lambda theta to grad V in each step, that is, (lambda/2n) sum_i |theta_i|^2 to the loss. A "
     "number applies to all trained parameters; {c: 0.1, a: 0} sets a number for each named parameter, and 0 for the "
     "others"},
    {"dynamics.stages", P_LIST, AT(schedule.stage), 0, 0, false, NULL, NULL, true,
     "stages of the run, one after the other"},
    {"dynamics.stages[].steps", P_COUNT, STAGE(steps), 1, STEPS_LIMIT, false, NULL, NULL, true,
     "steps of the stage. On resume, only steps after the checkpoint may change"},
    {"dynamics.stages[].dt", P_AUTO, STAGE(dt), 0, DT_MAX, true, NULL, NULL, true,
     "step size; auto: dt_safety times the smallest stability limit of all networks (with dt_power, the smallest of "
     "limit / n^dt_power). The limit is 2/lambda, where lambda is the largest eigenvalue of the tangent kernel M/P; "
     "for sgd with batches of P points it is 2 / (lambda (1 - 1/P) + sup M(x,x) / P). With data.mode: rkhs, lambda is "
     "the largest eigenvalue of the Hessian of the loss"},
    {"dynamics.stages[].dt_safety", P_REAL, STAGE(dt_safety), 0, 1, true, "0.5", NULL, true,
     "auto: dt as a fraction of the stability limit"},
    {"dynamics.stages[].dt_every", P_COUNT, STAGE(dt_every), 1, STEPS_LIMIT, false, "100", NULL, true,
     "auto: dt is estimated at the first step of the stage and at each step that is a multiple of this number. "
     "An estimate takes as long as about 10 steps with P = 512, or as 6 to 30 steps with data.mode: rkhs"},
    {"dynamics.stages[].dt_power", P_REAL, STAGE(dt_power), -4, 4, false, "0", NULL, true,
     "a network of n units has the step size dt * n^dt_power. With a power, networks of different n "
     "have different t at the same step"},
    {"dynamics.stages[].temperature", P_REAL, STAGE(temperature), 0, 1e6, false, "0", NULL, true,
     "temperature tau of the noise that a step adds to the trained parameters: sqrt(2 tau dt) N(0,1) with "
     "dynamics.update: euler (mean-field Langevin dynamics), and the mean of the noises of this and the next step with "
     "leimkuhler_matthews. With baoab, noise is added to the velocities if the friction is above 0. The noise is a "
     "function of run.seed, the network, the unit and the step, drawn in single arithmetic unless run.precision is "
     "double"},
    {"dynamics.stages[].temperature_power", P_REAL, STAGE(temperature_power), -4, 4, false, "0", NULL, true,
     "a network of n units has the temperature temperature * n^temperature_power"},
    {"dynamics.stages[].batch", P_COUNT, STAGE(batch), 1, POINTS_LIMIT, false, NULL, NULL, true,
     "sgd: number P of points in a batch. Each epoch uses the fixed set in a new uniform random order and omits the "
     "remaining points that do not fill a batch"},
    {"dynamics.stages[].batch_scale", P_REAL, STAGE(batch_scale), 0, 1e9, true, NULL, NULL, true,
     "sgd: P = floor(batch_scale * n^batch_power), at least 1"},
    {"dynamics.stages[].batch_power", P_REAL, STAGE(batch_power), -4, 4, false, "0", NULL, true,
     "sgd: see batch_scale"},

    {"output.history_every", P_INTERVALS, AT(history_every), 1, STEPS_LIMIT, false, "10", NULL, true,
     "steps between rows of history.h5. {0: 10, 500: 100}: 10 up to step 500, 100 after it. A change on resume applies "
     "after the checkpoint; recorded rows are kept"},
    {"output.checkpoint_every", P_COUNT, AT(checkpoint_every), 0, STEPS_LIMIT, false, "0", NULL, true,
     "steps between checkpoints; 0: by time only. Checkpoints are also written at each snapshot, at the end, and when "
     "the run stops early"},
    {"output.checkpoint_minutes", P_AUTO, AT(checkpoint_minutes), 0, 1e6, false, "auto", NULL, true,
     "wall-clock minutes between checkpoints; 0: by steps only. auto: such that checkpoints take about 1 % of "
     "the run time, with 30 seconds to 15 minutes between them; 15 minutes if checkpoint_every is given"},
    {"output.keep", P_INTEGER, AT(keep), 1, 1e6, false, "2", NULL, true,
     "number of newest checkpoints to keep; snapshots are always kept"},
    {"output.snapshots", P_STEPS, AT(snapshots), 0, STEPS_LIMIT, false, "[]", NULL, true,
     "steps whose checkpoints are always kept, as empirical distributions for analysis; the forms are those of "
     "output.fields. A resumed run keeps its earlier snapshots"},
    {"output.fields", P_STEPS, AT(fields), 0, STEPS_LIMIT, false, "[]", NULL, true,
     "steps at which f_n is recorded at the test points, and at the training points if they are fixed. {every: N}: the "
     "multiples of N; {log: K}: K steps per decade, in equal ratios; both with step 0 and the last step. A change on "
     "resume applies from the checkpoint on; recorded fields are kept"},
    {"output.overlaps", P_FLAG, AT(overlaps), 0, 0, false, "false", NULL, true,
     "true: records overlaps at the steps of output.fields: Q_ij = a_i.a_j of the units and, with a teacher of units "
     "h(a.x + b), M_ir = a_i.a_r with those of the teacher. For n <= 64 all of Q and M; for larger n the mean and "
     "variance of |a_i|^2, the means of Q_ij and Q_ij^2 over pairs and, for each r, the mean, variance and a histogram "
     "of M_ir. A change on resume applies from the checkpoint on"},
    {"output.io", P_CHOICE, AT(io), 0, 0, false, "posix", io_choice, true,
     "how checkpoints are written: posix, or mpiio for file systems whose clients do not share pages coherently (NFS)"},
    {"output.on_full", P_CHOICE, AT(on_full), 0, 0, false, "stop", full_choice, true,
     "action when the disk or the quota is full. stop: the run fails; wait: the run retries every few seconds until "
     "there is free space, or until a signal, the stop file or the time limit ends the run"},
};
const int parameter_count = sizeof parameter_table / sizeof *parameter_table;
_Static_assert(sizeof parameter_table / sizeof *parameter_table <= PARAMETERS_MAX, "PARAMETERS_MAX is too small");

static const struct list lists[] = {
    {"dynamics.stages", AT(schedule.stages), sizeof(struct stage), STAGES_MAX, "{steps: 100, dt: 0.1}", "dt=0.1"},
    {"target.terms", AT(target.hermite.terms), sizeof(struct hermite_term), TARGET_TERMS_MAX,
     "{coefficient: 1, factors: [{direction: 0, degree: 2}]}", "coefficient=1"},
    {"target.terms[].factors", TERM(factors), sizeof(struct hermite_factor), HERMITE_FACTORS_MAX,
     "{direction: 0, degree: 2}", "degree=2"},
};

const struct list *parameter_list(const struct parameter *parameter) {
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
    if (strcmp(lists[i].key, parameter->key) == 0) return &lists[i];
  die("%s: not a list", parameter->key);
}

bool parameter_of_item(const struct parameter *parameter) {
  return strstr(parameter->key, "[].");
}

bool parameter_of_stage(const struct parameter *parameter) {
  return strncmp(parameter->key, "dynamics.stages[].", 18) == 0;
}
