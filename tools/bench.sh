#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run every benchmark of a build directory.
set -eu
for bench in "$1"/testbench/bench_*; do
	[ -x "$bench" ] || continue
	echo "== ${bench##*/}"
	"$bench" --benchmark_counters_tabular=true
done
