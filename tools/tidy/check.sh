#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The house rules that a compiler or a checker knows better than a text search.
#
#   check.sh format ROOT               clang-format has nothing to change
#   check.sh cppcheck ROOT             cppcheck has nothing to say
#   check.sh headers ROOT UAPI         every .h of a module compiles alone and twice over, as C, as C++
#   check.sh globals ARCHIVE...        no object file holds writable data
set -u -o pipefail

# files PATTERN...: of the tree, NUL-terminated
files() {
	local args=()
	for pattern in "$@"; do
		args+=(-o -name "$pattern")
	done
	find . \( -name 'build*' -o -name .git \) -prune -o \
		-type f \( "${args[@]:1}" \) -print0 | sort -z
}

check_format() {
	cd "$1" && files '*.c' '*.h' '*.cpp' '*.hpp' |
		xargs -0r -P"$(nproc)" -n 20 clang-format --style=file --dry-run -Werror
}

check_cppcheck() {
	cd "$1" && files '*.c' '*.cpp' | tr '\0' '\n' |
		cppcheck --file-list=- -j"$(nproc)" --quiet --error-exitcode=1 -I. \
			--enable=warning,performance,portability --inline-suppr --library=googletest \
			--suppressions-list=tools/tidy/cppcheck.txt
}

check_headers() {
	export flags="-fsyntax-only -Wall -Wextra -Werror -Wno-unused-parameter -D_GNU_SOURCE -I."
	flags+=" -isystem $2"
	cd "$1" && files '*.h' | grep -zv -e '^./systemc/' -e '^./tools/' -e '^./testbench/' |
		xargs -0r -P"$(nproc)" -n 1 bash -c '
			twice="#include \"${0#./}\""$'\''\n'\''"#include \"${0#./}\""
			cc $flags -std=c11 -x c - <<<"$twice" &&
				c++ $flags -std=c++17 -x c++ - <<<"$twice"'
}

check_globals() {
	objdump -t "$@" | awk '
		/file format/ { object = $1 }
		/ O [.](data|bss|tdata|tbss)/ && !/[.]data[.]rel[.]ro/ && $NF !~ /^DW[.]ref[.]/ {
			print object " " $NF ": writable data"
			bad = 1
		}
		END { exit bad }'
}

check_"$@"
