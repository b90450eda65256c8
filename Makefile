# McKean. `make help` lists the targets; every path of a product starts with $(BUILD).
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -ec
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules

BUILD ?= build
PREFIX ?= /usr/local
CC := mpicc
AR := ar
PKG_CONFIG ?= pkg-config
PACKAGES := hdf5-openmpi openblas scalapack-openmpi yaml-0.1 gsl

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wpointer-arith
OPT ?= -O2 -g
# -ffp-contract=off: outside the kernels the same bits on every instruction-set level.
CFLAGS := -std=gnu11 $(OPT) -ffp-contract=off -D_FORTIFY_SOURCE=2 -fstack-protector-strong $(WARN) $(EXTRA_CFLAGS)
CPPFLAGS := -D_GNU_SOURCE -Iinclude $(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null)
LDLIBS := $(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null) -lm
TEST_LIBS := $(shell $(PKG_CONFIG) --libs cmocka 2>/dev/null)

# The kernels: one source, one object per instruction-set level.
KERNEL := src/model/kernel_isa.c
ISA_LEVELS := portable v2 v3 v4
ISA_portable :=
ISA_v2 := -march=x86-64-v2
ISA_v3 := -march=x86-64-v3
ISA_v4 := -march=x86-64-v4 -mprefer-vector-width=512

SOURCES := $(filter-out $(KERNEL) src/cli/main.c,$(wildcard src/*/*.c))
OBJECTS := $(SOURCES:src/%.c=$(BUILD)/obj/%.o) $(ISA_LEVELS:%=$(BUILD)/obj/model/kernel_%.o) $(BUILD)/obj/info.o
LIBRARY := $(BUILD)/libmckean.a
PROGRAM := $(BUILD)/mckean
TESTS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/test_*.c tests/physics_*.c))

.PHONY: all
all: $(PROGRAM) ## build the program

$(PROGRAM): $(BUILD)/obj/cli/main.o $(LIBRARY)
	$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)

$(LIBRARY): $(OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/obj/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(ISA_LEVELS:%=$(BUILD)/obj/model/kernel_%.o): $(BUILD)/obj/model/kernel_%.o: $(KERNEL)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -O3 -ffp-contract=fast $(ISA_$*) -DKERNEL_ISA=$* -MMD -MP -c -o $@ $<

# Provenance of the build; rewritten only when it changes.
VERSION := $(shell git describe --always --dirty --tags 2>/dev/null || cat VERSION 2>/dev/null || echo unknown)
$(BUILD)/info.c: FORCE
	@mkdir -p $(@D)
	@printf '#include "run/provenance.h"\nconst char *const build_version = "%s";\nconst char *const build_compiler = "%s";\nconst char *const build_flags = "%s";\n' \
	  '$(VERSION)' "$$($(CC) --version | head -n 1)" '$(CFLAGS)' > $@.new
	@cmp -s $@.new $@ || mv $@.new $@; rm -f $@.new
$(BUILD)/obj/info.o: $(BUILD)/info.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
.PHONY: FORCE
FORCE:

$(BUILD)/tests/%: tests/%.c tests/harness.c tests/problem.c tests/harness.h tests/problem.h $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -Itests -MMD -MP -o $@ $< tests/harness.c tests/problem.c $(LIBRARY) $(LDLIBS) $(TEST_LIBS)

.PHONY: tests
tests: $(TESTS) $(PROGRAM) ## build the tests

.PHONY: check
check: tests ## run all tests
	tests/run $(BUILD)

.PHONY: clean
clean: ## remove the build folder
	rm -rf $(BUILD)

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
