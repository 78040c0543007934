#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Install what tools/packages.txt, or the list given, names and the machine lacks. Does nothing, and
# needs nobody's rights, when all of it is there.
set -eu
cd "$(dirname "$0")/.."

missing=
for package in $(sed 's/#.*//' "${1:-tools/packages.txt}"); do
	case $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || :) in
	installed) ;;
	*) missing="$missing $package" ;;
	esac
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null || ! { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
		echo "setup: these packages are missing, and installing them takes root:$missing" >&2
		echo "setup: as root: apt-get install --no-install-recommends$missing" >&2
		exit 1
	fi
	as_root=sudo
fi

apt() {
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y "$@"
}

echo "setup: installing$missing"
# The lists may be absent or older than the mirror: if a download fails, refresh them once.
# shellcheck disable=SC2086
apt install --no-install-recommends --download-only $missing >/dev/null 2>&1 || apt update
# shellcheck disable=SC2086
apt install --no-install-recommends $missing >/dev/null
