#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Run ctest in each build directory given; close with one line that counts all of it.
set -u -o pipefail
status=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for dir in "$@"; do
	echo "== ctest in $dir"
	ctest --test-dir "$dir" --parallel "$(nproc)" --output-on-failure --no-tests=error |
		grep -v --line-buffered '^ *Start ' | tee -a "$log" || status=1
done
awk '/tests passed, [0-9]+ tests failed out of [0-9]+/ {
	for (i = 1; i <= NF; i++)
		if ($i == "failed") failed += $(i - 2)
	total += $NF
}
END { print ""; printf "%d passed, %d failed\n", total - failed, failed }' "$log"
exit $status
