#include <gsl/gsl_cdf.h>
#include <math.h>

#include "clt/prediction.h"

/* Half of the width of the 99 % interval. */
static double half_width(const struct prediction_request *request, double error) {
  return gsl_cdf_tdist_Pinv(0.995, request->references - 1) * error;
}

void prediction_print_head(const struct prediction *prediction, FILE *out) {
  const struct prediction_request *request = prediction->request;
  fprintf(out,
          "limit of sqrt n (f_n - f_t): %d draws along %d references of %lld units\n"
          "n V_n with 99 %% intervals: means over the draws and the points of g^2. The\n"
          "intervals do not contain the bias of a finite N: compare two values of --units\n"
          "%10s  %-30s  %s\n",
          request->draws, request->references, (long long)request->units, "t", "test points", "training points");
}

void prediction_print_time(const struct prediction *prediction, int time, FILE *out) {
  const struct prediction_request *request = prediction->request;
  fprintf(out, "%10g", prediction->time[time]);
  for (int s = 0; s < PREDICTION_SETS; s++) {
    char text[64] = "-";
    const double *square = prediction->square[s] + (int64_t)time * request->draws;
    const struct predicted_variance V = predicted_variance(request->draws, request->references, square);
    if (prediction->points[s] > 0)
      snprintf(text, sizeof text, "%.4g +- %.2g (%.1f %%)", V.value, half_width(request, V.error),
               V.value > 0 ? 100 * half_width(request, V.error) / V.value : 0);
    fprintf(out, s == POINTS_TEST ? "  %-30s" : "  %s\n", text);
  }
  fflush(out);
}
