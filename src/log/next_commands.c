#include "log/next_commands.h"

#include "io/tools.h"

void next_commands_print(struct report *report, const char *output) {
  char folder[PATH_MAX], program[PATH_MAX];
  const enum tools_place place = tools_find(folder);
  report_line(report, "next:");
  if (place == TOOLS_INSTALLED) {
    report_line(report, "  mckean analyze %s", output);
    report_line(report, "  mckean-plot %s", output);
    report_line(report, "  mckean-report %s", output);
    return;
  }
  report_line(report, "  %s analyze %s", tools_program(program) ? program : "mckean", output);
  if (place == TOOLS_NONE) return;
  report_line(report, "  %stools/python %stools/plot %s", folder, folder, output);
  report_line(report, "  %stools/python %stools/report %s", folder, folder, output);
}
