#include "config_key.h"

#include <stdlib.h>
#include <string.h>

#include "config_table.h"

/* Levenshtein distance. */
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
  const char *best = parameter_table[0].key;
  int least = INT32_MAX;
  for (int i = 0; i < parameter_count; i++) {
    const int steps = distance(key, parameter_table[i].key);
    if (steps < least) {
      least = steps;
      best = parameter_table[i].key;
    }
  }
  return best;
}

void key_split(const char *path, char key[KEY_MAX], int *item) {
  *item = -1;
  size_t length = 0;
  for (const char *from = path; *from && length < KEY_MAX - 1; from++) {
    key[length++] = *from;
    if (*from != '[') continue;
    if (*item < 0) *item = atoi(from + 1);
    from += strspn(from + 1, "0123456789");
  }
  key[length] = 0;
  if (length > 2 && strcmp(key + length - 2, "[]") == 0) key[length - 2] = 0;
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
