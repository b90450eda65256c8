/* fields: the table of the numbers that a unit consists of.
 *
 * A unit (neuron) has the parameters c, a and b; on the sphere a holds z and there is no b. An update rule may own
 * further fields ("copies") of the shape of the trained parameters, for example the last displacement. The set of
 * fields of a run determines the offsets in a tile, the datasets of a checkpoint, the comparison by `compare`, the
 * predicted memory, the data that move between ranks, and the numbers that must be finite.
 *
 * To add a parameter: its constants in enum field_id, FIELD_BIT_* and ROW_*; its rows in tile_rows and tile_row_bit; an
 * entry in fields.c; its bit in the manifolds that have it (manifold.c); its initial law in struct unit_spec and
 * particles_init; its arithmetic in the kernels. A field of an update rule needs none of these: the rule states its
 * number of copies (dynamics/update.h). */
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
static inline unsigned tile_row_bit(int row) { /* the set of the field that a row belongs to */
  return row == ROW_C ? FIELD_BIT_C : row == ROW_B ? FIELD_BIT_B : FIELD_BIT_A;
}

struct field {
  const char *name;
  const char *description;
  int row;     /* the first row in a tile */
  bool vector; /* true: d numbers per unit, in d rows; false: one number, in one row */
};

extern const struct field field_table[FIELDS]; /* indexed by enum field_id */

/* Numbers of a field per unit. */
static inline int field_width(enum field_id id, int d) {
  return field_table[id].vector ? d : 1;
}

/* The fields of the units of a run: the parameters (copy 0), then for each copy k = 1, 2, ... the trained
 * parameters. */
enum { FIELD_COPIES_MAX = 2, FIELD_SET_MAX = FIELDS * (1 + FIELD_COPIES_MAX) };
struct unit_field {
  enum field_id id;
  int copy; /* 0: the parameter itself; k: the update rule's own field number k of this shape */
};
struct field_set {
  int count, copies;
  struct unit_field field[FIELD_SET_MAX];
};

/* Local. Returns the fields of a run. present, trained: the parameters that units have and that are trained, as sets
 * (FIELD_BIT_*). copies: own fields of the update rule per trained parameter, at most FIELD_COPIES_MAX. */
struct field_set field_set(unsigned present, unsigned trained, int copies);

#endif
