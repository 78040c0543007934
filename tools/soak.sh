#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Scenarios on machines that nobody has thought of: no check may fail on any.
#
#   tools/soak.sh VFSIM RUNS [FIRST]
#
# Each run has a number, FIRST (1) and up, and everything follows from that: the scenario, the engine, the seed, one to
# six keys of testbench/machines.txt and their values. A run that a check fails, that we end in error, or that takes two
# minutes is shown, with the command that repeats it, and is a failure. Machines that are refused, and expectations that
# do not hold on another machine, are counted; a key that nobody knows is a failure, and so are runs of which not half hold.
set -u -o pipefail
cd "$(dirname "$0")/.." || exit
vfsim=$1 runs=$2 first=${3:-1}
# Lines of machines.txt: for any scenario, and for those that have such a list.
mapfile -t any < <(grep '^machine' testbench/machines.txt)
for list in guests masters traffic; do
	mapfile -t "$list" < <(grep "^$list" testbench/machines.txt)
done
scenarios=(testbench/scenarios/*/*.yaml)
engines=(native native untimed systemc)
held=0 refused=0 other=0 failed=0
said=$(mktemp)
trap 'rm -f "$said"' EXIT

# pick WORD...: one of them
pick() {
	local words=("$@")
	picked=${words[RANDOM % $#]}
}

# The command of run `number`.
choose() {
	RANDOM=$number
	pick "${scenarios[@]}"
	local scenario=$picked fitting list
	command=("$vfsim" run "$scenario" --seed $((RANDOM * 32768 + RANDOM)))
	fitting=("${any[@]}")
	# A master that ignores invalidations breaks what it is made to do more of: that is what it is for.
	for list in guests masters traffic; do
		local -n those=$list
		! grep -q "^$list:" "$scenario" || grep -q 'ignores_invalidations: yes' "$scenario" ||
			fitting+=("${those[@]}")
	done
	pick "${engines[@]}"
	command+=(--engine "$picked")
	for ((i = 1 + RANDOM % 6; i; i--)); do
		# shellcheck disable=SC2206
		local key=(${fitting[RANDOM % ${#fitting[@]}]})
		pick "${key[@]:1}"
		command+=(--set "${key[0]}=$picked")
	done
}

for ((number = first; number < first + runs; number++)); do
	choose
	timeout 120 "${command[@]}" >"$said" 2>&1
	status=$?
	case $status in
	0) held=$((held + 1)) ;;
	2) grep -q 'there is no ' "$said" || { refused=$((refused + 1)); continue; } ;;&
	1) grep -q '^  FAIL ' "$said" || { other=$((other + 1)); continue; } ;;&
	*)
		failed=$((failed + 1))
		echo "run $number, status $status: ${command[*]@Q}"
		grep -A 1 '^  FAIL ' "$said" || tail -3 "$said"
		;;
	esac
done
echo "soak: $runs runs: $held held, $other missed an expectation, $refused machines refused, $failed failed"
[ $failed = 0 ] && [ $((held * 2)) -gt "$runs" ]
