/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/unit/iommu/stall_bench.hpp"

#include <map>
#include <random>
#include <set>

/*
 * Many stalled transactions race with everything that software can do about
 * them, at times that a seed chooses. What must hold: each request is answered
 * once, no CMD_SYNC hangs, a STAG stands for one record, no more records than
 * IDR5.STALL_MAX stand unanswered, and nothing goes where a completed
 * invalidation has forbidden it.
 */
class SmmuStallRace : public SmmuStall, public ::testing::WithParamInterface<unsigned>
{
protected:
	static constexpr unsigned PAGES = 6;

	struct Page {
		uint64_t now = 0; /* where it is mapped; 0: nowhere */
		std::multimap<uint64_t, uint64_t>
			before; /* number of the SYNC that ends it: where */
	};

	void SetUp() override
	{
		random.seed(GetParam());
		cfg.stall_suppress = GetParam() & 1;
		sim.untimed = GetParam() & 2;
		cfg.s2 = cfg.xnx = cfg.vmid16 = true;
		nested = GetParam() & 4;
		cfg.stall_max = 4;
		cfg.max_transactions = 16;
		evtq_log2 = 2;
		start(CD0_A | CD0_R | CD0_S | CD0_HA | CD0_HD);
		if (nested)
			nest();
		set_reg(SMMU_GBPA, GBPA_UPDATE | GBPA_ABORT);
		for (uint64_t &frame : frames)
			frame = memory->allocate();
		trace.clear();
	}

	/* Stage 2 maps all of memory to itself, and stalls what it does not map. */
	void nest()
	{
		TableBuilder stage2(*memory, 20);

		for (uint64_t ipa = 0; ipa < SIZE; ipa += 2 << 20)
			memory->write64(stage2.descriptor(ipa, 2),
					TTD_VALID | TTD_AF | TTD_S2_MEMATTR | TTD_S2AP_READ |
						TTD_S2AP_WRITE | ipa);
		for (uint32_t stream : {STREAM, OTHER}) {
			uint64_t ste = ste_address(stream);

			memory->write64(ste, memory->read64(ste) |
						     field_put(STE0_CONFIG, STE0_CONFIG_S1_S2));
			memory->write64(ste + 16, field_put(STE2_S2T0SZ, 20) |
							  field_put(STE2_S2SL0, 2) | STE2_S2AA64 |
							  field_put(STE2_S2PS, IDR5_OAS_44) |
							  STE2_S2R | STE2_S2S);
			memory->write64(ste + 24, stage2.root);
		}
	}

	unsigned pick(unsigned count)
	{
		return std::uniform_int_distribution<unsigned>(0, count - 1)(random);
	}

	static uint64_t address_of(unsigned page)
	{
		return 0x10000 + ((uint64_t)page << 12);
	}

	void send_any()
	{
		enum bus_op op = pick(2) ? BUS_READ : BUS_WRITE;
		uint32_t stream = pick(3) ? STREAM : OTHER;
		uint64_t address = address_of(pick(PAGES)) + 8 * pick(100);

		if (pick(4))
			send_stalling(op, address, pick(2), stream);
		else
			send(op, address, 8, true, stream);
	}

	/* Every command may be refused for lack of room: then it is not sent. */
	bool has_room(unsigned commands)
	{
		uint64_t used = reg(SMMU_CMDQ_PROD) - (reg(SMMU_CMDQ_CONS) & CMDQ_CONS_RD);

		return (used & (BIT(cmdq_log2 + 1) - 1)) + commands <= BIT(cmdq_log2);
	}

	void change_page()
	{
		unsigned n = pick(PAGES);
		Page &changed = pages[n];

		if (!has_room(2))
			return;
		if (changed.now)
			changed.before.emplace(++syncs_sent, changed.now);
		else
			++syncs_sent;
		if (changed.now || pick(3) == 0) /* break before make */
			changed.now = 0;
		else
			changed.now = frames[pick(4)];
		PageBits bits;
		bits.dbm = pick(2);
		bits.writable = !bits.dbm && pick(4);
		bits.accessed = pick(4);
		if (changed.now)
			table->map(address_of(n), changed.now, bits);
		else
			memory->write64(table->descriptor(address_of(n), 3), 0);
		push(CMD_TLBI_NH_VA | field_put(TLBI0_ASID, 3), address_of(n));
		push_sync();
	}

	void answer_events()
	{
		for (const Record &event : take_events()) {
			uint64_t action = pick(3) ? RESUME0_AC : pick(2) ? RESUME0_AB : 0;

			if (!(event[1] & EVENT1_STALL) || !pick(8) || !has_room(2))
				continue;
			push(CMD_RESUME | (event[0] & EVENT0_STREAMID) | action, stag(event));
			if (!pick(6)) /* twice */
				push(CMD_RESUME | (event[0] & EVENT0_STREAMID) | RESUME0_AB,
				     stag(event));
		}
	}

	void invalidate_configuration()
	{
		uint64_t extra = CD0_A | CD0_R | CD0_HA | CD0_HD | (pick(4) ? CD0_S : 0);

		if (!has_room(2))
			return;
		memory->write64(cd, cd_word0(*table, 3, extra));
		push(pick(2) ? CMD_CFGI_CD_ALL | (uint64_t)STREAM << 32
			     : CMD_CFGI_STE | (uint64_t)STREAM << 32);
		push_sync();
		syncs_sent++;
	}

	void terminate_some()
	{
		if (has_room(1))
			push(CMD_STALL_TERM | (uint64_t)(pick(2) ? STREAM : OTHER) << 32);
	}

	void switch_enable(uint32_t bit)
	{
		const uint32_t all = CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN;

		set_reg(SMMU_CR0, all & ~bit);
		while (reg(SMMU_CR0ACK) != (all & ~bit) && calendar_step(&sim.calendar))
			;
		ASSERT_EQ(reg(SMMU_CR0ACK), all & ~bit);
		check();
		if (bit == CR0_SMMUEN)
			standing.clear();
		for (unsigned i = pick(4); i--;)
			send_any();
		run_until(now() + pick(1000) * PS_PER_NS);
		enable(all);
	}

	void step()
	{
		unsigned what = pick(40);

		if (what < 16)
			send_any();
		else if (what < 22)
			change_page();
		else if (what < 28)
			answer_events();
		else if (what < 30)
			invalidate_configuration();
		else if (what == 30)
			terminate_some();
		else if (what == 31)
			switch_enable(CR0_SMMUEN);
		else if (what == 32)
			switch_enable(CR0_EVENTQEN);
		else
			run_until(now() + pick(600) * PS_PER_NS);
		check();
	}

	void see_event(const Traced &event)
	{
		Record record;

		for (unsigned i = 0; i < EVENT_WORDS; i++)
			record[i] = event.word(i);
		if (!(record[1] & EVENT1_STALL))
			return;
		EXPECT_TRUE(standing.emplace(stag(record), record[0] >> 32).second)
			<< "a STAG that stands for a record already";
		/* One may have been on its way when its stream was terminated. */
		EXPECT_LE(standing.size(), cfg.stall_max + doubtful);
	}

	void see_command(const Traced &event)
	{
		uint32_t stream = (uint32_t)(event.word(0) >> 32);

		if (event.arg[0] == CMD_RESUME) {
			auto found = standing.find(event.word(1));
			if (found != standing.end() && found->second == stream)
				standing.erase(found);
		}
		if (event.arg[0] == CMD_STALL_TERM)
			for (auto i = standing.begin(); i != standing.end();)
				i = i->second == stream ? standing.erase(i) : std::next(i);
		if (event.arg[0] != CMD_SYNC)
			return;
		syncs_seen++;
		for (Page &seen : pages)
			seen.before.erase(seen.before.begin(), seen.before.upper_bound(syncs_seen));
	}

	void see_access(const Traced &event)
	{
		const Page &accessed = pages[(event.arg[2] - address_of(0)) >> 12];
		uint64_t where = event.arg[3] & ~UINT64_C(0xfff);
		bool allowed = accessed.now == where;

		for (auto &old : accessed.before)
			allowed |= old.second == where;
		EXPECT_TRUE(allowed) << std::hex << event.arg[2] << " went to " << where;
	}

	/* Look at what was traced since the last time. */
	void check()
	{
		for (const Traced &event : trace) {
			if (event.kind == TRACE_SMMU_EVENT)
				see_event(event);
			else if (event.kind == TRACE_SMMU_COMMAND)
				see_command(event);
			else if (event.kind == TRACE_DMA_READ || event.kind == TRACE_DMA_WRITE)
				see_access(event);
		}
		trace.clear();
	}

	/* Software that ends everything in the way of 4.7.2. */
	void wind_up()
	{
		for (uint32_t stream : {STREAM, OTHER}) {
			memory->write64(ste_address(stream), STE0_V);
			command(CMD_CFGI_STE | (uint64_t)stream << 32);
		}
		for (int i = 0; i < 100 && !smmu_idle(smmu); i++) {
			run();
			take_events();
			terminate_stream(STREAM);
			terminate_stream(OTHER);
		}
	}

	std::mt19937 random;
	bool nested = false;
	uint64_t frames[4];
	Page pages[PAGES];
	uint64_t syncs_sent = 0, syncs_seen = 0;
	std::map<uint64_t, uint32_t> standing; /* STAG: StreamID */
	size_t doubtful = 2;
};

TEST_P(SmmuStallRace, NothingHangsAndNothingGoesAstray)
{
	for (int i = 0; i < 400 && !HasFailure(); i++)
		step();
	run();
	EXPECT_TRUE(commands_consumed()) << "no CMD_SYNC waits for what is stalled";
	check();
	wind_up();
	EXPECT_TRUE(smmu_idle(smmu));
	for (auto &dma : dmas)
		EXPECT_TRUE(dma->done);
	EXPECT_EQ(stalled(), 0u);
	EXPECT_EQ(reg(SMMU_GERROR), 0u);
	EXPECT_GT(stats().stalls, 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SmmuStallRace, ::testing::Range(0u, 100u));
