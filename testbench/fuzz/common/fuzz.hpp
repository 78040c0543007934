/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_FUZZ_H
#define VFSIM_TESTBENCH_FUZZ_H

/*
 * What the fuzz targets share. A target gives a reader a file of any bytes: it
 * is taken, or refused in words that name the file and the line. Anything else,
 * a crash, a leak, a hang, an assertion of ours, is a finding.
 */

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/sim.h"
#include "system/config/config.h"

/* Write FOLDER/NAME, in a folder of this process that goes at its end. Returns the path. */
std::string fuzz_file(const std::string &name, const std::string &content);
std::string fuzz_text(const uint8_t *data, size_t size);

/* End with a finding. */
[[noreturn]] void fuzz_finding(const std::string &what, const std::string &text);

/* `text` refuses a file: each line says FILE:LINE: and something, or --set X: and something. */
void fuzz_refusal(const std::string &text);

/* The same of a loader's result and `errors`. */
void fuzz_loaded(int result, const struct config_errors &errors);

/* Lines "#--set PATH=VALUE" of a file, which is how a corpus gives options. */
std::vector<std::string> fuzz_sets(const std::string &content);

using fuzz_loader = int (*)(const char *path, const char *const *sets, uint32_t sets_count,
			    struct scenario_file *file, struct config_errors *errors);
/* Load the file at `path` with those sets, and let it go again. */
void fuzz_load(fuzz_loader load, const std::string &path, const std::vector<std::string> &sets);

/* Hooks of a run: an internal error is a finding. */
struct sim_hooks fuzz_hooks();

#endif
