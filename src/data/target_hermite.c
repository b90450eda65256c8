#include "data/target_hermite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/crc32c.h"
#include "base/error.h"
#include "base/rng.h"

struct hermite {
  struct target target;
  double *axis; /* [directions][d]: u; NULL: coordinate axes */
};

static const struct hermite *hermite_of(const struct target *target) {
  return (const struct hermite *)target;
}

/* ---- creation ---- */

/* Orthogonalizes vector i to those before it, twice against rounding, and normalizes it. */
static void orthonormalize(int d, double *axis, int i) {
  double *u = axis + (size_t)i * (size_t)d, square = 0;
  for (int pass = 0; pass < 2; pass++)
    for (int j = 0; j < i; j++) {
      const double *v = axis + (size_t)j * (size_t)d;
      double dot = 0;
      for (int k = 0; k < d; k++) dot += u[k] * v[k];
      for (int k = 0; k < d; k++) u[k] -= dot * v[k];
    }
  for (int k = 0; k < d; k++) square += u[k] * u[k];
  const double norm = sqrt(square);
  for (int k = 0; k < d; k++) u[k] /= norm;
}

static int create_local(struct hermite *hermite) {
  struct target *target = &hermite->target;
  const struct hermite_spec *spec = &target->spec.hermite;
  const int d = target->d, random = spec->axes == HERMITE_RANDOM ? spec->directions : 0;
  const struct rng rng = {target->spec.seed, RNG_TARGET, 0, 0};
  target->terms = spec->terms;
  target->numbers = (int64_t)spec->terms * (1 + spec->directions) + (int64_t)random * d;
  target_hermite_moments(&target->spec, &target->C_f, &target->linear_fraction);
  if (random == 0) return OK;
  TRY(alloc_copy((void **)&hermite->axis, (int64_t)random * d, sizeof(double), "directions of the target"));
  for (int i = 0; i < random; i++) {
    rng_normal(&rng, (uint64_t)i, d, hermite->axis + (size_t)i * (size_t)d);
    orthonormalize(d, hermite->axis, i);
  }
  return OK;
}

static int create(const struct comm *comm, struct target *target) {
  return comm_agree(comm, create_local((struct hermite *)target));
}

static void free_axis(struct target *target) {
  free(((struct hermite *)target)->axis);
}

/* ---- evaluation: no library functions, so that the bits are the same on every machine ---- */

/* Numbers of LABEL_LANES points. Rows, of which they are a part, have POINT_LANES numbers. */
typedef double vlabels __attribute__((vector_size(sizeof(double) * LABEL_LANES)));
#define LABELS(row) (*(vlabels *)(row))

/* v = x . u */
static void project(int d, const double *u, const double *restrict x, double *restrict v) {
  double sum[LABEL_LANES] = {0};
  for (int k = 0; k < d; k++)
#pragma GCC unroll LABEL_LANES
    for (int l = 0; l < LABEL_LANES; l++) sum[l] += u[k] * x[k * POINT_LANES + l];
  memcpy(v, sum, sizeof sum);
}

/* psi is multiplied by he_degree(v): he_(k+1) = (v he_k - sqrt(k) he_(k-1)) / sqrt(k+1). */
static void multiply(int degree, const double *v, double *psi) {
  const vlabels argument = *(const vlabels *)v;
  vlabels before = {0}, he = 1 - (vlabels){0};
  for (int k = 0; k < degree; k++) {
    const vlabels next = (argument * he - sqrt(k) * before) / sqrt(k + 1);
    before = he;
    he = next;
  }
  LABELS(psi) *= he;
}

static void few_terms(const struct target *target, const double *x, double *psi) {
  const struct hermite_spec *spec = &target->spec.hermite;
  const double *axis = hermite_of(target)->axis;
  _Alignas(64) double projected[TARGET_D_MAX * POINT_LANES];
  bool done[TARGET_D_MAX];
  memset(done, 0, sizeof *done * (size_t)spec->directions);
  for (int t = 0; t < spec->terms; t++) {
    double *row = psi + t * POINT_LANES;
    LABELS(row) = 1 - (vlabels){0};
    for (int j = 0; j < spec->term[t].factors; j++) {
      const struct hermite_factor factor = spec->term[t].factor[j];
      const int i = factor.direction;
      if (axis && !done[i]) project(target->d, axis + (size_t)i * (size_t)target->d, x, projected + i * POINT_LANES);
      done[i] = true;
      multiply(factor.degree, (axis ? projected : x) + i * POINT_LANES, row);
    }
  }
}

static void evaluate_terms(const struct target *target, const double *x, int count, double *psi) {
  for (int lane = 0; lane < count; lane += LABEL_LANES) few_terms(target, x + lane, psi + lane);
}

static void evaluate_lanes(const struct target *target, const double *x, int count, double *y) {
  const struct hermite_spec *spec = &target->spec.hermite;
  _Alignas(64) double psi[TARGET_TERMS_MAX * POINT_LANES];
  evaluate_terms(target, x, count, psi);
  for (int l = 0; l < count; l++) y[l] = 0;
  for (int t = 0; t < spec->terms; t++)
    for (int l = 0; l < count; l++) y[l] += spec->term[t].coefficient * psi[t * POINT_LANES + l];
}

/* In ns, measured on AMD Zen 4: PROJECT per number of a direction, DEGREE per degree of a factor. */
static const double PROJECT = 0.11, DEGREE = 2.5;

static double label_ns(const struct target *target) {
  const struct hermite_spec *spec = &target->spec.hermite;
  double ns = hermite_of(target)->axis ? PROJECT * spec->directions * target->d : 0;
  for (int t = 0; t < spec->terms; t++)
    for (int j = 0; j < spec->term[t].factors; j++) ns += DEGREE * spec->term[t].factor[j].degree;
  return ns;
}

static uint32_t checksum(const struct target *target, uint32_t crc) {
  const struct hermite_spec *spec = &target->spec.hermite;
  const double *axis = hermite_of(target)->axis;
  for (int t = 0; t < spec->terms; t++) {
    const struct hermite_term *term = &spec->term[t];
    crc = crc32c(crc, &term->coefficient, sizeof term->coefficient);
    crc = crc32c(crc, term->factor, sizeof *term->factor * (size_t)term->factors);
  }
  return axis ? crc32c(crc, axis, sizeof(double) * (size_t)spec->directions * (size_t)target->d) : crc;
}

/* ---- the record in the history ---- */

static int record_axes(const struct hermite *hermite, struct h5 *file) {
  static const char name[] = "/target/u";
  const struct target *target = &hermite->target;
  const int64_t shape[] = {target->spec.hermite.directions, target->d};
  TRY(h5_index(file, "/target/d", target->d, "input dimension"));
  TRY(h5_write(file, name, H5_DOUBLE, 2, shape, hermite->axis));
  TRY(h5_describe(file, name, "orthonormal directions u_i (direction, d)", NULL));
  return h5_dimensions(file, name, 2, (const char *[]){"/target/direction", "/target/d"});
}

static int record(const struct target *target, struct h5 *file) {
  const struct hermite_spec *spec = &target->spec.hermite;
  const int64_t shape[] = {spec->terms, spec->directions};
  double coefficient[TARGET_TERMS_MAX];
  int64_t *degree = calloc((size_t)(shape[0] * shape[1]), sizeof *degree);
  if (!degree) die("no memory for the record of the target");
  for (int t = 0; t < spec->terms; t++) {
    coefficient[t] = spec->term[t].coefficient;
    for (int j = 0; j < spec->term[t].factors; j++)
      degree[t * shape[1] + spec->term[t].factor[j].direction] = spec->term[t].factor[j].degree;
  }
  int status = h5_index(file, "/target/term", spec->terms, "number of the term");
  if (status == OK) status = h5_index(file, "/target/direction", spec->directions, "number of the direction");
  if (status == OK) status = h5_write(file, "/target/coefficient", H5_DOUBLE, 1, shape, coefficient);
  if (status == OK) status = h5_describe(file, "/target/coefficient", "coefficients of the terms (term)", "f");
  if (status == OK) status = h5_dimensions(file, "/target/coefficient", 1, (const char *[]){"/target/term"});
  if (status == OK) status = h5_write(file, "/target/degree", H5_INT64, 2, shape, degree);
  free(degree);
  TRY(status);
  TRY(h5_describe(file, "/target/degree",
                  "f(x) = sum over terms of coefficient times the product over directions i of he_degree(x . u_i), "
                  "he_k = He_k / sqrt(k!) (term, direction)",
                  NULL));
  TRY(h5_dimensions(file, "/target/degree", 2, (const char *[]){"/target/term", "/target/direction"}));
  TRY(h5_set_text(file, "/target", "axes", spec->axes == HERMITE_RANDOM ? "random" : "identity"));
  return spec->axes == HERMITE_RANDOM ? record_axes(hermite_of(target), file) : OK;
}

const struct target_kind target_hermite = {
    .name = "hermite",
    .title = "a sum of products of Hermite polynomials",
    .required = "target.d",
    .bytes = sizeof(struct hermite),
    .create = create,
    .free = free_axis,
    .evaluate_lanes = evaluate_lanes,
    .evaluate_terms = evaluate_terms,
    .label_ns = label_ns,
    .checksum = checksum,
    .record = record,
};
