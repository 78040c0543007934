/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random tables, random accesses: the SMMU against a walker that was written
 * from the specification without looking at the SMMU's (Arm DDI 0487, D8.2,
 * D8.3 and D8.5; IHI 0070, 3.4 and 3.13). It knows no TLB: it reads memory as it
 * is at each access, and says what the SMMU must do and leave behind.
 */
#include "base/rng.h"
#include "testbench/support/smmu_bench.h"

/* The regime that one context descriptor describes, in plain words. */
struct Regime {
	uint64_t lower_table, upper_table;
	int lower_bits, upper_bits; /* size of each region's address */
	bool lower_off, upper_off;
	bool lower_tagged, upper_tagged; /* top byte ignored */
	int output_bits;
	bool updates_access, updates_dirty, ignores_access;
	bool privileged_never, writable_never_executes;
	uint16_t asid;
};

struct Access {
	uint64_t address;
	bool write, privileged, instruction;
};

struct Expected {
	int fault = 0;
	uint64_t output = 0;
	uint64_t leaf = 0;       /* address of the last descriptor read */
	uint64_t descriptor = 0; /* what it must hold afterwards */
};

static bool bit(uint64_t value, int n)
{
	return value >> n & 1;
}

static uint64_t bits(uint64_t value, int high, int low)
{
	return value << (63 - high) >> (63 - high) >> low;
}

/* Permissions that a leaf leaves after its tables, for one access: D8.4, direct scheme. */
struct Rights {
	bool user_reads, user_writes, kernel_writes;
	bool user_executes, kernel_executes;
};

class ReferenceWalker
{
public:
	ReferenceWalker(const FlatMemory &where, const Regime &what) : memory(where), regime(what)
	{
	}

	Expected translate(const Access &access)
	{
		uint64_t address = access.address;
		bool upper = bit(address, 55);
		int size = upper ? regime.upper_bits : regime.lower_bits;

		if (upper ? regime.upper_off : regime.lower_off)
			return fail(F_TRANSLATION);
		if (upper ? regime.upper_tagged : regime.lower_tagged)
			address = upper ? address | UINT64_C(0xff) << 56
					: address & ~(UINT64_C(0xff) << 56);
		for (int n = size; n < 64; n++)
			if (bit(address, n) != upper)
				return fail(F_TRANSLATION);
		no_user = read_only = no_kernel_exec = no_user_exec = false;
		/* Each level resolves nine bits; the first takes what is left of them. */
		int level = 3, resolved = 12 + 9;
		while (resolved < size) {
			level--;
			resolved += 9;
		}
		return look_up(access, bits(address, size - 1, 0),
			       upper ? regime.upper_table : regime.lower_table, level);
	}

private:
	static Expected fail(int fault)
	{
		Expected expected;

		expected.fault = fault;
		return expected;
	}

	Expected look_up(const Access &access, uint64_t address, uint64_t table, int level)
	{
		int low = 39 - 9 * level;
		uint64_t where = table + 8 * bits(address, level == 0 ? 47 : low + 8, low);
		uint64_t descriptor = memory.read64(where);
		bool leaf = level == 3 || !bit(descriptor, 1);
		Expected expected;

		if (!bit(descriptor, 0) || (level == 3 && !bit(descriptor, 1)) ||
		    (level == 0 && leaf))
			return fail(F_TRANSLATION);
		expected.leaf = where;
		uint64_t output = bits(descriptor, 47, leaf ? low : 12) << (leaf ? low : 12);
		if (regime.output_bits < 48 && bits(output, 47, regime.output_bits))
			return fail(F_ADDR_SIZE);
		if (!leaf) {
			no_user |= bit(descriptor, 61);
			read_only |= bit(descriptor, 62);
			no_kernel_exec |= bit(descriptor, 59);
			no_user_exec |= bit(descriptor, 60);
			return look_up(access, address, output, level + 1);
		}
		expected.output = output + bits(address, low - 1, 0);
		return finish(access, expected, descriptor);
	}

	Expected finish(const Access &access, Expected expected, uint64_t descriptor)
	{
		const uint64_t accessed = UINT64_C(1) << 10, clean = UINT64_C(1) << 7;

		if (!(descriptor & accessed)) {
			if (regime.updates_access)
				descriptor |= accessed;
			else if (!regime.ignores_access)
				return fail(F_ACCESS);
		}
		expected.descriptor = descriptor;
		bool managed = regime.updates_dirty && bit(descriptor, 51) && !read_only;
		uint64_t after = managed && access.write ? descriptor & ~clean : descriptor;
		if (!permits(access, rights(after))) {
			expected.fault = F_PERMISSION;
			return expected;
		}
		expected.descriptor = after;
		return expected;
	}

	Rights rights(uint64_t descriptor) const
	{
		bool user = bit(descriptor, 6) && !no_user;
		/* A page that the hardware may make dirty counts as writable, clean or not. */
		bool writes = !read_only && (!bit(descriptor, 7) ||
					     (regime.updates_dirty && bit(descriptor, 51)));
		Rights r;

		r.user_reads = user;
		r.user_writes = user && writes;
		r.kernel_writes = writes;
		r.user_executes = !bit(descriptor, 54) && !no_user_exec;
		/* What the user may write the kernel must not run. */
		r.kernel_executes = !bit(descriptor, 53) && !no_kernel_exec && !r.user_writes;
		if (regime.writable_never_executes && writes)
			r.kernel_executes = false;
		if (regime.writable_never_executes && r.user_writes)
			r.user_executes = false;
		return r;
	}

	bool permits(const Access &access, const Rights &r) const
	{
		/* What cannot be read may be executed. */
		if (access.instruction && !access.write)
			return access.privileged ? r.kernel_executes : r.user_executes;
		if (!access.privileged && !r.user_reads)
			return false;
		if (access.privileged && regime.privileged_never && r.user_reads)
			return false;
		return !access.write || (access.privileged ? r.kernel_writes : r.user_writes);
	}

	const FlatMemory &memory;
	const Regime &regime;
	bool no_user = false, read_only = false, no_kernel_exec = false, no_user_exec = false;
};

class SmmuAgainstReference : public SmmuBench, public ::testing::WithParamInterface<bool>
{
protected:
	static constexpr int SLOTS = 3; /* entries of a table that are used */

	void SetUp() override
	{
		cfg.cache_dirty = GetParam();
		cfg.timing.tlb_entries = 16; /* so that lines are replaced */
		bring_up();
		rng_init(&rng, 20260101, "smmu_walk");
		strtab_page = strtab;
	}

	uint64_t below(uint64_t bound)
	{
		return rng_below(&rng, bound);
	}

	bool one_in(uint64_t n)
	{
		return below(n) == 0;
	}

	/* The entries in use are at both ends of a table of 2^`index_bits`. */
	static uint64_t slot(uint64_t n, int index_bits)
	{
		return n < 2 ? n : (UINT64_C(1) << index_bits) - 1;
	}

	uint64_t random_leaf(int level)
	{
		uint64_t ttd = level == 3 ? 3 : 1;
		uint64_t output = below(SIZE);

		if (one_in(20))
			output |= UINT64_C(1) << (32 + below(16));
		ttd |= bits(output, 47, 39 - 9 * level) << (39 - 9 * level);
		ttd |= rng_next(&rng) & (UINT64_C(3) << 6 | UINT64_C(1) << 51);
		ttd |= UINT64_C(1) << 11;
		for (int n : {53, 54})
			ttd |= (uint64_t)one_in(4) << n;
		ttd |= (uint64_t)!one_in(4) << 10;
		return ttd;
	}

	uint64_t random_table(int level, int index_bits)
	{
		uint64_t table = memory->allocate();

		for (int n = 0; n < SLOTS; n++) {
			uint64_t where = table + 8 * slot(n, index_bits), ttd;

			if (level == 3 || (level > 0 && one_in(3))) {
				ttd = random_leaf(level);
			} else {
				/* nG, should it become a block below: not of both streams. */
				ttd = 3 | UINT64_C(1) << 11 | random_table(level + 1, 9);
				for (int limit : {59, 60, 61, 62})
					ttd |= (uint64_t)one_in(10) << limit;
				if (one_in(40))
					ttd |= UINT64_C(1) << 46;
			}
			/* Invalid or reserved, but no block that becomes a table of data. */
			if (one_in(12))
				ttd ^= bit(ttd, 1) ? 1 + below(3) : 1;
			memory->write64(where, ttd);
		}
		return table;
	}

	static int first_level(int size)
	{
		return size > 39 ? 0 : size > 30 ? 1 : 2;
	}

	uint64_t random_region(int size)
	{
		int level = first_level(size);

		return random_table(level, size - (39 - 9 * level));
	}

	/* An address that reaches used entries, mostly. */
	uint64_t random_address(int size, bool upper)
	{
		uint64_t address = below(512) * 8;

		for (int level = 3; level >= first_level(size); level--) {
			int low = 39 - 9 * level;
			int index_bits = level == first_level(size) ? size - low : 9;

			address |= slot(below(SLOTS), index_bits) << low;
		}
		if (upper)
			address |= ~UINT64_C(0) << size;
		if (one_in(15))
			address ^= UINT64_C(1) << (20 + below(44));
		if (one_in(15))
			address ^= below(256) << 56;
		return address;
	}

	Regime random_regime(uint16_t asid)
	{
		static const int sizes[] = {32, 36, 40, 42, 44, 48};
		Regime r = {};

		r.asid = asid;
		r.lower_bits = 25 + (int)below(24);
		r.upper_bits = 25 + (int)below(24);
		r.lower_table = random_region(r.lower_bits);
		r.upper_table = random_region(r.upper_bits);
		r.lower_off = one_in(8);
		r.upper_off = one_in(8);
		r.lower_tagged = one_in(3);
		r.upper_tagged = one_in(3);
		output_code = below(6);
		r.output_bits = MIN(sizes[output_code], 44);
		r.updates_access = !one_in(3);
		r.updates_dirty = r.updates_access && !one_in(3);
		r.ignores_access = one_in(2);
		r.privileged_never = one_in(3);
		r.writable_never_executes = one_in(3);
		return r;
	}

	void write_context(uint32_t stream, const Regime &r)
	{
		uint64_t cd = memory->allocate();

		memory->write64(cd, field_put(CD0_T0SZ, 64 - r.lower_bits) |
					    field_put(CD0_T1SZ, 64 - r.upper_bits) |
					    field_put(CD0_TG1, CD0_TG1_4K) |
					    field_put(CD0_EPD0, r.lower_off) |
					    field_put(CD0_EPD1, r.upper_off) | CD0_V |
					    field_put(CD0_IPS, output_code) |
					    field_put(CD0_AFFD, r.ignores_access) |
					    field_put(CD0_WXN, r.writable_never_executes) |
					    field_put(CD0_TBI0, r.lower_tagged) |
					    field_put(CD0_TBI1, r.upper_tagged) |
					    field_put(CD0_PAN, r.privileged_never) | CD0_AA64 |
					    field_put(CD0_HD, r.updates_dirty) |
					    field_put(CD0_HA, r.updates_access) | CD0_A | CD0_R |
					    field_put(CD0_ASID, r.asid));
		memory->write64(cd + 8, r.lower_table);
		memory->write64(cd + 16, r.upper_table);
		write_ste(stream, STE0_V | field_put(STE0_CONFIG, STE0_CONFIG_S1) | cd);
	}

	void check(uint32_t stream, const Regime &regime, const Access &access)
	{
		Expected expected = ReferenceWalker(*memory, regime).translate(access);
		struct bus_attr attr = {};

		attr.from_device = true;
		attr.memory = mem_coherent();
		attr.stream_id = stream;
		attr.posted = access.write;
		attr.privileged = access.privileged;
		attr.instruction = access.instruction;
		uint64_t faults = stats().faults;
		Dma &dma = send_with(access.write ? BUS_WRITE : BUS_READ, access.address, 8, attr);
		run();
		ASSERT_EQ(stats().faults - faults, expected.fault != 0)
			<< "expected event " << expected.fault << " output " << std::hex
			<< expected.output << " descriptor " << expected.descriptor;
		if (expected.fault) {
			EXPECT_EQ(dma.req.status, BUS_FAULT);
			EXPECT_EQ(field_get(EVENT0_NUMBER, take_event()[0]),
				  (uint64_t)expected.fault);
		} else {
			const Traced &left = trace.back();
			EXPECT_EQ(left.kind, access.write ? TRACE_DMA_WRITE : TRACE_DMA_READ);
			EXPECT_EQ(left.arg[3], expected.output);
		}
		/* Whether a permission fault sets the access flag is nobody's business. */
		if (expected.leaf) {
			EXPECT_EQ(memory->read64(expected.leaf) | (expected.fault ? TTD_AF : 0),
				  expected.descriptor | (expected.fault ? TTD_AF : 0));
		}
		dmas.clear();
		trace.clear();
	}

	struct rng rng;
	uint64_t strtab_page, output_code;
};

TEST_P(SmmuAgainstReference, AgreesOnEveryAccess)
{
	unsigned passed = 0, faulted = 0;

	for (uint16_t round = 0; round < 60 && !HasFailure(); round++) {
		Regime regime[2];

		/* Writes of the device may have hit anything: start from clean memory. */
		memory = std::make_unique<FlatMemory>(&sim, SIZE, LATENCY);
		memory->before_access = [](const struct bus_req &) {
		};
		bring_up();
		for (uint32_t stream = 0; stream < 2; stream++) {
			regime[stream] = random_regime((uint16_t)(2 * round + stream));
			write_context(stream, regime[stream]);
		}
		uint64_t tables_end = memory->allocate();
		for (int n = 0; n < 200 && !HasFailure(); n++) {
			uint32_t stream = (uint32_t)below(2);
			bool upper = one_in(2);
			Access access = {random_address(upper ? regime[stream].upper_bits
							      : regime[stream].lower_bits,
							upper),
					 one_in(2), one_in(3), one_in(4)};
			Expected expected =
				ReferenceWalker(*memory, regime[stream]).translate(access);

			/* Not into the tables themselves. */
			if (access.write && !expected.fault && expected.output < tables_end)
				continue;
			SCOPED_TRACE(testing::Message() << "round " << round << " access " << n
							<< " at " << std::hex << access.address);
			check(stream, regime[stream], access);
			expected.fault ? faulted++ : passed++;
		}
	}
	EXPECT_GT(passed, 1000u);
	EXPECT_GT(faulted, 1000u);
}

INSTANTIATE_TEST_SUITE_P(CacheDirty, SmmuAgainstReference, ::testing::Bool());
