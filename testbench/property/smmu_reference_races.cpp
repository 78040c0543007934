/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Software changes descriptors while walks and hardware updates are under way (IHI
 * 0070, 3.13). The reference is asked at each value that memory has in the
 * meantime: every update of the SMMU must be one that it may make at that value,
 * and every request must end as it may with one of them, its updates made.
 */
#include "testbench/support/smmu_model.hpp"
#include "testbench/support/smmu_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <stdexcept>

static bool Same(const ref::Update &update, const WorldMemory::Change &change)
{
	return update.address == change.address && update.before == change.before &&
	       update.after == change.after;
}

/* Access flag and dirty state may be written one after the other. */
static bool IsPart(const WorldMemory::Change &change, const ref::Update &update)
{
	return update.address == change.address && update.before == change.before &&
	       !((change.before ^ change.after) & ~(update.before ^ update.after));
}

class SmmuReferenceRaces : public ::testing::Test
{
protected:
	/* What all requests under way may do with memory as it is. */
	void Look()
	{
		for (std::size_t i = 0; i < model->flights.size(); i++) {
			if (model->flights[i].done)
				continue;
			for (const ref::Outcome &outcome :
			     reference->Permitted(model->flights[i].what)) {
				const auto same = [&](const ref::Outcome &other) {
					return outcome.SameAs(other);
				};
				if (std::none_of(allowed[i].begin(), allowed[i].end(), same))
					allowed[i].push_back(outcome);
			}
		}
	}

	bool MayUpdate(const WorldMemory::Change &change) const
	{
		for (const auto &outcomes : allowed)
			for (const ref::Outcome &outcome : outcomes)
				for (const ref::Update &update : outcome.updates)
					if (IsPart(change, update))
						return true;
		return false;
	}

	void Send()
	{
		ref::Request request = world->chance.OneIn(4) ? world->Ask() : target;

		request.write = world->chance.Below(3) != 0;
		request.address ^= world->chance.Below(64);
		allowed.emplace_back();
		model->Send(request);
		requests++;
		Look();
	}

	/* A request that gets through, or changes something, most of the time. */
	ref::Request Translated()
	{
		ref::Request request = world->Ask();

		for (int attempt = 0; attempt < 12; attempt++) {
			const ref::Outcome outcome = reference->Permitted(request)[0];
			if (outcome.verdict == ref::Verdict::kPassed || !outcome.updates.empty())
				break;
			request = world->Ask();
		}
		return request;
	}

	/* By compare-and-swap, as software that shares tables with hardware does it. */
	void ChangeLeaf()
	{
		const WorldPlace &place = world->chance.Coin() ? Used() : world->SomeLeaf();

		world->Store(place, world->OtherLeaf(place));
		changes++;
		Look();
	}

	/* A structure, a table's descriptor or a leaf; with the command that covers it, or without.
	 */
	void ChangeAny()
	{
		const ref::Words<2> covers = world->Change();

		changes++;
		Look();
		if (world->chance.Coin()) {
			reference->Command(covers.word);
			model->Push(covers);
		}
	}

	/* A leaf that a request under way came by. */
	const WorldPlace &Used()
	{
		for (int attempt = 0; attempt < 50; attempt++) {
			const WorldPlace &place = world->SomeLeaf();
			for (const auto &outcomes : allowed)
				for (const ref::Access &access : outcomes[0].accesses)
					if (access.address == place.physical)
						return place;
		}
		return world->SomeLeaf();
	}

	void Invalidate()
	{
		const ref::Words<2> command = world->SomeCommand();

		reference->Command(command.word);
		model->Push(command);
	}

	void CheckUpdates()
	{
		for (; seen < world->memory.changes.size(); seen++) {
			const WorldMemory::Change &change = world->memory.changes[seen];
			updates++;
			ASSERT_TRUE(MayUpdate(change))
				<< std::hex << "[" << change.address << "] " << change.before
				<< " -> " << change.after << "\n"
				<< Text();
		}
	}

	/* Updates that the SMMU made by now, and what may follow them. */
	void Follow()
	{
		if (seen == world->memory.changes.size())
			return;
		CheckUpdates();
		if (!HasFatalFailure())
			Look();
	}

	void Fly()
	{
		while (!HasFatalFailure() && model->Step()) {
			Follow();
			switch (world->chance.Below(24)) {
			case 0:
			case 1:
				ChangeLeaf();
				break;
			case 4:
				if (world->chance.OneIn(3))
					ChangeAny();
				break;
			case 2:
				if (model->flights.size() < 4)
					Send();
				break;
			case 3:
				if (world->chance.OneIn(4))
					Invalidate();
				break;
			}
			Follow(); /* a write of a register lets time pass too */
		}
	}

	bool Made(const ref::Outcome &outcome) const
	{
		const auto &made = world->memory.changes;
		const auto is_made = [&](const ref::Update &update) {
			return std::any_of(made.begin(), made.end(),
					   [&](const WorldMemory::Change &change) {
						   return Same(update, change);
					   });
		};

		return std::all_of(outcome.updates.begin(), outcome.updates.end(), is_made) &&
		       std::all_of(outcome.relied.begin(), outcome.relied.end(), is_made);
	}

	/* Give the records to the requests from `i` on, one each where there must be one. */
	bool Explained(std::size_t i, std::vector<std::array<uint64_t, 4>> records) const
	{
		if (i == model->flights.size())
			return records.empty();
		Answer answer = AnswerOf(model->flights[i]);
		for (const ref::Outcome &outcome : allowed[i]) {
			if (!Made(outcome))
				continue;
			answer.records.clear();
			if (!outcome.recorded) {
				if (answer.Agrees(outcome) && Explained(i + 1, records))
					return true;
				continue;
			}
			for (std::size_t n = 0; n < records.size(); n++) {
				auto others = records;
				answer.records = {records[n]};
				others.erase(others.begin() + (long)n);
				if (answer.Agrees(outcome) && Explained(i + 1, others))
					return true;
			}
		}
		return false;
	}

	std::string Text() const
	{
		std::string text = world->Text() + "\n";

		for (std::size_t i = 0; i < model->flights.size(); i++)
			text += RequestText(model->flights[i].what) +
				"\nmodel: " + AnswerOf(model->flights[i]).Text() +
				"\nreference:\n" + ref::Text(allowed[i]) +
				AccessesText(allowed[i][0]);
		return text;
	}

	void Round()
	{
		world->memory.changes.clear();
		model->flights.clear();
		allowed.clear();
		seen = 0;
		try {
			target = Translated();
			Send();
			Fly();
		} catch (const std::exception &) {
			unanswered++;
			model->RunDry();
			model->TakeRecords();
			return;
		}
		if (HasFatalFailure())
			return;
		Answer all;
		all.records = model->TakeRecords();
		ASSERT_TRUE(Explained(0, all.records)) << "records: " << all.Text() << "\n"
						       << Text();
	}

	void World(uint64_t seed, bool ats)
	{
		SmmuWorld here(seed, true, ats);
		if (here.cfg.stall_model != SMMU_STALL_NEVER)
			return;
		SmmuModel there(&here.sim, here.memory, here.cfg);
		there.BringUp(here.registers);
		ref::Smmu known(here.memory, there.ReadRegisters());
		world = &here;
		model = &there;
		/* cppcheck-suppress danglingLifetime ; until the end of this function */
		reference = &known;
		known.most_ways = 2000;
		for (int i = 0; i < 12 && !HasFatalFailure(); i++) {
			Round();
			there.InvalidateEverything();
			known = ref::Smmu(here.memory, known.registers);
			known.most_ways = 2000;
		}
		world = nullptr;
		model = nullptr;
		reference = nullptr;
	}

	void Worlds(uint64_t fixed, bool ats)
	{
		EachSeed(fixed, [&](uint64_t seed) { World(seed, ats); });
		printf("%" PRIu64 " requests, %" PRIu64 " changes meanwhile, %" PRIu64
		       " hardware updates, %" PRIu64 " rounds not answered\n",
		       requests, changes, updates, unanswered);
	}

	SmmuWorld *world = nullptr;
	SmmuModel *model = nullptr;
	ref::Smmu *reference = nullptr;
	ref::Request target;
	std::vector<std::vector<ref::Outcome>> allowed;
	std::size_t seen = 0;
	uint64_t requests = 0, changes = 0, updates = 0, unanswered = 0;
};

TEST_F(SmmuReferenceRaces, EndAsOneInterleavingDoes)
{
	Worlds(2000, false);
}

TEST_F(SmmuReferenceRaces, TranslationRequestsEndAsOneInterleavingDoes)
{
	Worlds(1000, true);
}
