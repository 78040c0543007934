// SPDX-License-Identifier: Apache-2.0
#include "testbench/bench/host.hpp"

#include <cstdlib>
#include <string>

BenchHost::BenchHost(const char *scenario, const struct engine_ops *engine,
		     const std::vector<const char *> &sets)
{
	std::string path = std::string(VFSIM_SOURCE_DIR "/testbench/bench/") + scenario;
	struct config_errors errors;
	struct machine_options options = {};
	char error[FAR_END_ERROR];

	if (sim_init(&sim, 1, nullptr) ||
	    scenario_load(path.c_str(), sets.data(), sets.size(), &file, &errors))
		abort();
	sim.untimed = engine->untimed;
	if (far_end_create(file.cfg, &sim, &far_end, error))
		abort();
	options.far_end = far_end;
	machine = machine_create(&file.cfg->machine, &sim, engine, &options);
	host = &machine->host[0];
	Do([this](struct actor *self) {
		if (host_boot(host, self, nullptr))
			abort();
	});
}

BenchHost::~BenchHost()
{
	Do([this](struct actor *self) { host_shutdown(host, self); });
	if (far_end)
		wire_backend_close(far_end);
	machine_destroy(machine);
	wire_backend_destroy(far_end);
	scenario_release(&file);
	sim_fini(&sim);
}

namespace
{
struct Job {
	const std::function<void(struct actor *)> *work;
	bool done;
};

void Body(struct actor *self, void *arg)
{
	Job *job = static_cast<Job *>(arg);

	(*job->work)(self);
	job->done = true;
}
} // namespace

void BenchHost::Do(const std::function<void(struct actor *)> &work)
{
	Job job = {&work, false};
	struct actor *actor = actor_start(&sim, "bench", Body, &job);

	sim_run(&sim, TIME_NEVER, &job.done);
	actor_forget(actor);
}
