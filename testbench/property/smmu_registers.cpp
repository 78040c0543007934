/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random writes of 4 and 8 bytes all over the SMMU's two register pages, for
 * random features, against a second table of what each bit does (IHI 0070, 6.2
 * and 6.3), which was written without the SMMU's: reserved, read-only, storage,
 * storage that an enable guards, or whatever the hardware put there.
 */
#include "base/rng.h"
#include "testbench/support/smmu_bench.h"

#include <algorithm>

namespace
{

using Cfg = struct smmu_cfg;
using Bits = uint64_t (*)(const Cfg &cfg);

/* What freezes a register: CR0 or IRQ_CTRL bits that are set or still acknowledged. */
struct Guard {
	uint32_t control;
	uint32_t bits;
};

struct Known {
	uint32_t offset, size;
	Bits writable;
	std::vector<Guard> guards = {};
	/* An index that the SMMU moves: its queue's base, and where IDR1 has the largest size. */
	uint32_t queue = 0, idr1_shift = 0;
};

uint64_t range(int high, int low)
{
	return UINT64_MAX >> (63 - high) & UINT64_MAX << low;
}

uint64_t if_has(bool has, uint64_t bits)
{
	return has ? bits : 0;
}

constexpr uint32_t CR0 = 0x20, IRQ = 0x50;

/* Offsets and bits as plain numbers: nothing of the SMMU's headers. */
const std::vector<Known> known = {
	{CR0, 4,
	 [](const Cfg &cfg) {
		 return UINT64_C(0xd) | if_has(cfg.pri, 2) | if_has(cfg.ats, 0x10) |
			if_has(cfg.vmw, 0x1c0);
	 }},
	{0x2c,
	 4,
	 [](const Cfg &cfg) { return UINT64_C(2) | if_has(cfg.hyp, 1) | if_has(cfg.atsrecerr, 8); },
	 {{CR0, 1}}},
	{IRQ, 4,
	 [](const Cfg &cfg) {
		 return UINT64_C(5) | if_has(cfg.pri, 2);
	 }},
	{0x64, 4,
	 [](const Cfg &cfg) {
		 return UINT64_C(0x105) | if_has(cfg.pri, 8) | if_has(cfg.msi, 0xb0) |
			if_has(cfg.msi && cfg.pri, 0x40);
	 }},
	{0x68, 8, [](const Cfg &cfg) { return if_has(cfg.msi, range(55, 2)); }, {{IRQ, 1}}},
	{0x70, 4, [](const Cfg &cfg) { return if_has(cfg.msi, range(31, 0)); }, {{IRQ, 1}}},
	{0x74, 4, [](const Cfg &cfg) { return if_has(cfg.msi, 0x3f); }, {{IRQ, 1}}},
	{0x80, 8, [](const Cfg &) { return range(51, 6) | UINT64_C(1) << 62; }, {{CR0, 1}}},
	{0x88,
	 4,
	 [](const Cfg &cfg) { return UINT64_C(0x3f) | if_has(cfg.two_level_strtab, 0x307c0); },
	 {{CR0, 1}}},
	{0x90, 8, [](const Cfg &) { return range(51, 5) | 0x1f | UINT64_C(1) << 62; }, {{CR0, 8}}},
	{0x98, 4,
	 [](const Cfg &) {
		 return UINT64_C(0xfffff);
	 }},
	{0x9c, 4, [](const Cfg &) { return UINT64_C(0x7f0fffff); }, {{CR0, 8}}, 0x90, 21},
	{0xa0, 8, [](const Cfg &) { return range(51, 5) | 0x1f | UINT64_C(1) << 62; }, {{CR0, 4}}},
	{0xb0, 8, [](const Cfg &cfg) { return if_has(cfg.msi, range(55, 2)); }, {{IRQ, 4}}},
	{0xb8, 4, [](const Cfg &cfg) { return if_has(cfg.msi, range(31, 0)); }, {{IRQ, 4}}},
	{0xbc, 4, [](const Cfg &cfg) { return if_has(cfg.msi, 0x3f); }, {{IRQ, 4}}},
	{0xc0,
	 8,
	 [](const Cfg &cfg) { return if_has(cfg.pri, range(51, 5) | 0x1f | UINT64_C(1) << 62); },
	 {{CR0, 2}}},
	{0xd0,
	 8,
	 [](const Cfg &cfg) { return if_has(cfg.msi && cfg.pri, range(55, 2)); },
	 {{IRQ, 2}}},
	{0xd8,
	 4,
	 [](const Cfg &cfg) { return if_has(cfg.msi && cfg.pri, range(31, 0)); },
	 {{IRQ, 2}}},
	{0xdc,
	 4,
	 [](const Cfg &cfg) {
		 return if_has(cfg.pri, 0x80000000) | if_has(cfg.msi && cfg.pri, 0x3f);
	 },
	 {{IRQ, 2}}},
	{0x100a8, 4, [](const Cfg &) { return UINT64_C(0x800fffff); }, {{CR0, 4}}, 0xa0, 16},
	{0x100ac, 4,
	 [](const Cfg &) {
		 return UINT64_C(0x800fffff);
	 }},
	{0x100c8,
	 4,
	 [](const Cfg &cfg) { return if_has(cfg.pri, 0x800fffff); },
	 {{CR0, 2}},
	 0xc0,
	 11},
	{0x100cc, 4,
	 [](const Cfg &cfg) {
		 return if_has(cfg.pri, 0x800fffff);
	 }},
};

/* Read-only words that may be anything constant; and those that follow others. */
bool is_constant(uint32_t offset)
{
	return offset < 0x20 || (offset >= 0xfd0 && offset <= 0xffc);
}

} // namespace

class SmmuRegisterRules : public SmmuBench
{
protected:
	void choose_features(struct rng *rng)
	{
		auto coin = [&] {
			return rng_below(rng, 2) != 0;
		};

		bool newer = coin();

		cfg.version = newer ? 2 : 1;
		cfg.fwb = cfg.ril = newer;
		cfg.bbml = newer ? 1 : 0;
		cfg.s2 = coin();
		cfg.xnx = cfg.s2;
		cfg.hyp = cfg.s2 && (newer || coin());
		cfg.vmw = cfg.s2 && coin();
		cfg.ats = coin();
		cfg.pri = cfg.ats && coin();
		cfg.atsrecerr = cfg.ats && newer && coin();
		cfg.msi = coin();
		cfg.two_level_strtab = coin();
		cfg.sid_bits = cfg.two_level_strtab ? 16 : 6;
		cfg.attr_types_ovr = coin();
		cfg.attr_perms_ovr = coin();
		ASSERT_EQ(smmu_cfg_fault(&cfg).member, nullptr);
	}

	const Known *find(uint32_t word)
	{
		for (const Known &row : known)
			if (word >= row.offset && word < row.offset + row.size)
				return &row;
		return nullptr;
	}

	uint32_t writable(uint32_t word)
	{
		const Known *row = find(word);

		return row ? (uint32_t)(row->writable(cfg) >> (8 * (word - row->offset))) : 0;
	}

	/* Bits of an index above the wrap bit of its queue: they read as zero. */
	uint32_t above_wrap(uint32_t word)
	{
		const Known *row = find(word);

		if (!row || !row->queue)
			return 0;
		uint64_t log2 = std::min(reg(row->queue) & 0x1f, reg(4) >> row->idr1_shift & 0x1f);

		return (uint32_t)(0xfffff & UINT64_MAX << (log2 + 1));
	}

	bool is_frozen(uint32_t word)
	{
		const Known *row = find(word);

		for (const Guard &guard : row ? row->guards : std::vector<Guard>{})
			if ((reg(guard.control) | reg(guard.control + 4)) & guard.bits)
				return true;
		return false;
	}

	/* CR1 has two guards, GBPA a bit that makes a write count. */
	uint32_t expect_special(uint32_t word, uint32_t before, uint32_t value, bool *special)
	{
		uint32_t on = (uint32_t)(reg(CR0) | reg(CR0 + 4)), kept = 0, types = 0x3f1f;

		*special = true;
		if (word == 0x28) {
			kept |= on & 1 ? 0xfc0 : 0;
			kept |= on & 0xe ? 0x3f : 0;
			return ((value & ~kept) | (before & kept)) & 0xfff;
		}
		if (word == 0x44) {
			uint32_t has = 0x100000u | (cfg.attr_types_ovr ? types : 0) |
				       (cfg.attr_perms_ovr ? 0xf0000u : 0);

			return value >> 31 ? value & has : before;
		}
		*special = false;
		return 0;
	}

	uint32_t expect_word(uint32_t word, uint32_t before, uint32_t value)
	{
		bool special;
		uint32_t expected = expect_special(word, before, value, &special);
		uint32_t mask = writable(word);

		if (special)
			return expected;
		if (is_frozen(word))
			return before;
		return (before & ~mask) | (value & mask);
	}

	/* What the hardware may have changed of its own accord since. */
	uint32_t unknown(uint32_t word)
	{
		if (word == 0x60 || word == CR0 + 4 || word == IRQ + 4)
			return UINT32_MAX;
		return word == 0x9c || word == 0x100a8 ? writable(word) : 0;
	}

	void write_once(struct rng *rng, uint32_t offset, uint32_t len_bytes)
	{
		uint64_t value = rng_next(rng);
		uint32_t before[2] = {}, expected[2] = {};

		/* Mostly what lets the next writes do something. */
		if (offset == CR0 && rng_below(rng, 4))
			value = 0;
		for (uint32_t i = 0; i < len_bytes / 4; i++) {
			before[i] = (uint32_t)reg(offset + 4 * i);
			expected[i] = expect_word(offset + 4 * i, before[i],
						  (uint32_t)(value >> (32 * i)));
		}
		set_reg(offset, value, len_bytes);
		run_until(now() + 10 * LATENCY);
		for (uint32_t i = 0; i < len_bytes / 4; i++) {
			uint32_t word = offset + 4 * i;
			uint32_t open = unknown(word);

			/* A pair: the enable that was written first may freeze the second. */
			if (len_bytes == 8 && word != offset && find(offset) != find(word) &&
			    find(word) && !find(word)->guards.empty())
				continue;
			ASSERT_EQ((uint32_t)reg(word) & above_wrap(word), 0u) << std::hex << word;
			ASSERT_EQ((uint32_t)reg(word) & ~open,
				  expected[i] & ~open & ~above_wrap(word))
				<< std::hex << "0x" << word << " held 0x" << before[i]
				<< ", written 0x" << value << ", " << len_bytes << " bytes";
		}
	}

	/* Reserved bits of what the hardware writes stay zero. */
	void check_hardware()
	{
		EXPECT_EQ(reg(0x60) & ~(uint64_t)writable(0x64), 0u);
		EXPECT_EQ(reg(CR0 + 4) & ~(uint64_t)writable(CR0), 0u);
		EXPECT_EQ(reg(IRQ + 4) & ~(uint64_t)writable(IRQ), 0u);
		EXPECT_EQ(reg(0x9c) & ~UINT64_C(0x7f0fffff), 0u);
	}
};

TEST_F(SmmuRegisterRules, HoldForRandomWritesEverywhere)
{
	for (uint64_t seed = 1; seed <= 24; seed++) {
		struct rng rng;

		rng_init(&rng, seed, "smmu registers");
		SCOPED_TRACE(seed);
		choose_features(&rng);
		create();
		std::vector<uint32_t> constant;
		for (uint32_t word = 0; word < 0x1000; word += 4)
			constant.push_back((uint32_t)reg(word));
		for (uint32_t i = 0; i < 1500; i++) {
			uint32_t len_bytes = rng_below(&rng, 3) ? 4 : 8;
			uint32_t limit = rng_below(&rng, 8) ? 0x220 : SMMU_REGISTER_BYTES;
			uint32_t offset = (uint32_t)rng_below(&rng, limit) & ~(len_bytes - 1);

			if (rng_below(&rng, 6) == 0)
				offset = 0x100a0 +
					 ((uint32_t)rng_below(&rng, 48) & ~(len_bytes - 1));
			write_once(&rng, offset, len_bytes);
			if (HasFatalFailure())
				return;
		}
		check_hardware();
		for (uint32_t word = 0; word < 0x1000; word += 4)
			if (is_constant(word)) {
				EXPECT_EQ((uint32_t)reg(word), constant[word / 4]) << word;
			}
	}
}

/* Every register of the SMMU's own table is known to the second one, and no other. */
TEST_F(SmmuRegisterRules, KnowTheSameRegisters)
{
	const struct reg_table *table = smmu_register_table();

	cfg.s2 = cfg.xnx = cfg.hyp = cfg.vmw = cfg.ats = cfg.atsrecerr = cfg.pri = true;
	for (uint32_t i = 0; i < table->rows; i++) {
		const struct reg_row *row = &table->row[i];
		const Known *same = find(row->offset);

		if (row->offset == 0x28 || row->offset == 0x44)
			continue;
		EXPECT_EQ(row->rw, same ? same->writable(cfg) : 0) << row->name;
	}
	for (const Known &row : known) {
		bool found = false;

		for (uint32_t i = 0; i < table->rows; i++)
			found |= table->row[i].offset == row.offset &&
				 table->row[i].size == row.size;
		EXPECT_TRUE(found) << std::hex << row.offset;
	}
}
