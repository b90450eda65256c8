#include "options.h"

#include <stdio.h>
#include <string.h>

static void add(struct item *item, const char *text, size_t length) {
  const size_t used = strlen(item->text);
  snprintf(item->text + used, sizeof item->text - used, "%s%.*s", used ? " " : "", (int)length, text);
}

/* Returns whether the line starts a labeled item: it is indented by exactly two spaces. */
static bool begins_item(const char *line) {
  return line[0] == ' ' && line[1] == ' ' && line[2] != ' ';
}

static bool continues(const char *line, bool item) {
  return item ? strncmp(line, "   ", 3) == 0 : *line && *line != ' ';
}

bool options_next(const char **at, struct item *item) {
  *item = (struct item){.label = ""};
  if (**at == 0) return false;
  const bool labeled = begins_item(*at);
  do {
    const char *line = *at + strspn(*at, " ");
    size_t length = strcspn(line, "\n");
    const char *gap = strstr(line, "  ");
    *at = line + length + (line[length] == '\n');
    if (labeled && !*item->text && !*item->label && gap && gap < line + length) {
      snprintf(item->label, sizeof item->label, "%.*s", (int)(gap - line), line);
      gap += strspn(gap, " ");
      length -= (size_t)(gap - line);
      line = gap;
    }
    add(item, line, length);
  } while (**at && continues(*at, labeled));
  return true;
}

bool item_option(const struct item *item, char name[64], bool *value) {
  if (item->label[0] != '-') return false;
  const char *comma = strstr(item->label, ", "), *word = comma ? comma + 2 : item->label; /* -v, --verbose */
  const size_t length = strcspn(word, " ");
  snprintf(name, 64, "%.*s", (int)length, word);
  *value = word[length] == ' ';
  return true;
}
