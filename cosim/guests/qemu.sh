#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Start the QEMU that cosim/setup.sh unpacked, with its own libraries beside it: neither root nor a
# change of root is needed, and paths mean what they mean elsewhere.
#
#   cosim/guests/qemu.sh DIR ARCH OPTION...     ARCH: x86_64 or arm64
set -eu
root=$1/root
case $2 in
arm64) name=qemu-system-aarch64 ;;
*) name=qemu-system-$2 ;;
esac
shift 2
lib=$root/usr/lib/x86_64-linux-gnu
QEMU_MODULE_DIR=$lib/qemu exec "$root/usr/lib64/ld-linux-x86-64.so.2" --library-path "$lib" \
	"$root/usr/bin/$name" -L "$root/usr/share/qemu" -L "$root/usr/share/seabios" "$@"
