#include "key.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

/* Returns the Levenshtein distance. b: at most KEY_MAX bytes. */
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
  const char *best = NULL;
  int least = INT32_MAX;
  for (int i = 0; i < parameter_count; i++) {
    const int steps = distance(key, parameter_table[i].key);
    if (steps < least) {
      least = steps;
      best = parameter_table[i].key;
    }
  }
  return least <= (int)strlen(key) / 2 ? best : NULL;
}

int key_split(const char *path, char key[KEY_MAX], int *item) {
  int brackets = 0;
  *item = -1;
  size_t length = 0;
  for (const char *from = path; *from && length < KEY_MAX - 1; from++) {
    key[length++] = *from;
    if (*from != '[') continue;
    const long number = from[1] >= '0' && from[1] <= '9' ? strtol(from + 1, NULL, 10) : INT_MAX;
    if (++brackets == 1) *item = number < INT_MAX ? (int)number : INT_MAX;
    from += strspn(from + 1, "0123456789");
  }
  key[length] = 0;
  if (length > 2 && strcmp(key + length - 2, "[]") == 0) key[length - 2] = 0;
  return brackets;
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
