#include "particles/unit.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

static double sigmoid(double s) {
  return 1 / (1 + exp(-s));
}
static double sigmoid_d(double s) {
  return sigmoid(s) * sigmoid(-s);
}
static double sigmoid_dd(double s) {
  return sigmoid_d(s) * (sigmoid(-s) - sigmoid(s));
}
static double tanh_d(double s) {
  return 1 / (cosh(s) * cosh(s));
}
static double tanh_dd(double s) {
  return -2 * tanh(s) * tanh_d(s);
}
static double relu(double s) {
  return s > 0 ? s : 0;
}
static double relu_d(double s) {
  return s > 0;
}
static double softplus(double s) {
  return fmax(s, 0) + log1p(exp(-fabs(s)));
}
static double erf_scaled(double s) {
  return erf(s / sqrt(2));
}
static double erf_scaled_d(double s) {
  return sqrt(2 / acos(-1)) * exp(-s * s / 2);
}
static double erf_scaled_dd(double s) {
  return -s * erf_scaled_d(s);
}
static double cosine_d(double s) {
  return -sin(s);
}
static double cosine_dd(double s) {
  return -cos(s);
}
static double square(double s) {
  return s * s;
}
static double square_d(double s) {
  return 2 * s;
}
static double square_dd(double s) {
  (void)s;
  return 2;
}

const struct unit unit_table[UNIT_TYPES] = {
    [UNIT_SIGMOID] = {"sigmoid", MANIFOLD_FLAT, sigmoid, sigmoid_d, sigmoid_dd, "1/(1 + e^-s), s = a.x + b"},
    [UNIT_TANH] = {"tanh", MANIFOLD_FLAT, tanh, tanh_d, tanh_dd, "tanh s"},
    [UNIT_RELU] = {"relu", MANIFOLD_FLAT, relu, relu_d, NULL, "max(s, 0)"},
    [UNIT_SOFTPLUS] = {"softplus", MANIFOLD_FLAT, softplus, sigmoid, sigmoid_d, "log(1 + e^s)"},
    [UNIT_ERF] = {"erf", MANIFOLD_FLAT, erf_scaled, erf_scaled_d, erf_scaled_dd, "erf(s / sqrt 2)"},
    [UNIT_COSINE] = {"cosine", MANIFOLD_FLAT, cos, cosine_d, cosine_dd, "cos s"},
    [UNIT_SQUARE] = {"square", MANIFOLD_FLAT, square, square_d, square_dd, "s^2"},
    [UNIT_RBF] = {"rbf", MANIFOLD_SPHERE, exp, exp, exp, "exp(-alpha |x - z|^2 / 2), |z|^2 = d; z is stored as a"},
};

const struct unit *unit_find(const char *name) {
  for (int i = 0; i < UNIT_TYPES; i++)
    if (strcmp(unit_table[i].name, name) == 0) return &unit_table[i];
  return NULL;
}

const struct manifold *unit_manifold(int type) {
  return &manifold_table[unit_table[type].manifold];
}
