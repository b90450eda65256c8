#!/bin/bash
#SBATCH --job-name=mckean-array
#SBATCH --array=1-4%2
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=64
#SBATCH --time=24:00:00
#SBATCH --signal=B:USR2@300
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%A-%a.log
#
# Many runs, each over as many jobs as it needs (see run.sh). Task i does line i of a manifest: the arguments of `mckean run`,
# separated by blanks, each line with a run.output of its own:
#
#   input/lln.yaml run.seed=1 run.output=runs/seed-1
#   input/lln.yaml run.seed=2 run.output=runs/seed-2
#
#   sbatch --array=1-$(grep -c '' MANIFEST)%2 jobs/array.sh MANIFEST     at most 2 at a time
#   tools/resubmit MANIFEST                                            those that are not done, later

# ---- settings ----
manifest=${1:-manifest.txt}
restarts=20       # of each run, at most
chain=requeue     # depend: for sites that forbid requeue, a new job that waits for this one to end
launcher=srun     # mpirun: where srun has no PMIx
mckean=build/mckean
# modules, if your cluster has them: module load gcc openmpi openblas hdf5 gsl
# ------------------

# shellcheck source=jobs/common.sh
. "${SLURM_SUBMIT_DIR:-.}/jobs/common.sh"
[ -n "${SLURM_ARRAY_TASK_ID:-}" ] || fail "expected an array: sbatch --array=1-N jobs/array.sh MANIFEST"
[ -r "$manifest" ] || fail "$manifest: cannot read this manifest"
line=$(sed -n "${SLURM_ARRAY_TASK_ID}p" "$manifest")
[ -n "$line" ] || fail "$manifest has no line $SLURM_ARRAY_TASK_ID, or it is empty"
read -ra words <<<"$line"
run "${words[@]}"
