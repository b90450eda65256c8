/* fields: the table of the parameters of a unit, and the set of fields that a run stores per unit.
 *
 * A unit (neuron) has the parameters c, a and b. On the sphere, a holds z and there is no b. An update rule may add its
 * own fields, for example the last displacement; each has the shape of a trained parameter. The table determines the
 * offsets in a tile. The field set of a run determines the datasets of a checkpoint, what `compare` compares, the
 * predicted memory, the data that move between ranks, and the values that must be finite.
 *
 * To add a parameter: define its constants in enum field_id, FIELD_BIT_* and ROW_*; extend tile_rows and tile_row_bit;
 * add an entry in fields.c; add its bit to the manifolds that have it (manifold.c); add its initial law to struct
 * unit_spec and particles_init, and its arithmetic to the kernels. A field of an update rule needs none of these: the
 * rule states how many it has (dynamics/update.h). */
#ifndef MCKEAN_PARTICLES_FIELDS_H
#define MCKEAN_PARTICLES_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

enum field_id { FIELD_C, FIELD_A, FIELD_B, FIELDS }; /* in the order of a checkpoint's datasets */
enum { FIELD_BIT_C = 1 << FIELD_C, FIELD_BIT_A = 1 << FIELD_A, FIELD_BIT_B = 1 << FIELD_B }; /* sets of fields */

/* A tile has one row of TILE numbers for each of c, b, a_0 .. a_{d-1}: [tile_rows(d)][TILE] (particles/kernel.h). */
enum { ROW_C, ROW_B, ROW_A };
static inline int tile_rows(int d) {
  return ROW_A + d;
}
static inline unsigned tile_row_bit(int row) { /* the bit of the field to which a row belongs */
  return row == ROW_C ? FIELD_BIT_C : row == ROW_B ? FIELD_BIT_B : FIELD_BIT_A;
}

struct field {
  const char *name;
  const char *description;
  int row;     /* the first row of the field in a tile */
  bool vector; /* true: d values per unit, in d rows; false: one value, in one row */
};

extern const struct field field_table[FIELDS]; /* indexed by enum field_id */

/* Local. Returns the number of values of a field per unit: d or 1. */
static inline int field_width(enum field_id id, int d) {
  return field_table[id].vector ? d : 1;
}

/* The fields that a run stores per unit, in this order: the parameters (rule_field 0); then, for k = 1, 2, ..., the
 * update rule's field k of each trained parameter. */
enum { RULE_FIELDS_MAX = 2, FIELD_SET_MAX = FIELDS * (1 + RULE_FIELDS_MAX) };
struct unit_field {
  enum field_id id;
  int rule_field; /* 0: the parameter itself; k: the update rule's field k, of the shape of this parameter */
};
struct field_set {
  int count, rule_fields;
  struct unit_field field[FIELD_SET_MAX];
};

/* Local. Returns the field set of a run. present, trained: the parameters that units have, and those that are trained,
 * as sets (FIELD_BIT_*). rule_fields: fields of the update rule per trained parameter, at most RULE_FIELDS_MAX. */
struct field_set field_set(unsigned present, unsigned trained, int rule_fields);

#endif
