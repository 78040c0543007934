#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run the benchmarks of a build directory.
set -eu
exec "$1"/testbench/bench_vfsim
