/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random worlds in which software changes structures and tables, invalidates more
 * or less of what it changed, and waits or does not: whatever the SMMU has cached,
 * what it answers is something that one with caches may know (IHI 0070, 3.17,
 * 4.3, 4.4 and 16.2), and after an invalidation and CMD_SYNC the old is gone.
 */
#include "testbench/support/smmu_model.hpp"
#include "testbench/support/smmu_world.hpp"

#include <gtest/gtest.h>

#include <cinttypes>
#include <cstdio>
#include <stdexcept>

class SmmuReferenceCaches : public ::testing::Test
{
protected:
	void Command(const ref::Words<2> &command)
	{
		const ref::Legality expected = reference->Command(command.word);
		const bool legal = model->Command(command);

		ASSERT_EQ(legal, expected == ref::Legality::kLegal)
			<< std::hex << command.word[0] << " " << command.word[1];
	}

	void InvalidateEverything()
	{
		Command(ref::MakeCommand(ref::kCMD_CFGI_STE_RANGE).Set(ref::command::kRange, 31));
		Command(ref::MakeCommand(ref::kCMD_TLBI_NSNH_ALL));
		if (world->cfg.hyp)
			Command(ref::MakeCommand(ref::kCMD_TLBI_EL2_ALL));
		Command(ref::MakeCommand(ref::kCMD_SYNC));
	}

	/* One like before, at the same page; now and then at another one of the same block. */
	ref::Request Again()
	{
		ref::Request request = world->chance.Any(asked);

		request.address ^= world->chance.Below(4096);
		if (world->chance.OneIn(6))
			request.address ^= world->chance.Below(64) << 12;
		if (world->chance.OneIn(4))
			request.write = !request.write;
		return request;
	}

	/* Those that get through leave most behind in caches: they are asked again. */
	void Remember(const ref::Request &request, const Answer &answer)
	{
		if (answer.verdict == ref::Verdict::kPassed ||
		    answer.verdict == ref::Verdict::kCompletion || world->chance.OneIn(12))
			asked[world->chance.Below(asked.size())] = request;
	}

	void Request()
	{
		Request(world->chance.OneIn(3) ? world->Ask() : Again());
	}

	void Request(const ref::Request &request)
	{
		std::vector<ref::Outcome> permitted;

		try {
			permitted = reference->Permitted(request);
		} catch (const std::exception &) {
			unanswered++;
			InvalidateEverything();
			return;
		}
		const uint64_t hits = model->Stats().tlb_hits;
		const Answer answer = model->Do(request);
		requests++;
		several += permitted.size() > 1;
		stale += !answer.IsOneOf({permitted[0]});
		tlb_hits += model->Stats().tlb_hits - hits;
		Remember(request, answer);
		ASSERT_TRUE(answer.IsOneOf(permitted))
			<< world->Text() << "\n"
			<< RequestText(request) << "\nmodel: " << answer.Text() << "\nreference:\n"
			<< ref::Text(permitted) << AccessesText(permitted[0]);
	}

	/* Use it, take it away, use it again: as software should, and as it should not. */
	void Replace()
	{
		const ref::Request request = Again();

		Request(request);
		const ref::Words<2> covers = world->ChangeLeafOf(request.address);
		Command(covers);
		if (world->chance.OneIn(3))
			Command(world->SomeCommand());
		Command(ref::MakeCommand(ref::kCMD_SYNC));
		Request(request);
	}

	void Step()
	{
		switch (world->chance.Below(12)) {
		case 0:
		case 1: {
			const ref::Words<2> covers = world->Change();
			if (world->chance.Coin())
				Command(covers);
			break;
		}
		case 2:
			Command(world->SomeCommand());
			break;
		case 3:
			Command(ref::MakeCommand(ref::kCMD_SYNC));
			break;
		case 4:
		case 5:
			Replace();
			break;
		default:
			Request();
		}
	}

	void World(uint64_t seed, bool ats)
	{
		SmmuWorld here(seed, seed % 2, ats);
		here.memory.words = seed % 8 == 0;
		SmmuModel there(&here.sim, here.memory, here.cfg);
		there.at_once = seed % 4 == 0;
		there.BringUp(here.registers);
		ref::Smmu known(here.memory, there.ReadRegisters());
		world = &here;
		model = &there;
		/* cppcheck-suppress danglingLifetime ; until the end of this function */
		reference = &known;
		known.most_ways = 2000;
		asked = {here.Ask(), here.Ask(), here.Ask(), here.Ask()};
		for (int i = 0; i < 60 && !HasFatalFailure(); i++) {
			Step();
			if (i % 20 == 19)
				InvalidateEverything();
		}
	}

	void Worlds(uint64_t fixed, bool ats)
	{
		EachSeed(fixed, [&](uint64_t seed) { World(seed, ats); });
		printf("%" PRIu64 " requests, %" PRIu64 " TLB hits, %" PRIu64
		       " with several answers, %" PRIu64 " answered from a cache's past, %" PRIu64
		       " not answered\n",
		       requests, tlb_hits, several, stale, unanswered);
	}

	SmmuWorld *world = nullptr;
	SmmuModel *model = nullptr;
	ref::Smmu *reference = nullptr;
	std::vector<ref::Request> asked;
	uint64_t requests = 0, unanswered = 0, several = 0, stale = 0, tlb_hits = 0;
};

TEST_F(SmmuReferenceCaches, AnswerWhatTheyMayKnow)
{
	Worlds(6000, false);
}

TEST_F(SmmuReferenceCaches, AnswerTranslationRequestsWithWhatTheyMayKnow)
{
	Worlds(4000, true);
}
