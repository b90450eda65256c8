# Builds McKean. `make help` lists the targets. All products are in $(BUILD).
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -ec
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules
# `make V=1` prints complete commands.
quiet = @$(if $(V),,echo '  $(1) $@';)

BUILD ?= build
PREFIX ?= /usr/local
override PREFIX := $(if $(filter-out /%,$(firstword $(PREFIX))),$(CURDIR)/)$(PREFIX)
CC := mpicc
AR := ar
PKG_CONFIG ?= pkg-config
# Returns the first of some package names that pkg-config finds. Names differ: Debian has several builds of HDF5.
known = $(firstword $(foreach package,$(1),$(shell $(PKG_CONFIG) --exists $(package) 2>/dev/null && echo $(package))))
# The MPI that CC compiles for with some flags: openmpi, mpich or another one (empty).
hash := \#
mpi_of = $(shell echo '$(hash)include <mpi.h>' | $(CC) $(1) -E -dM -x c - 2>/dev/null | \
  sed -n 's/^.define OPEN_MPI .*/openmpi/p; s/^.define MPICH_VERSION .*/mpich/p')
# MPI_PACKAGE: MPI's name in pkg-config, for a CC that is not MPI's wrapper. Any build of HDF5 will do.
MPI := $(call mpi_of,$(if $(MPI_PACKAGE),$(shell $(PKG_CONFIG) --cflags $(MPI_PACKAGE))))
HDF5_PACKAGE ?= $(call known,hdf5-$(or $(MPI),openmpi) hdf5-serial hdf5)
PACKAGES := $(MPI_PACKAGE) $(HDF5_PACKAGE) $(call known,scalapack-$(or $(MPI),openmpi) scalapack) openblas yaml-0.1 gsl

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wpointer-arith
# GCC takes MPICH's MPI_STATUSES_IGNORE, the address 1, for an array that is too short.
WARN += $(if $(filter mpich,$(MPI)),-Wno-stringop-overflow -Wno-unknown-warning-option)
# -O3 vectorizes loops whose number of iterations is not constant; with GCC 12, -O2 does not.
OPT ?= -O3 -g
FORTIFY ?= -D_FORTIFY_SOURCE=2
OPENMP ?= -fopenmp
SANITIZE := -fsanitize=address,undefined -fno-omit-frame-pointer
# -ffp-contract=off: code outside the kernels gives the same bits at every instruction-set level.
CFLAGS := -std=gnu11 $(OPT) $(OPENMP) -ffp-contract=off $(FORTIFY) -fstack-protector-strong $(WARN) $(EXTRA_CFLAGS)
CPPFLAGS := -D_GNU_SOURCE -Iinclude $(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null)
ifneq ($(filter-out $(MPI),$(and $(MPI),$(call mpi_of,$(CPPFLAGS)))),)
$(warning warning: $(CC) compiles for $(MPI), but pkg-config finds libraries for another MPI: $(PACKAGES). Install those for \
  $(MPI), give another CC, or select one MPI for all; on Debian: update-alternatives --config mpi)
endif
# HDF5's high-level library is in the folder of HDF5, and has no name of its own in Debian's pkg-config.
LDLIBS := $(patsubst -lhdf5,-lhdf5_hl -lhdf5,$(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null)) -lm
TEST_CPPFLAGS := -Itests/harness $(shell $(PKG_CONFIG) --cflags cmocka 2>/dev/null)
TEST_LIBS := $(shell $(PKG_CONFIG) --libs cmocka 2>/dev/null)

# The arithmetic of the step. Each name below has one source file, <name>_isa.c, which is compiled once per instruction-set
# level.
ISA_SOURCES := particles/kernel dynamics/update dynamics/potential_rbf data/fresh_points data/target_spin data/erf_overlap \
  tangent/draws cli/bench_peak
# Products are contracted to FMA, except where all levels must give the same bits.
ISA_CONTRACT_dynamics/potential_rbf := off
ISA_CONTRACT_data/fresh_points := off
ISA_CONTRACT_data/target_spin := off
ISA_CONTRACT_data/erf_overlap := off
ISA_portable := -ffp-contract=off -DVECTOR_PORTABLE
# The other levels of each architecture, and their compiler options; levels that the compiler lacks are omitted. The head of
# include/base/isa.h explains how to add a level.
ISA_LEVELS_x86_64 := v2 v3 v4
ISA_v2 := -march=x86-64-v2
ISA_v3 := -march=x86-64-v3
ISA_v4 := -march=x86-64-v4 -mprefer-vector-width=512
ISA_LEVELS_aarch64 := neon sve256 sve512
ISA_neon := -march=armv8-a
ISA_sve256 := -march=armv8.2-a+sve -msve-vector-bits=256
ISA_sve512 := -march=armv8.2-a+sve -msve-vector-bits=512
ARCHITECTURE := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
ISA_LEVELS := portable $(foreach level,$(ISA_LEVELS_$(ARCHITECTURE)),\
  $(shell $(CC) $(ISA_$(level)) -E -x c /dev/null >/dev/null 2>&1 && echo $(level)))
CPPFLAGS += -D'ISA_BUILT(ROW,...)=$(foreach level,$(ISA_LEVELS),ROW($(level),__VA_ARGS__))'

ISA_OBJECTS = $(foreach source,$(ISA_SOURCES),$(ISA_LEVELS:%=$(BUILD)/obj/$(source)_%.o))

SOURCES := $(filter-out $(ISA_SOURCES:%=src/%_isa.c) src/cli/main.c,$(wildcard src/*/*.c))
OBJECTS := $(SOURCES:src/%.c=$(BUILD)/obj/%.o) $(ISA_OBJECTS) $(BUILD)/obj/info.o
LIBRARY := $(BUILD)/libmckean.a
PROGRAM := $(BUILD)/mckean
TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/module/*.c tests/physics/*.c) tests/harness/failing.c tests/fault/hanging.c)

# The man page and the shell completions, generated from the tables of verbs and keys.
MANUAL_man := $(BUILD)/share/man/man1/mckean.1
MANUAL_bash := $(BUILD)/share/bash-completion/completions/mckean
MANUAL_zsh := $(BUILD)/share/zsh/site-functions/_mckean
MANUAL_fish := $(BUILD)/share/fish/vendor_completions.d/mckean.fish
MANUAL := $(MANUAL_man) $(MANUAL_bash) $(MANUAL_zsh) $(MANUAL_fish)

.PHONY: all
all: $(PROGRAM) $(MANUAL) ## build the program and its man page

$(PROGRAM): $(BUILD)/obj/cli/main.o $(LIBRARY)
	$(call quiet,link) $(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)

$(LIBRARY): $(OBJECTS)
	@rm -f $@
	$(call quiet,ar  ) $(AR) rcs $@ $^

# All objects depend on the compiler and its options. The file is rewritten only if its contents change.
$(BUILD)/flags: export COMPILATION = $(CC) $(CPPFLAGS) $(CFLAGS) $(foreach level,$(ISA_LEVELS),$(ISA_$(level))) \
  $(foreach source,$(ISA_SOURCES),$(ISA_CONTRACT_$(source)))
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@{ echo "$$COMPILATION"; $(CC) --version; } > $@.new; cmp -s $@.new $@ || mv $@.new $@; rm -f $@.new

$(BUILD)/obj/%.o: src/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call quiet,cc  ) $(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

define isa_rule
$(ISA_LEVELS:%=$(BUILD)/obj/$(1)_%.o): $(BUILD)/obj/$(1)_%.o: src/$(1)_isa.c $(BUILD)/flags
	@mkdir -p $$(@D)
	$$(call quiet,cc  ) $$(CC) $$(CPPFLAGS) $$(CFLAGS) -O3 -ffp-contract=$(or $(ISA_CONTRACT_$(1)),fast) $$(ISA_$$*) -DKERNEL_ISA=$$* -MMD -MP -c -o $$@ $$<
endef
$(foreach source,$(ISA_SOURCES),$(eval $(call isa_rule,$(source))))

# Provenance of the build. The file is rewritten only if its contents change.
VERSION := $(shell git describe --always --dirty --tags 2>/dev/null || cat VERSION 2>/dev/null || echo unknown)
$(BUILD)/info.c: FORCE
	@mkdir -p $(@D)
	@printf '#include "log/provenance.h"\nconst char *const build_version = "%s";\nconst char *const build_compiler = "%s";\nconst char *const build_flags = "%s";\n' \
	  '$(VERSION)' "$$($(CC) --version | head -n 1)" '$(CFLAGS)' > $@.new
	@cmp -s $@.new $@ || mv $@.new $@; rm -f $@.new
$(BUILD)/obj/info.o: $(BUILD)/info.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call quiet,cc  ) $(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
.PHONY: FORCE
FORCE:

HARNESS := tests/harness/harness.c tests/harness/fixture.c
$(BUILD)/tests/%: tests/%.c $(HARNESS) $(HARNESS:.c=.h) $(LIBRARY)
	@mkdir -p $(@D)
	$(call quiet,test) $(CC) $(CPPFLAGS) $(CFLAGS) $(TEST_CPPFLAGS) -MMD -MP -o $@ $< $(HARNESS) $(LIBRARY) $(LDLIBS) $(TEST_LIBS)

$(BUILD)/manual: $(wildcard tools/manual/*.[ch]) $(LIBRARY)
	$(call quiet,link) $(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) $(LIBRARY) $(LDLIBS)
$(MANUAL): $(BUILD)/manual
	@mkdir -p $(@D)
	$(call quiet,make) $< $(strip $(foreach kind,man bash zsh fish,$(if $(filter $@,$(MANUAL_$(kind))),$(kind)))) > $@

.PHONY: tests
tests: all $(TESTS) $(BUILD)/scaling-model/linked ## build the tests

.PHONY: setup
setup: ## install missing packages, or list how to get them
	@tools/setup

.PHONY: demo
demo: setup ## run a small study from input to pictures; under 3 minutes on 2 cores
	@$(MAKE) --no-print-directory -j $$(nproc) all
	@tools/demo $(BUILD)

.PHONY: studies
studies: setup ## run the studies of the theory and check their conditions; ARGS="lln sgd"
	@$(MAKE) --no-print-directory -j $$(nproc) all
	@tools/python tools/studies --build $(BUILD) $(ARGS)

.PHONY: check
check: setup ## build with warnings as errors and run the tests in tests/module, physics and program
	@tools/setup check
	@$(MAKE) --no-print-directory -j $$(nproc) EXTRA_CFLAGS='-Werror $(EXTRA_CFLAGS)' BUILD=$(BUILD)/check tests
	@MCKEAN_TEST_JOBS=$${MCKEAN_TEST_JOBS:-2} tests/run $(BUILD)/check

.PHONY: coverage
coverage: setup ## measure the coverage of intervals and the false alarms of tests over 10,000 simulated studies; 2 minutes
	@$(MAKE) --no-print-directory $(BUILD)/tests/physics/physics_coverage
	@. tools/environment; MCKEAN_TEST_RANKS=1 MCKEAN_STUDIES=$${MCKEAN_STUDIES:-10000} OMP_NUM_THREADS=$$(nproc) \
	  mpirun -n 1 $(BUILD)/tests/physics/physics_coverage

# Builds the program of an older commit once; remove $(BUILD)/bits to build it with other flags. It is built with BUILD=program,
# so that the rules in its *.d files, which the last line of this Makefile includes, do not apply to the objects in $(BUILD)/obj.
BITS_BASE ?= 8a6b60f
$(BUILD)/bits/%/program/mckean:
	@mkdir -p $(BUILD)/bits/$*
	@git archive $* | tar -x -C $(BUILD)/bits/$*
	@$(MAKE) --no-print-directory -C $(BUILD)/bits/$* BUILD=program VERSION=$* program/mckean

.PHONY: check-bits
check-bits: setup ## compare the results of commit BITS_BASE with those of the work tree, bit for bit
	@base=$(BUILD)/bits/$$(git rev-parse --short $(BITS_BASE))/program/mckean; \
	$(MAKE) --no-print-directory -j $$(nproc) all $$base; . tools/environment; \
	OMPI_MCA_pml=ob1 OMPI_MCA_odls_base_sigkill_timeout=0 tools/python tests/check-bits $$base $(PROGRAM) $(BUILD)/bits/runs $(ARGS)

.PHONY: check-slurm
check-slurm: setup ## run tests/slurm under a private SLURM of two nodes on this machine; as root, installs SLURM
	@tools/setup check-slurm
	@$(MAKE) --no-print-directory -j $$(nproc) all
	@tests/slurm/run $(BUILD) $(ARGS)

.PHONY: check-faults check-faults-long
check-faults: setup ## run tests/fault: kills, full disks, damaged files; needs root to mount small disks
	@tools/setup check-faults fuzz
	@$(MAKE) --no-print-directory -j $$(nproc) EXTRA_CFLAGS='-Werror $(EXTRA_CFLAGS)' BUILD=$(BUILD)/check tests
	$(if $(ARGS),,@$(MAKE) --no-print-directory BUILD=$(BUILD)/check fuzzers)
	@. tools/environment; MCKEAN_TEST_JOBS=$${MCKEAN_TEST_JOBS:-3} tests/harness/run-programs fault $(BUILD)/check $(ARGS)
check-faults-long: ## run the same tests with 200 kills
	@$(MAKE) --no-print-directory check-faults MCKEAN_KILLS=200 MCKEAN_TEST_TIMEOUT=3600

.PHONY: check-portable
check-portable: setup ## run tests/portable: tests on emulated aarch64 processors, of builds by clang, with MPICH and serial HDF5
	@tools/setup check-portable
	@$(MAKE) --no-print-directory -j $$(nproc) all
	@MCKEAN_TEST_JOBS=$${MCKEAN_TEST_JOBS:-2} tests/portable/run $(BUILD) $(ARGS)

# Warnings that GCC does not give. -fsyntax-only: nothing is compiled.
.PHONY: warnings
warnings: ## check all sources for clang's warnings
	@OMPI_CC=clang MPICH_CC=clang $(CC) $(CPPFLAGS) $(TEST_CPPFLAGS) $(CFLAGS) -Werror -fsyntax-only -Qunused-arguments \
	  $(filter-out %_isa.c,$(wildcard src/*/*.c tests/module/*.c tests/physics/*.c tests/harness/*.c))

.PHONY: debug asan
debug: ## build without optimization in build/debug
	@$(MAKE) --no-print-directory -j $$(nproc) OPT='-O0 -g3' FORTIFY= BUILD=$(BUILD)/debug all
asan: ## build with address and undefined-behavior sanitizers in build/asan
	@$(MAKE) --no-print-directory -j $$(nproc) OPT='-O1 -g' FORTIFY= EXTRA_CFLAGS='$(SANITIZE)' BUILD=$(BUILD)/asan all tests

# A run under the sanitizers takes several times as long, so not all tests run. Leaks are not reported, because MPI has many.
ASAN_TESTS := $(notdir $(basename $(wildcard tests/module/*.c))) physics_gradient physics_momentum physics_spectrum \
  $(addprefix program_,data eval extend input mistakes particles signals status targets)
.PHONY: check-asan
check-asan: setup asan ## run the C tests and some tests of the program with address and undefined-behavior sanitizers
	@tools/setup check
	@export ASAN_OPTIONS=detect_leaks=0:exitcode=99 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1:exitcode=99; \
	MCKEAN_TEST_TIMEOUT=$${MCKEAN_TEST_TIMEOUT:-1800} MCKEAN_TEST_JOBS=$${MCKEAN_TEST_JOBS:-2} tests/run $(BUILD)/asan \
	  $(or $(ARGS),$(ASAN_TESTS))

# Fuzz targets: the file readers and the sources they need, compiled with clang's libFuzzer and sanitizers. Inputs that cause a
# failure are in $(BUILD)/fuzz/findings.
FUZZ := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FUZZED := $(filter-out $(ISA_SOURCES:%=src/%_isa.c),$(wildcard $(addprefix src/,base/*.c parallel/*.c io/*.c \
  particles/*.c data/*.c config/*.c store/checkpoint*.c store/history*.c))) \
  $(addprefix src/,$(addsuffix .c,dynamics/schedule dynamics/observables dynamics/unit_sum dynamics/noise dynamics/update log/slurm \
  log/provenance store/output_folder store/lock study/study study/history_tables))
$(BUILD)/fuzzed.a: $(FUZZED:src/%.c=$(BUILD)/obj/%.o) $(ISA_OBJECTS) $(BUILD)/obj/info.o
	@rm -f $@
	$(call quiet,ar  ) $(AR) rcs $@ $^
$(BUILD)/fuzz_%: tests/fuzz/fuzz_%.c tests/fuzz/fuzz.c tests/fuzz/edit.c tests/fuzz/fuzz.h $(BUILD)/fuzzed.a
	$(call quiet,fuzz) $(CC) $(CPPFLAGS) $(CFLAGS) -fsanitize=fuzzer -Isrc/store -o $@ $(filter %.c %.a,$^) $(LDLIBS)

.PHONY: check-combinations
check-combinations: all ## try random combinations of wrong or odd input: ARGS="300 1" (count and seed)
	@. tools/environment; tools/python tests/fuzz/combinations.py $(PROGRAM) $(or $(ARGS),300 1)

.PHONY: fuzz fuzzers
fuzz: fuzzers ## fuzz the reader of inputs or of checkpoints: ARGS="yaml 1800", ARGS="checkpoint 1800" (seconds)
	@. tools/environment; tests/fuzz/run $(BUILD)/fuzz $(ARGS)
fuzzers:
	@tools/setup fuzz
	@OMPI_CC=clang MPICH_CC=clang $(MAKE) --no-print-directory -j $$(nproc) OPT='-O1 -g' OPENMP= FORTIFY= \
	  EXTRA_CFLAGS='$(FUZZ)' BUILD=$(BUILD)/fuzz $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: bench
bench: all ## measure the speed of a step relative to the GEMM peak of this machine
	@. tools/environment; $(PROGRAM) bench --json $(BUILD)/bench.json $(ARGS)

# The step for SimGrid's SMPI: the code of a step without kernels, data and files. See `make scaling-model ARGS=--help`. `make
# tests` links it with the real MPI, so that a change that breaks it is detected.
MODELED := $(addprefix src/,$(addsuffix .c,base/error base/isa base/alloc base/cache_size base/rng base/exact_sum \
  base/portable_exp parallel/heartbeat parallel/comm parallel/rank_sum parallel/rank_gather particles/unit particles/manifold \
  particles/fields particles/particles particles/nonfinite data/loss dynamics/schedule dynamics/team dynamics/unit_sum \
  dynamics/observables dynamics/activations dynamics/unit_costs dynamics/cost_meter dynamics/epoch_orders \
  dynamics/point_exchange dynamics/batch dynamics/outputs dynamics/second_moment dynamics/update dynamics/birth_death \
  dynamics/gradient dynamics/dynamics dynamics/dynamics_stages))
$(BUILD)/scaling-model/step: tools/scaling-model/step.c $(MODELED) $(wildcard include/*/*.h) $(BUILD)/flags
	@mkdir -p $(@D)
	$(call quiet,smpi) smpicc -D_GNU_SOURCE -DSMPI_NO_OVERRIDE_MALLOC -Iinclude -std=gnu11 $(OPT) -fopenmp $(WARN) $(EXTRA_CFLAGS) \
	  -o $@ $(filter %.c,$^) -lm

$(BUILD)/scaling-model/linked: tools/scaling-model/step.c $(MODELED:src/%.c=$(BUILD)/obj/%.o)
	@mkdir -p $(@D)
	$(call quiet,link) $(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $^ $(if $(MPI_PACKAGE),$(shell $(PKG_CONFIG) --libs $(MPI_PACKAGE))) -lm

.PHONY: scaling-model
scaling-model: ## predict the efficiency on up to 1,024 ranks; needs SimGrid
	@tools/setup scaling-model
	@$(MAKE) --no-print-directory -j $$(nproc) all $(BUILD)/scaling-model/step
	@. tools/environment; tools/python tools/scaling-model/predict $(BUILD) $(ARGS)

# Job scripts, the module file and this Makefile contain PREFIX without quotes.
installable: export INSTALLED := $(DESTDIR)$(PREFIX)
installable:
	@special="[][[:space:]\"'\`|&;()<>*?\$$#\\{}]|/~"; [[ ! "$$INSTALLED" =~ $$special ]] || { \
	  echo "make install: expected PREFIX and DESTDIR without spaces and other characters that are special in a shell," \
	  "received \"$$INSTALLED\"; choose another path, for example PREFIX=\$$HOME/mckean" >&2; exit 2; }

# Paths of installed files. RELOCATE, a sed script, replaces paths in the source tree by these paths.
SHARE := $(PREFIX)/share/mckean
PYTHON := tools/python-package
RELOCATE := s|^mckean=build/mckean|mckean=$(PREFIX)/bin/mckean|; s|"[^"]*/jobs/common.sh"|$(SHARE)/jobs/common.sh|; \
  s|^input=input/|input=$(SHARE)/input/|; s|tools/environment|$(SHARE)/tools/environment|; \
  s|tools/python tools/scaling|mckean-scaling|; s|tools/resubmit|mckean-resubmit|; s|@PREFIX@|$(PREFIX)|
.PHONY: install installable
install: installable all ## copy program, tools, job scripts, man page, completions and module file to PREFIX
	install -D -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/mckean
	for file in $(MANUAL:$(BUILD)/%=%); do install -D -m 644 $(BUILD)/$$file $(DESTDIR)$(PREFIX)/$$file; done
	install -D -m 644 -t $(DESTDIR)$(SHARE)/tools tools/environment
	for file in $(wildcard $(PYTHON)/*.* $(PYTHON)/mckean/*.py); do install -D -m 644 $$file $(DESTDIR)$(SHARE)/$$file; done
	@python=$$(tools/python -c 'import sys; print(sys.executable)'); for tool in plot report scaling resubmit sweep; do \
	  install -m 755 tools/$$tool $(DESTDIR)$(SHARE)/tools/$$tool; \
	  sed -i "1s|.*|#!$$python|" $(DESTDIR)$(SHARE)/tools/$$tool; \
	  ln -sf ../share/mckean/tools/$$tool $(DESTDIR)$(PREFIX)/bin/mckean-$$tool; done
	install -D -m 644 -t $(DESTDIR)$(SHARE)/input input/*.yaml
	install -D -m 755 -t $(DESTDIR)$(SHARE)/jobs jobs/*.sh
	install -D -m 644 tools/modulefile $(DESTDIR)$(PREFIX)/share/modulefiles/mckean/$(VERSION)
	sed -i '$(RELOCATE)' $(DESTDIR)$(SHARE)/jobs/*.sh $(DESTDIR)$(PREFIX)/share/modulefiles/mckean/$(VERSION)
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/mckean README.md LICENSE CITATION.cff

.PHONY: info
info: ## print compiler, libraries and flags of the build
	@printf '%-18s %s\n' version '$(VERSION)' compiler "$$($(CC) --version | head -n 1)" MPI "$$(mpirun --version | head -n 1)"
	@for package in $(PACKAGES) cmocka; do printf '%-18s %s\n' $$package "$$($(PKG_CONFIG) --modversion $$package)"; done
	@printf '%-18s %s\n' flags '$(strip $(CFLAGS))' levels '$(ISA_LEVELS)'

.PHONY: format
format: ## format the sources in place
	clang-format -i $(wildcard src/*/*.[ch] include/*/*.h tests/*/*.[ch] tools/*/*.c)

.PHONY: clean
clean: ## remove the build folder
	rm -rf $(BUILD)

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 15

-include $(shell find $(BUILD) -name '*.d' -type f 2>/dev/null)
