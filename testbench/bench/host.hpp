// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "base/actor.h"
#include "system/machine.h"
#include "system/wire/far_end.h"
#include "uapi/smmu-driver/smmu_driver.h"

// A booted host of a scenario file under testbench/bench, and an actor to do things on.
class BenchHost
{
public:
	explicit BenchHost(const char *scenario, const struct engine_ops *engine = &engine_native,
			   const std::vector<const char *> &sets = {});
	~BenchHost();
	BenchHost(const BenchHost &) = delete;

	// Run `work` on an actor to its end.
	void Do(const std::function<void(struct actor *)> &work);

	struct sim sim;
	struct scenario_file file;
	struct wire_backend *far_end; // of the wire; nullptr: nobody
	struct machine *machine;
	struct host *host;
};
