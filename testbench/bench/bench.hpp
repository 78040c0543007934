// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <benchmark/benchmark.h>

// What a benchmark measured, if it is not the time of an iteration.
void BenchValue(benchmark::State &state, double value, const char *unit);

// What it shall be.
void BenchAtMost(benchmark::State &state, double target);
void BenchAtLeast(benchmark::State &state, double target);
