#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# coverage.sh BUILD: run the tests of a build with VFSIM_COVERAGE and tell, for each room of the
# house, how many of its lines and branches they went through. BUILD/coverage.csv has each file.
set -eu -o pipefail
build=$1
find "$build" -name '*.gcda' -delete
ctest --test-dir "$build" --parallel "$(nproc)" --no-tests=error -LE tidy >"$build/ctest.log" ||
	{ tail -n 30 "$build/ctest.log"; exit 1; }
gcovr --root . --object-directory "$build" --exclude 'build.*' --exclude 'testbench/.*' \
	--exclude 'tools/.*' --exclude-throw-branches --csv --output "$build/coverage.csv"

# A room is a folder, and so is each below model/.
awk -F, 'NR > 1 {
	split($1, path, "/")
	room = path[1] == "model" ? path[1] "/" path[2] "/" : path[1] "/"
	lines[room] += $2; lines_hit[room] += $3
	branches[room] += $5; branches_hit[room] += $6
}
function percent(hit, all) { return all ? 100 * hit / all : 100 }
END {
	for (room in lines)
		printf "%s lines %.1f%% branches %.1f%%\n", room,
			percent(lines_hit[room], lines[room]),
			percent(branches_hit[room], branches[room])
}' "$build/coverage.csv" | sort
