# SPDX-License-Identifier: Apache-2.0
# Sourced. An apt of our own: the machine's mirror, signatures and hashes, with lists of its own
# under a folder, so the machine's configuration stays as it is and no root is needed.
#
#   own_apt_begin DIR ARCH SUITE...    reads the lists, once in a DIR
#   own_apt TOOL ARGUMENT...           apt-get, apt-cache

# own_apt_mirror SUITE: where the machine's own main archive comes from
own_apt_mirror() {
	# The variables are apt's own.
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
		awk -v own="$1" '
			$1 == own || $1 ~ /^(old)*stable$/ { if ($2 == "main") { print $3; exit } }'
}

own_apt() {
	own_apt_tool=$1
	shift
	"$own_apt_tool" -qq -o Dir::State::lists="$own_apt_dir/lists" -o Dir::Cache="$own_apt_dir" \
		-o Dir::State::status="$own_apt_dir/status" -o Debug::NoLocking=1 \
		-o APT::Architecture="$own_apt_arch" -o APT::Architectures="$own_apt_arch" \
		-o Dir::Etc::sourcelist="$own_apt_dir/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
		-o Acquire::Languages=none -o APT::Sandbox::User=root "$@"
}

own_apt_begin() {
	own_apt_dir=$1
	own_apt_arch=$2
	shift 2
	mkdir -p "$own_apt_dir/lists/partial" "$own_apt_dir/archives/partial"
	own_apt_dir=$(cd "$own_apt_dir" && pwd)
	[ -e "$own_apt_dir/update.log" ] && return
	# As of a machine on which nothing is installed.
	: >"$own_apt_dir/status"

	own_apt_uri=$(. /etc/os-release && own_apt_mirror "$VERSION_CODENAME")
	[ -n "$own_apt_uri" ] || { echo "own-apt: apt knows no Debian mirror" >&2; return 1; }
	for own_apt_suite; do
		echo "deb $own_apt_uri $own_apt_suite main"
	done >"$own_apt_dir/sources.list"
	# A mirror need not carry every suite; what it carries is enough.
	own_apt apt-get update >"$own_apt_dir/update.log" 2>&1 || :
}
