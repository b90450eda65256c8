#!/bin/bash
#SBATCH --job-name=mckean-scaling
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=64
#SBATCH --time=1:00:00
#SBATCH --output=%x-%j.log
#
# Measures the scaling of one network: the same steps on increasing numbers of ranks. Run `make`, then start it from the top
# folder of McKean:
#
#   sbatch jobs/scaling.sh strong              under SLURM, with `srun`; edit the lines above first
#   bash jobs/scaling.sh weak ranks="1 2 4"    on this machine, with `mpirun`; every setting below can be given this way
#
# To print the table and draw the picture: tools/python tools/scaling RESULTS
#
# If this script stopped early, the same command executes the missing runs.

# ---- settings ----
study=${1:-}       # strong: n units in total; weak: n units per rank
n=1e6              # units
d=25               # input dimension
P=100              # points per step
data=online        # online: every rank draws fresh points at each step; fixed: P points for all steps
unit=sigmoid
precision=single   # single, mixed or double
steps=50           # timed steps per run, after one untimed step
repeats=3          # runs per case; each round runs every case once
ranks=             # rank counts; default: powers of two below the number of tasks or cores, and that number
threads=1          # per rank; under SLURM also set --cpus-per-task
results=           # folder for the results; default: runs/scaling-STUDY
mckean=build/mckean
# modules, if your cluster has them: module load gcc openmpi openblas hdf5 gsl
# ------------------

set -eu
fail() { echo "jobs/scaling.sh: $*" >&2; exit 2; }
[[ $study == strong || $study == weak ]] || fail "expected a study, strong or weak, received \"$study\""
for setting in "${@:2}"; do
  [[ $setting =~ ^(n|d|P|data|unit|precision|steps|repeats|ranks|threads|results|mckean)= ]] ||
    fail "expected SETTING=VALUE with one of the settings at the top of this file, received \"$setting\""
  declare "$setting"
done
for setting in n d P steps repeats threads; do
  number='^[1-9][0-9]*$'
  [ "$setting" != n ] || number='^[1-9][0-9.]*(e[0-9]+)?$'
  [[ ${!setting} =~ $number ]] || fail "$setting: expected a positive number, received \"${!setting}\""
done
[[ $ranks =~ ^([1-9][0-9]*\ *)*$ ]] || fail "ranks: expected positive numbers, received \"$ranks\""
cd "${SLURM_SUBMIT_DIR:-$PWD}"
[ -x "$mckean" ] || fail "$mckean does not exist or is not executable; run make, and start from the top folder of McKean"
results=${results:-runs/scaling-$study}

if [ -n "${SLURM_JOB_ID:-}" ]; then
  all=${SLURM_NTASKS:?request tasks from SLURM: --ntasks, or --nodes and --ntasks-per-node}
  per_node=$(((all + SLURM_JOB_NUM_NODES - 1) / SLURM_JOB_NUM_NODES))
  # Uses as few nodes as possible and fills them in order. Without PMIx, srun would start independent runs of one rank each.
  launch() {
    local count=$1
    shift
    srun --mpi=pmix --nodes=$(((count + per_node - 1) / per_node)) --ntasks="$count" --cpus-per-task="$threads" \
      --distribution=block --cpu-bind=cores "$@"
  }
else
  all=$(($(env -u OMP_NUM_THREADS nproc) / threads))
  . tools/environment
  launch() {
    local count=$1
    shift
    mpirun -n "$count" "$@" </dev/null
  }
fi
if [ -z "$ranks" ]; then
  for ((count = 1; count < all; count *= 2)); do ranks+="$count "; done
  ranks+=$((all > 0 ? all : 1))
fi

case $data in
  online) draw="{mode: online, test: 0}" stage="batch: $P" scheme=sgd ;;
  fixed) draw="{mode: fixed, samples: $P, test: 0}" stage='' scheme=gd ;;
  *) fail "data: expected online or fixed, received \"$data\"" ;;
esac
input="# $study scaling
run: {precision: $precision, threads: $threads}
ensemble: {n: $n}
unit: {type: $unit}
target: {type: spin, d: $d}
data: $draw
dynamics: {scheme: $scheme, stages: [{steps: $((steps + 1)), dt: 0.1, $stage}]}
output: {history_every: $((steps + 1)), checkpoint_minutes: 0}"
# The folder is new, or has this study, or a study without results so far; runs and input.yaml there are replaced.
was=$(cat "$results/input.yaml" 2>/dev/null) || [ -z "$(ls -A "$results" 2>/dev/null)" ] ||
  fail "$results contains other files; give results=FOLDER, a new folder"
[ -z "$was" ] || [ "$input" = "$was" ] || { ! compgen -G "$results/ranks-*.json" >/dev/null && [[ $was =~ ^'# '(strong|weak)' scaling' ]]; } ||
  fail "$results contains another study; move it away, or give results=FOLDER"
mkdir -p "$results"
echo "$input" >"$results/input.yaml"

for ((repeat = 1; repeat <= repeats; repeat++)); do
  for count in $ranks; do
    units=$n
    [ "$study" = strong ] || units=$(awk -v n="$n" -v ranks="$count" 'BEGIN { printf "%.0f", n * ranks }')
    result=$results/ranks-$count-run-$repeat.json run=$results/run
    [ ! -e "$result" ] || continue
    echo "== $study, $count rank(s), n = $units, run $repeat of $repeats"
    rm -rf "$run"
    launch "$count" "$mckean" run "$results/input.yaml" "run.output=$run" "ensemble.n=$units"
    mv "$run/summary.json" "$result"
    rm -r "$run" # its checkpoint is as large as the particles
  done
done
echo "results: $results; table and picture: tools/python tools/scaling $results"
