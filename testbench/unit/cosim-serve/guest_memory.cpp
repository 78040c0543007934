// SPDX-License-Identifier: Apache-2.0
#include "cosim/serve/guest_memory.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

#include "base/bits.h"

namespace
{
constexpr uint64_t kRam = 0x40000000, kBytes = 0x10000, kMessages = 0x08020000;

class GuestMemory : public testing::Test
{
protected:
	GuestMemory() : ram(kBytes / 8)
	{
		const struct guest_memory_cfg cfg = {kMessages, 0x1000, 100 * PS_PER_NS};
		struct guest_memory_env env = {};

		if (sim_init(&sim, 1, nullptr))
			abort();
		env.part.sim = &sim;
		env.part.name = "guest";
		env.message = Message;
		env.ctx = this;
		guest_memory_init(&memory, &cfg, &env);
	}
	~GuestMemory() override
	{
		guest_memory_fini(&memory);
		sim_fini(&sim);
	}
	static void Message(void *ctx, uint64_t addr, uint32_t data)
	{
		auto *test = static_cast<GuestMemory *>(ctx);

		test->messages.push_back({addr, data});
	}
	uint8_t *Host(uint64_t offset = 0)
	{
		return reinterpret_cast<uint8_t *>(ram.data()) + offset;
	}
	int Add(uint64_t base, uint64_t size, bool writable = true)
	{
		const struct guest_window window = {base, size, Host(), writable};

		return guest_memory_add(&memory, &window);
	}
	enum bus_status Access(enum bus_op op, uint64_t addr, void *data, uint32_t len)
	{
		struct bus_req req = {};

		req.op = op;
		req.addr = addr;
		req.len_bytes = len;
		req.data = data;
		req.done = [](struct bus_req *done, uint64_t) {
			done->next = done;
		};
		guest_memory_send(&memory, &req);
		EXPECT_EQ(nullptr, req.next) << "never within the call";
		sim_run(&sim, TIME_NEVER, nullptr);
		EXPECT_EQ(&req, req.next);
		return req.status;
	}

	struct sim sim;
	struct guest_memory memory;
	std::vector<uint64_t> ram;
	std::vector<std::pair<uint64_t, uint32_t>> messages;
};

TEST_F(GuestMemory, ReadsAndWritesWhatIsSharedAfterItsLatency)
{
	uint8_t data[100], found[100] = {};

	memset(data, 0xa5, sizeof(data));
	ASSERT_EQ(0, Add(kRam, kBytes));
	EXPECT_EQ(BUS_OK, Access(BUS_WRITE, kRam + 0x123, data, sizeof(data)));
	EXPECT_EQ(100 * PS_PER_NS, sim_now(&sim));
	EXPECT_EQ(0, memcmp(Host(0x123), data, sizeof(data)));
	EXPECT_EQ(BUS_OK, Access(BUS_READ, kRam + 0x123, found, sizeof(found)));
	EXPECT_EQ(0, memcmp(found, data, sizeof(data)));
}

TEST_F(GuestMemory, EachSizeGoesWhereItBelongs)
{
	ASSERT_EQ(0, Add(kRam, kBytes));
	for (uint32_t offset : {0, 4, 8, 16, 24}) {
		for (uint32_t len : {1, 2, 4, 8, 16, 24, 32, 48, 64, 72}) {
			std::vector<uint8_t> data(len), around(128, 0xee);

			for (uint32_t i = 0; i < len; i++)
				data[i] = static_cast<uint8_t>(i + 1);
			memset(Host(), 0xee, 128);
			EXPECT_EQ(BUS_OK, Access(BUS_WRITE, kRam + offset, data.data(), len));
			memcpy(&around[offset], data.data(), len);
			EXPECT_EQ(0, memcmp(Host(), around.data(), around.size()))
				<< offset << ", " << len;
		}
	}
}

TEST_F(GuestMemory, WhatIsNotSharedIsNotReached)
{
	uint64_t word = 1;

	EXPECT_EQ(BUS_ABORT, Access(BUS_READ, kRam, &word, 8)) << "nothing is";
	ASSERT_EQ(0, Add(kRam, kBytes));
	EXPECT_EQ(BUS_ABORT, Access(BUS_READ, kRam - 4, &word, 8));
	EXPECT_EQ(BUS_ABORT, Access(BUS_READ, kRam + kBytes - 4, &word, 8)) << "across its end";
	EXPECT_EQ(BUS_ABORT, Access(BUS_READ, UINT64_MAX - 3, &word, 8));
	EXPECT_EQ(BUS_ABORT, Access(BUS_ATS, kRam, &word, 8));
	EXPECT_EQ(5u, memory.refused);
	EXPECT_EQ(1u, word);
}

TEST_F(GuestMemory, ReadOnlyIsNotWritten)
{
	uint64_t word = 1, cas[2] = {0, 1};

	ASSERT_EQ(0, Add(kRam, kBytes, false));
	EXPECT_EQ(BUS_ABORT, Access(BUS_WRITE, kRam, &word, 8));
	EXPECT_EQ(BUS_ABORT, Access(BUS_CAS64, kRam, cas, 8));
	EXPECT_EQ(0u, ram[0]);
	EXPECT_EQ(BUS_OK, Access(BUS_READ, kRam, &word, 8));
	EXPECT_EQ(0u, word);
}

TEST_F(GuestMemory, WindowsDoNotOverlapAndGoAsTheyCame)
{
	ASSERT_EQ(0, Add(kRam, 0x1000));
	ASSERT_EQ(0, Add(kRam + 0x2000, 0x1000));
	EXPECT_EQ(-EINVAL, Add(kRam + 0xfff, 0x1000));
	EXPECT_EQ(-EINVAL, Add(kRam - 0x1000, 0x1001));
	EXPECT_EQ(-EINVAL, Add(kRam, 0));
	EXPECT_EQ(-EINVAL, Add(UINT64_MAX - 0xfff, 0x2000));
	EXPECT_EQ(0, Add(kRam + 0x1000, 0x1000)) << "between them";
	EXPECT_EQ(-EINVAL, guest_memory_remove(&memory, kRam, 0x1800)) << "half of one";
	EXPECT_EQ(0, guest_memory_remove(&memory, kRam, 0x2000)) << "two at once";
	EXPECT_EQ(-ENOENT, guest_memory_remove(&memory, kRam, 0x2000));
	EXPECT_EQ(1u, memory.windows);
	for (uint32_t i = 1; i < GUEST_MEMORY_WINDOWS; i++)
		ASSERT_EQ(0, Add(i * 0x1000, 0x1000));
	EXPECT_EQ(-ENOSPC, Add(kRam, 0x1000));
}

TEST_F(GuestMemory, AFourByteWriteToTheMessagesIsOne)
{
	uint32_t data = 0x42;
	uint64_t word = 0;

	ASSERT_EQ(0, Add(0, kMessages + kBytes)); // they take precedence over RAM
	EXPECT_EQ(BUS_OK, Access(BUS_WRITE, kMessages + 0x40, &data, 4));
	ASSERT_EQ(1u, messages.size());
	EXPECT_EQ(kMessages + 0x40, messages[0].first);
	EXPECT_EQ(0x42u, messages[0].second);
	EXPECT_EQ(BUS_ABORT, Access(BUS_WRITE, kMessages + 0x40, &word, 8));
	EXPECT_EQ(BUS_ABORT, Access(BUS_WRITE, kMessages + 0x42, &data, 4));
	EXPECT_EQ(BUS_ABORT, Access(BUS_READ, kMessages + 0x40, &data, 4));
	EXPECT_EQ(1u, messages.size());
}

TEST_F(GuestMemory, UntimedAccessesAreMadeWithinTheCall)
{
	struct bus_req req = {};
	uint64_t word = 7;

	ASSERT_EQ(0, Add(kRam, kBytes));
	req.op = BUS_WRITE;
	req.addr = kRam + 8;
	req.len_bytes = 8;
	req.data = &word;
	EXPECT_FALSE(guest_memory_access(&memory, &req)) << "time passes";
	EXPECT_FALSE(guest_memory_read64(&memory, kRam).ok);
	sim.untimed = true;
	EXPECT_TRUE(guest_memory_access(&memory, &req));
	EXPECT_EQ(7u, ram[1]);
	EXPECT_EQ(7u, guest_memory_read64(&memory, kRam + 8).value);
	EXPECT_FALSE(guest_memory_read64(&memory, kRam + 4).ok) << "no word";
	EXPECT_FALSE(guest_memory_read64(&memory, kRam + kBytes).ok);
	EXPECT_FALSE(guest_memory_read64(&memory, kMessages).ok);
}

// A processor of the guest changes a descriptor as Linux does while the SMMU marks it: neither
// may lose what the other has written.
TEST_F(GuestMemory, AProcessorAndAHardwareUpdateDoNotLoseEachOthersBits)
{
	constexpr uint64_t kRounds = 2000000, kAccessed = BIT(10);
	std::atomic<bool> begun{false};
	uint64_t *descriptor = &ram[0], hardware = 0;

	sim.untimed = true;
	ASSERT_EQ(0, Add(kRam, kBytes));
	__atomic_store_n(descriptor, 0, __ATOMIC_SEQ_CST);
	// The processor counts in bits 63 to 32, and takes the flag away each time.
	std::thread processor([&] {
		begun = true;
		for (uint64_t i = 0; i < kRounds;) {
			uint64_t old = __atomic_load_n(descriptor, __ATOMIC_RELAXED);
			uint64_t next = (old + BIT(32)) & ~kAccessed;

			i += __atomic_compare_exchange_n(descriptor, &old, next, false,
							 __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
		}
	});
	while (!begun)
		;
	// The SMMU sets it, and counts in bits 31 to 11, which wrap without a carry.
	for (uint64_t i = 0; i < kRounds; i++) {
		uint64_t old = guest_memory_read64(&memory, kRam).value;
		uint64_t count = field_get(BITS(31, 11), old) + 1;
		uint64_t cas[2] = {old, field_set(old, BITS(31, 11), count) | kAccessed};
		struct bus_req req = {};

		req.op = BUS_CAS64;
		req.addr = kRam;
		req.len_bytes = 8;
		req.data = cas;
		ASSERT_TRUE(guest_memory_access(&memory, &req));
		hardware += cas[0] == old;
	}
	processor.join();
	EXPECT_EQ(kRounds, *descriptor >> 32);
	EXPECT_EQ(hardware % BIT(21), field_get(BITS(31, 11), *descriptor));
	EXPECT_GT(hardware, kRounds / 100);
}

// A driver that polls a descriptor's first word for its flag finds the rest there, too.
TEST_F(GuestMemory, WhoSeesADescriptorsFlagSeesItsRest)
{
	constexpr uint64_t kRounds = 2000000, kAt = 48; // across two lines of a cache
	std::atomic<uint64_t> torn{0}, seen{0};
	std::atomic<bool> end{false};

	sim.untimed = true;
	ASSERT_EQ(0, Add(kRam, kBytes));
	std::thread driver([&] {
		while (!end) {
			uint64_t flag = __atomic_load_n(&ram[kAt / 8 + 1], __ATOMIC_ACQUIRE);
			uint64_t last = __atomic_load_n(&ram[kAt / 8 + 3], __ATOMIC_ACQUIRE);

			// What is written next may be there already, but never what was before.
			torn += last < flag;
			seen++;
		}
	});
	for (uint64_t i = 1; i <= kRounds; i++) {
		uint64_t descriptor[4] = {i, i, i, i};
		struct bus_req req = {};

		req.op = BUS_WRITE;
		req.addr = kRam + kAt;
		req.len_bytes = sizeof(descriptor);
		req.data = descriptor;
		ASSERT_TRUE(guest_memory_access(&memory, &req));
	}
	end = true;
	driver.join();
	EXPECT_EQ(0u, torn);
	EXPECT_GT(seen, 0u);
}
} // namespace
