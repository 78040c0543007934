/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random worlds, random requests: an SMMU that has nothing cached does one of the
 * things that the reference permits one without caches, to the bit of the event
 * record and of the descriptors that it leaves behind.
 */
#include "testbench/support/smmu_model.hpp"
#include "testbench/support/smmu_world.hpp"

#include <gtest/gtest.h>

#include <cinttypes>
#include <cstdio>
#include <map>
#include <stdexcept>

class SmmuReference : public ::testing::Test
{
protected:
	/* False: they differ, or the reference has no answer. */
	void Compare(SmmuWorld &world, SmmuModel &model, const ref::Registers &registers)
	{
		const ref::Request request = world.Ask();
		std::vector<ref::Outcome> allowed;

		try {
			allowed = ref::Walker(world.memory, registers).Allowed(request);
		} catch (const std::logic_error &) {
			unanswered++;
			return;
		}
		const Answer answer = model.Do(request);
		seen[allowed[0].recorded ? allowed[0].event.Number()
					 : 0x100 + static_cast<int>(allowed[0].verdict)]++;
		updates += !answer.changes.empty();
		requests++;
		ASSERT_TRUE(answer.IsOneOf(allowed))
			<< world.Text() << "\n"
			<< RequestText(request) << "\nmodel: " << answer.Text() << "\nreference:\n"
			<< ref::Text(allowed) << AccessesText(allowed[0]);
		std::string why;
		ASSERT_TRUE(answer.FetchesAreOf(allowed, &why))
			<< world.Text() << "\n"
			<< RequestText(request) << "\n"
			<< why << "\nreference:\n"
			<< ref::Text(allowed) << AccessesText(allowed[0]);
		fetches += answer.fetches.size();
	}

	void World(uint64_t seed, bool ats)
	{
		SmmuWorld world(seed, seed % 2, ats);

		world.memory.words = seed % 4 == 0;
		for (int models = 0; models < 2; models++) {
			SmmuModel model(&world.sim, world.memory, world.cfg);
			model.at_once = models;
			model.BringUp(world.registers);
			const ref::Registers registers = model.ReadRegisters();
			for (int i = 0; i < 12 && !HasFatalFailure(); i++) {
				Compare(world, model, registers);
				model.InvalidateEverything();
			}
			at_once += model.gone_at_once;
		}
	}

	void Worlds(uint64_t fixed, bool ats)
	{
		EachSeed(fixed, [&](uint64_t seed) { World(seed, ats); });
		printf("%" PRIu64 " requests, %" PRIu64 " with updates, %" PRIu64
		       " not answered, %" PRIu64 " accesses of the SMMU, %" PRIu64
		       " within the call\n",
		       requests, updates, unanswered, fetches, at_once);
		for (const auto &[what, count] : seen)
			printf("  %s%#x: %" PRIu64 "\n",
			       what < 0x100 ? ref::EventName(what) : "verdict ", what, count);
	}

	uint64_t requests = 0, unanswered = 0, updates = 0, fetches = 0, at_once = 0;
	std::map<int, uint64_t> seen;
};

TEST_F(SmmuReference, AgreesWithoutCaches)
{
	Worlds(8000, false);
}

TEST_F(SmmuReference, AgreesOnTranslationRequestsWithoutCaches)
{
	Worlds(4000, true);
}
