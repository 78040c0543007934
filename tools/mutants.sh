#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# mutants.sh BUILD HEADERS: break a copy of the tree in each way of testbench/mutants.txt, and see the
# test that is named there fail. One that nothing finds is a hole in the tests: exit 1.
set -eu -o pipefail
build=$(realpath -m "$1") headers=$(realpath "$2")
source=$build/source found=0 all=0
mkdir -p "$source"
# What differs is newer than what was built of it.
git ls-files | while IFS= read -r file; do
	cmp -s "$file" "$source/$file" || install -D "$file" "$source/$file"
done
(cd "$source" && find . -type f -printf '%P\n' | sort) |
	comm -23 - <(git ls-files | sort) | (cd "$source" && xargs -r -d '\n' rm)
[ -e "$build/build.ninja" ] ||
	cmake -S "$source" -B "$build" -G Ninja --log-level=WARNING -DVFSIM_UAPI_HEADERS="$headers"

# Nothing is broken yet: what fails now would find everything.
tests=$(sed -n '/^#/!s/.* ; //p' testbench/mutants.txt | sort -u)
for test in $tests; do
	cmake --build "$build" --target "$test" >"$build/log" 2>&1 ||
		{ cat "$build/log"; echo "$test does not build as it is"; exit 1; }
	(cd "$source" && "$build/testbench/$test") >"$build/log" 2>&1 ||
		{ echo "$test fails as it is"; exit 1; }
done

while IFS= read -r line; do
	case $line in '#'* | '') continue ;; esac
	what=${line%% ; *} line=${line#* ; }
	file=${line%% ; *} line=${line#* ; }
	change=${line% ; *} test=${line##* ; }
	all=$((all + 1))
	[ -e "$file" ] || { echo "$what: there is no $file"; exit 1; }
	sed -i "$change" "$source/$file"
	if cmp -s "$file" "$source/$file"; then
		verdict="NOTHING TO BREAK in $file"
	elif ! cmake --build "$build" --target "$test" >"$build/log" 2>&1; then
		verdict="DOES NOT BUILD"
	elif (cd "$source" && ulimit -v 4000000 && timeout 300 "$build/testbench/$test") \
		>"$build/log" 2>&1; then # what is broken may take all memory, too
		verdict="NOT FOUND by $test"
	else
		seed=$(grep -a -o -m 1 -E 'VFSIM_SEEDS=[0-9]+|, seed [0-9]+' "$build/log" || true)
		verdict="found by $test${seed:+, seed ${seed//[!0-9]/}}"
		found=$((found + 1))
	fi
	printf '%-55s %s\n' "$what" "$verdict"
	install "$file" "$source/$file"
done <testbench/mutants.txt
echo "$found of $all breakages found"
[ "$found" = "$all" ]
