/* Fuzzes the reader of inputs. The data are a YAML text, followed by up to 4 overrides, each after a byte of value 1.
 * The echo of an accepted input must read as the same input; a refusal must have a reason. */
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  fuzz_start();
  return 0;
}

static void check_echo(const struct config *config) {
  struct config *again = NULL;
  char *echo = config_echo(config);
  if (config_parse("echo", echo, &again) != OK) fuzz_found("an echo cannot be read");
  char *second = config_echo(again);
  if (strcmp(echo, second) != 0 || config_resumable(config, again, 0) != OK)
    fuzz_found("an echo reads as another input");
  free(echo);
  free(second);
  config_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  enum { OVERRIDES = 4 };
  char *text = malloc(size + 1), *override[OVERRIDES], *rest = NULL;
  memcpy(text, data, size);
  text[size] = 0;
  int overrides = 0;
  char *end = strchr(text, 1);
  if (end) {
    *end = 0;
    for (char *part = strtok_r(end + 1, "\1", &rest); part && overrides < OVERRIDES; part = strtok_r(NULL, "\1", &rest))
      override[overrides++] = part;
  }
  struct config *config = NULL;
  const int status = config_parse_overridden("fuzz", text, overrides, override, &config);
  if (status == OK)
    check_echo(config);
  else if (status != USAGE || strlen(error_text()) < 10)
    fuzz_found("a refusal without a reason");
  config_free(config);
  free(text);
  return 0;
}
