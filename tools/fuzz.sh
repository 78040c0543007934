#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# fuzz.sh BUILD SECONDS [NAME...]: every fuzz target of a build directory, or those of these names, for
# so long, one on each core;
# closes with a line for each. What they find is kept under BUILD/findings, and inputs that reach
# new code under BUILD/corpus for the next time.
set -u -o pipefail
export build=$1 seconds=$2
mkdir -p "$build/findings" "$build/logs"

run() {
	local target=$1 name=${1##*/fuzz_}
	local log=$build/logs/$name
	mkdir -p "$build/corpus/$name"
	"$target" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=25 -print_final_stats=1 \
		-artifact_prefix="$build/findings/$name-" \
		"$build/corpus/$name" "testbench/fuzz/corpus/$name" >"$log" 2>&1
	local status=$?
	local executions
	executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	if [ $status = 0 ]; then
		printf '%-12s %9s executions  nothing found\n' "$name" "$executions"
	else
		grep -a -m 3 -e '^finding' -e '^SUMMARY' "$log"
		printf '%-12s %9s executions  FOUND: %s\n' "$name" "${executions:-0}" \
			"$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)"
	fi
	return $status
}
export -f run

shift 2
targets=("$build"/testbench/fuzz_*)
[ $# = 0 ] || targets=("${@/#/$build/testbench/fuzz_}")
printf '%s\0' "${targets[@]}" |
	xargs -0 -n 1 -P "$(nproc)" bash -c 'run "$0" || exit 1'
