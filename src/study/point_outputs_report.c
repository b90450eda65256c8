/* Tables of study/point_outputs.h. */
#include <math.h>

#include "study/point_outputs.h"

static void number(double value, char text[32]) {
  if (isfinite(value))
    snprintf(text, 32, "%.6g", value);
  else
    snprintf(text, 32, "-");
}

static void print_size(const struct point_outputs *outputs, int i, FILE *out) {
  const struct point_outputs_size *size = &outputs->size[i];
  const int64_t n = outputs->problem->config->ensemble.n[outputs->member[i]], R = outputs->replicas;
  char spread[32], loss[32];
  double mean = 0;
  for (int64_t r = 0; r < R; r++) mean += outputs->loss[i * R + r] / (double)R;
  number(size->spread, spread);
  number(mean, loss);
  fprintf(out, "%10lld %9lld %12.6g %12.6g %12.6g %10s", (long long)n, (long long)R, size->mean, size->least,
          size->largest, spread);
  if (outputs->labels) fprintf(out, " %10s", loss);
  fputc('\n', out);
  if (size->invalid > 0)
    fprintf(out, "warning: n = %lld: f is not finite in %lld cases: c phi overflows at one of these points\n",
            (long long)n, (long long)size->invalid);
}

/* Prints the mean of f_n over replicas, and its standard deviation, at each point. */
static void print_points(const struct point_outputs *outputs, FILE *out) {
  const int64_t R = outputs->replicas, P = outputs->points;
  fprintf(out, "\n%10s %10s %18s %12s%s\n", "point", "n", R > 1 ? "mean f" : "f", "spread",
          outputs->labels ? "            y" : "");
  for (int64_t p = 0; p < P; p++)
    for (int i = 0; i < outputs->members; i++) {
      const double *f = outputs->listed + i * R * P + p;
      double mean = 0, squares = 0;
      char spread[32];
      for (int64_t r = 0; r < R; r++) mean += f[r * P] / (double)R;
      for (int64_t r = 0; r < R; r++) squares += (f[r * P] - mean) * (f[r * P] - mean);
      number(R > 1 ? sqrt(squares / (double)(R - 1)) : NAN, spread);
      fprintf(out, "%10lld %10lld %18.12g %12s", (long long)p,
              (long long)outputs->problem->config->ensemble.n[outputs->member[i]], mean, spread);
      if (outputs->labels) fprintf(out, " %12.6g", outputs->listed_y[p]);
      fputc('\n', out);
    }
}

void point_outputs_print(const struct point_outputs *outputs, FILE *out) {
  const struct problem *problem = outputs->problem;
  fprintf(out, "%s: step %lld, t = %g\n", outputs->request->checkpoint, (long long)problem->info.step,
          problem->info.time);
  fprintf(out, "%s: %lld points, d = %d, %s\n\n", outputs->request->points, (long long)outputs->points, outputs->d,
          outputs->labels ? "with labels" : "no labels");
  fprintf(out, "%10s %9s %12s %12s %12s %10s%s\n", "n", "replicas", "mean f", "least f", "largest f", "spread",
          outputs->labels ? "       loss" : "");
  for (int i = 0; i < outputs->members; i++) print_size(outputs, i, out);
  fputs("spread: standard deviation over replicas, root mean square over points\n", out);
  if (outputs->labels)
    fprintf(out, "loss: %s, %s, mean over points and replicas\n", loss_row(&problem->config->data.loss)->name,
            loss_row(&problem->config->data.loss)->help);
  if (outputs->points <= POINT_OUTPUTS_LISTED) print_points(outputs, out);
}
