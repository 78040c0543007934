// SPDX-License-Identifier: Apache-2.0
// Registers that ring, as memory of the client's.
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "base/bits.h"
#include "cosim/serve/doorbells.h"
#include "model/nic/avf_format.h"
#include "testbench/unit/cosim-serve/served.hpp"

namespace
{
constexpr uint32_t kQueues = 4, kVectors = 4;

class Doorbells : public testing::Test
{
protected:
	using Rung = std::vector<std::pair<uint32_t, uint32_t>>;

	Doorbells()
	{
		EXPECT_EQ(0, doorbells_init(&doorbells, kQueues, kVectors));
		doorbells_offer(&doorbells, &bar);
	}
	~Doorbells() override
	{
		doorbells_fini(&doorbells);
	}
	// As a client's processor stores.
	void Store(uint32_t offset, uint32_t value)
	{
		__atomic_store_n(&doorbells.memory[offset / 4], value, __ATOMIC_RELEASE);
	}
	Rung Look()
	{
		Rung rung;

		doorbells_look(
			&doorbells,
			[](void *ctx, uint32_t offset, uint32_t value) {
				static_cast<Rung *>(ctx)->emplace_back(offset, value);
			},
			&rung);
		return rung;
	}

	struct doorbells doorbells = {};
	struct vfu_region_cfg bar = {
		VF_BAR0_SIZE, VFU_REGION_READ | VFU_REGION_WRITE, -1, 0, nullptr, 0};
};

TEST_F(Doorbells, WhatIsWrittenIsFoundOnceAndTheSameValueAgain)
{
	EXPECT_EQ(Rung(), Look());
	for (int i = 0; i < 2; i++) {
		Store(QTX_TAIL1(0), 5);
		Store(QRX_TAIL1(3), 17);
		Store(VFINT_DYN_CTLN1(0), 0);
		EXPECT_EQ((Rung{{VFINT_DYN_CTLN1(0), 0}, {QRX_TAIL1(3), 17}, {QTX_TAIL1(0), 5}}),
			  Look());
		EXPECT_EQ(Rung(), Look());
	}
}

TEST_F(Doorbells, EachRegisterOfEachQueueAndVectorRings)
{
	std::vector<uint32_t> offsets;

	for (uint32_t i = 0; i < kQueues; i++) {
		offsets.push_back(QTX_TAIL1(i));
		offsets.push_back(QRX_TAIL1(i));
	}
	for (uint32_t i = 0; i < kVectors; i++) {
		for (uint32_t itr = 0; itr < 3; itr++)
			offsets.push_back(VFINT_ITRN1(itr, i));
		offsets.push_back(VFINT_DYN_CTLN1(i));
	}
	for (uint32_t offset : offsets) {
		Store(offset, offset & 0xfff);
		EXPECT_EQ((Rung{{offset, offset & 0xfff}}), Look());
	}
	// Beyond them it is memory, and nothing else.
	Store(QTX_TAIL1(kQueues), 1);
	Store(VFINT_DYN_CTLN1(kVectors), 1);
	EXPECT_EQ(Rung(), Look());
}

TEST_F(Doorbells, TheMarkIsReservedInEachOfThem)
{
	constexpr uint32_t known =
		(uint32_t)(DYN_CTL_INTENA | DYN_CTL_CLEARPBA | DYN_CTL_SWINT_TRIG |
			   DYN_CTL_ITR_INDX | DYN_CTL_INTERVAL | DYN_CTL_SW_ITR_INDX_ENA |
			   DYN_CTL_SW_ITR_INDX | DYN_CTL_WB_ON_ITR | DYN_CTL_INTENA_MSK);

	EXPECT_EQ(0u, DOORBELLS_MARK & known);
	EXPECT_LT(0xffffu, DOORBELLS_MARK) << "tails and intervals are shorter";
}

TEST_F(Doorbells, AClientMapsPagesThatHoldNothingElse)
{
	EXPECT_TRUE(bar.flags & VFU_REGION_MMAP);
	ASSERT_EQ(2u, bar.area_count);
	for (uint32_t i = 0; i < bar.area_count; i++)
		EXPECT_GE(VFINT_ICR01 & ~0xfffu, bar.areas[i].offset + bar.areas[i].size_bytes);
	// It cannot take them away.
	EXPECT_EQ(-1, ftruncate(bar.fd, 0));
}

// A processor that writes while we look: what it has written last is found, and nothing twice. In
// each round it writes twice, so that the second meets the look that has found the first.
TEST_F(Doorbells, NothingIsLostToAProcessorThatWritesMeanwhile)
{
	constexpr uint32_t rounds = 20000;
	std::atomic<uint32_t> begun{0}, ended{0};
	std::thread processor([&] {
		for (uint32_t i = 1; i <= rounds; i++) {
			while (begun < i)
				;
			Store(QTX_TAIL1(0), 2 * i);
			for (volatile uint32_t wait = i % 256; wait > 0; wait = wait - 1)
				;
			Store(QTX_TAIL1(0), 2 * i + 1);
			ended = i;
		}
	});
	uint32_t seen = 0;

	for (uint32_t i = 1; i <= rounds; i++) {
		begun = i;
		for (bool more = true; more;) {
			more = ended < i;
			for (auto [offset, value] : Look()) {
				EXPECT_LT(seen, value);
				seen = value;
			}
		}
		EXPECT_EQ(2 * i + 1, seen);
		seen = 2 * i + 1;
	}
	processor.join();
}

class SharedDoorbells : public Served
{
protected:
	struct Info {
		vfio_user_region_info info;
		vfio_user_sparse_mmap sparse;
		vfio_user_sparse_area area[2];
	};

	// BAR 0, and its file in `fd`, the test's then.
	Info Bar0(const Client &client, int *fd)
	{
		Info answer = {};
		struct vfu_call call = {};

		answer.info.argsz = sizeof(answer);
		call.command = VFIO_USER_DEVICE_GET_REGION_INFO;
		call.payload = call.reply = &answer;
		call.len_bytes = sizeof(answer.info);
		call.room_bytes = sizeof(answer);
		EXPECT_LT(0, vfu_client_call(client.get(), &call));
		*fd = call.reply_fd;
		return answer;
	}
	bool Signalled(int event)
	{
		struct pollfd wait = {event, POLLIN, 0};
		uint64_t count;

		return poll(&wait, 1, 5000) == 1 && read(event, &count, sizeof(count)) == 8;
	}
};

TEST_F(SharedDoorbells, AreOfferedToClientsOfOneThatLooks)
{
	int fd;

	Start("two-vfs.yaml", BOARD_X86_64);
	Client vf = Connect("vf0");
	ASSERT_TRUE(vf);
	EXPECT_FALSE(Bar0(vf, &fd).info.flags & VFIO_REGION_INFO_FLAG_MMAP);
	EXPECT_EQ(-1, fd);
}

/* With its pages of Rx tails and vectors mapped. */
class MappedDoorbells : public SharedDoorbells
{
protected:
	void SetUp() override
	{
		busy_poll = true;
		Start("two-vfs.yaml", BOARD_X86_64);
		vf = Connect("vf0");
		ASSERT_TRUE(vf);
		bar = Bar0(vf, &fd_);
		ASSERT_TRUE(bar.info.flags & VFIO_REGION_INFO_FLAG_MMAP);
		ASSERT_EQ(2u, bar.sparse.nr_areas);
		ASSERT_GE(fd_, 0);
		memory_ = mmap(nullptr, bar.area[1].size, PROT_READ | PROT_WRITE, MAP_SHARED, fd_,
			       (off_t)(bar.info.offset + bar.area[1].offset));
		ASSERT_NE(MAP_FAILED, memory_);
		// Memory space, bus master.
		Write(vf, VFIO_PCI_CONFIG_REGION_INDEX, PCI_COMMAND,
		      PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	}
	void TearDown() override
	{
		munmap(memory_, bar.area[1].size);
		close(fd_);
	}
	void Store(uint64_t offset, uint32_t value)
	{
		__atomic_store_n(static_cast<uint32_t *>(memory_) +
					 (offset - bar.area[1].offset) / 4,
				 value, __ATOMIC_RELEASE);
	}

	Client vf;
	Info bar = {};

private:
	void *memory_ = MAP_FAILED;
	int fd_ = -1;
};

TEST_F(MappedDoorbells, AStoreIsAnAccessOfTheRegister)
{
	int event[2] = {eventfd(0, EFD_CLOEXEC), eventfd(0, EFD_CLOEXEC)};
	const auto trigger = (uint32_t)(DYN_CTL_INTENA | DYN_CTL_CLEARPBA | DYN_CTL_SWINT_TRIG |
					DYN_CTL_ITR_INDX);

	ASSERT_EQ(0, vfu_client_set_irqs(vf.get(),
					 VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
					 VFIO_PCI_MSIX_IRQ_INDEX, 0, 2, event));
	// No message, and twice the same.
	for (int i = 0; i < 2; i++) {
		Store(VFINT_DYN_CTLN1(0), trigger);
		EXPECT_TRUE(Signalled(event[1])) << i;
	}
	close(event[0]);
	close(event[1]);
}

TEST_F(MappedDoorbells, AReadHasWhatWasStoredBeforeIt)
{
	for (uint32_t value = 1; value <= 100; value++) {
		Store(VFINT_ITRN1(0, 0), value);
		ASSERT_EQ(value, Read(vf, 0, VFINT_ITRN1(0, 0)));
	}
}

} // namespace
