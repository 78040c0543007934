// SPDX-License-Identifier: Apache-2.0
#include "testbench/support/on_actor.hpp"

namespace
{
struct Job {
	const std::function<void(struct actor *)> *work;
	bool done;
};

void body(struct actor *self, void *arg)
{
	Job *job = static_cast<Job *>(arg);

	(*job->work)(self);
	job->done = true;
}
} // namespace

bool on_actor(struct sim *sim, const std::function<void(struct actor *)> &work)
{
	Job job = {&work, false};
	struct actor *actor = actor_start(sim, "test", body, &job);

	sim_run(sim, sim_now(sim) + 10 * PS_PER_S, &job.done);
	if (!job.done)
		return false;
	actor_forget(actor);
	return true;
}
