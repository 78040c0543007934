#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The house rules that a compiler or a checker knows better than a text search.
#
#   check.sh format ROOT               clang-format has nothing to change
#   check.sh cppcheck ROOT             cppcheck has nothing to say
#   check.sh headers ROOT UAPI         every .h of a module compiles alone and twice over, as C, as C++
#   check.sh globals ARCHIVE...        no object file holds writable data
#   check.sh quoted ROOT               the tests and their files that the tables of SMMU, PCIe, NIC, mailbox and co-simulation name exist;
#                                      each event record and command of the SMMU, each opcode and code of the mailbox
#                                      has one there
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
	cd "$1" && files '*.h' | grep -zv -e '^./systemc/' -e '^./tools/' -e '^./testbench/' -e '^./cosim/kernel/' |
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

# A test is quoted as `Suite.Name`, `Name` or `Suite`; what three dots end begins like that. Files of tests
# and scenarios (`nic/x`) that are quoted are there, too.
check_quoted() {
	cd "$1" || return
	awk '
		FILENAME == "-" && /[.](cpp|hpp|yaml)$/ {
			file[$0] = 1
			next
		}
		FILENAME == "-" {
			split($0, part, ".")
			suite[part[1]] = name[part[2]] = full[$0] = 1
			next
		}
		FILENAME ~ /_format[.]h$/ {
			if (/^enum/) wanted = /^enum (event_number|cmd_opcode) /
			if (/^}/) wanted = 0
			if (wanted && match($0, /[A-Z0-9_]+ = 0x[0-9a-f]+/)) {
				split(substr($0, RSTART, RLENGTH), part, " = ")
				number[part[1] " " part[2]] = 1
			}
			if (match($0, /^#define (VIRTCHNL_OP|AQC|AQ_RC)_[A-Z0-9_]+/)) {
				text = substr($0, 9, RLENGTH - 8)
				if (text !~ /_OP_(OWN|LAST)$/)
					opcode[text] = 1
			}
			next
		}
		function begins(text, all,    one) {
			for (one in all)
				if (index(one, text) == 1)
					return 1
			return 0
		}
		function exists(text, cut) {
			if (cut)
				return begins(text, full) || begins(text, name)
			return text in full || text in name || text in suite
		}
		{
			row = $0
			tests = 0
			while (match($0, /`[^`]+`/)) {
				text = substr($0, RSTART + 1, RLENGTH - 2)
				$0 = substr($0, RSTART + RLENGTH)
				base = text
				sub(/.*\//, "", base)
				if (text ~ /^(nic|smmu)\/[a-z0-9-]+$/)
					base = base ".yaml"
				if (base ~ /^[a-z0-9_-]+[.](cpp|hpp|yaml)$/ && !(base in file)) {
					print FILENAME ":" FNR ": no file is called " base
					bad = 1
				}
				cut = sub(/(…|[.][.][.])$/, "", text)
				if (text !~ /^([A-Z][A-Za-z0-9]*[.])?[A-Z][A-Za-z0-9]*$/ || text !~ /[a-z]/)
					continue
				if (exists(text, cut)) {
					tests++
				} else {
					print FILENAME ":" FNR ": no test is called " text
					bad = 1
				}
			}
			split(row, cell, "|")
			for (one in number)
				if (index(cell[2], one) && (tests || row ~ /cannot occur/))
					delete number[one]
			# What the opcodes of a table begin with is in its head.
			if (match(cell[2], /`[A-Z_]+_`/))
				head = substr(cell[2], RSTART + 1, RLENGTH - 2)
			for (n = split(cell[2], part, /[ ,]+/); tests && n; n--)
				delete opcode[head part[n]]
		}
		END {
			for (one in opcode) {
				print "docs/mailbox.md: no row names a test of " one
				bad = 1
			}
			for (one in number) {
				print "docs/smmu*.md: no row names a test of " one
				bad = 1
			}
			exit bad
		}' - iommu/smmu_format.h pf-firmware/*_format.h model/nic/avf_format.h \
		docs/smmu*.md docs/pcie.md docs/nic.md docs/mailbox.md docs/cosimulation.md < <(
		files '*.cpp' '*.hpp' '*.yaml' | xargs -0rn1 basename
		files '*.cpp' | xargs -0r cat | tr -s '[:space:]' ' ' |
			grep -oE '\<TEST(_F|_P)?\( ?\w+, ?\w+ ?\)' |
			sed -E 's/.*\( ?(\w+), ?(\w+) ?\)/\1.\2/')
}

check_"$@"
