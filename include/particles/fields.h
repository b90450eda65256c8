/* fields: the numbers that make up a unit, as one table.
 *
 * A unit has the parameters c, a and b (a is z on the sphere, where there is no b). An update rule may own further
 * fields of the shape of the trained parameters, such as momentum's last displacement: "copies". Offsets in a tile,
 * datasets of a checkpoint, comparison, memory of the plan, moves between ranks and the check for numbers that are not
 * finite all follow from the set of fields of a run.
 *
 * To add a parameter: a name in enum field_id, a row in fields.c, and its arithmetic in the kernels. */
#ifndef MCKEAN_PARTICLES_FIELDS_H
#define MCKEAN_PARTICLES_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

enum field_id { FIELD_C, FIELD_A, FIELD_B, FIELDS }; /* in the order of a checkpoint's datasets */
enum { FIELD_BIT_C = 1 << FIELD_C, FIELD_BIT_A = 1 << FIELD_A, FIELD_BIT_B = 1 << FIELD_B }; /* sets of fields */

/* Rows of a tile, [tile_rows(d)][TILE] (particles/kernel.h): c, b, a_0 .. a_{d-1}. */
enum { ROW_C, ROW_B, ROW_A };
static inline int tile_rows(int d) {
  return ROW_A + d;
}
static inline unsigned tile_row_bit(int row) { /* the field of a row, as a set */
  return row == ROW_C ? FIELD_BIT_C : row == ROW_B ? FIELD_BIT_B : FIELD_BIT_A;
}

struct field {
  const char *name;
  const char *description;
  int row;     /* first row in a tile */
  bool vector; /* d numbers per unit and as many rows; otherwise one */
};

extern const struct field field_table[FIELDS]; /* indexed by enum field_id */

static inline int field_width(enum field_id id, int d) {
  return field_table[id].vector ? d : 1;
}

/* The fields that the units of a run have: parameters (copy 0), then for each copy the trained ones. */
enum { FIELD_COPIES_MAX = 2, FIELD_SET_MAX = FIELDS * (1 + FIELD_COPIES_MAX) };
struct unit_field {
  enum field_id id;
  int copy; /* 0: the parameter; k = 1, 2, ..: number k of the update rule's own fields of this shape */
};
struct field_set {
  int count, copies;
  struct unit_field field[FIELD_SET_MAX];
};

/* Local. present, trained: sets of fields (FIELD_BIT_*). */
struct field_set field_set(unsigned present, unsigned trained, int copies);

#endif
