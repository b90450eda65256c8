#include "particles/fields.h"

const struct field field_table[FIELDS] = {
    [FIELD_C] = {"c", "amplitudes c_i (replica, unit)", ROW_C, false},
    [FIELD_A] = {"a", "inner parameters a_i, or z_i on the sphere (replica, unit, d)", ROW_A, true},
    [FIELD_B] = {"b", "biases b_i (replica, unit)", ROW_B, false},
};

struct field_set field_set(unsigned present, unsigned trained, int rule_fields) {
  struct field_set set = {.rule_fields = rule_fields};
  for (int k = 0; k <= rule_fields; k++)
    for (int id = 0; id < FIELDS; id++)
      if ((k > 0 ? present & trained : present) & 1u << id)
        set.field[set.count++] = (struct unit_field){(enum field_id)id, k};
  return set;
}
