/* SPDX-License-Identifier: Apache-2.0 */
/* SET_IRQS in all its forms, and what it sets up. */
#include <sys/eventfd.h>
#include <unistd.h>

#include "testbench/unit/cosim-vfio-user/bench.hpp"

namespace
{
constexpr uint32_t kNone = VFIO_IRQ_SET_DATA_NONE, kBool = VFIO_IRQ_SET_DATA_BOOL,
		   kEventfd = VFIO_IRQ_SET_DATA_EVENTFD, kMask = VFIO_IRQ_SET_ACTION_MASK,
		   kUnmask = VFIO_IRQ_SET_ACTION_UNMASK, kTrigger = VFIO_IRQ_SET_ACTION_TRIGGER;
} // namespace

class VfuIrq : public VfuTest
{
public:
	VfuIrq() : client(agree(add(&dev, Device::cfg())))
	{
	}
	int set(uint32_t flags, uint32_t index, uint32_t start, uint32_t count,
		const std::vector<int> &fds = {})
	{
		return vfu_client_set_irqs(client.get(), flags, index, start, count,
					   fds.empty() ? nullptr : fds.data());
	}
	/* With a payload and file descriptors that may not fit. */
	int send(const vfio_user_irq_set &set, const std::string &data,
		 const std::vector<int> &fds = {})
	{
		std::string payload = bytes_of(set) + data;
		vfu_call call = {};

		call.command = VFIO_USER_DEVICE_SET_IRQS;
		call.payload = payload.data();
		call.len_bytes = static_cast<uint32_t>(payload.size());
		call.fds = fds.data();
		call.fd_count = static_cast<uint32_t>(fds.size());
		return vfu_client_call(client.get(), &call);
	}
	int raise(uint32_t index, uint32_t vector)
	{
		return vfu_irq_trigger(dev.device, index, vector);
	}
	void level(bool asserted)
	{
		vfu_intx_level(dev.device, asserted);
	}
	Client client;
	Event event, other;
};

TEST_F(VfuIrq, AVectorSignalsItsEventfd)
{
	ASSERT_EQ(set(kEventfd | kTrigger, VFU_IRQ_MSIX, 3, 2, {event.fd, other.fd}), 0);
	EXPECT_EQ(dev.told.back(), "irq 2 3+2");
	EXPECT_TRUE(vfu_irq_armed(dev.device, VFU_IRQ_MSIX, 3));
	EXPECT_FALSE(vfu_irq_armed(dev.device, VFU_IRQ_MSIX, 2));
	EXPECT_EQ(raise(VFU_IRQ_MSIX, 4), 0);
	EXPECT_EQ(raise(VFU_IRQ_MSIX, 4), 0);
	EXPECT_EQ(event.count(), 0u);
	EXPECT_EQ(other.count(), 2u);
	EXPECT_EQ(raise(VFU_IRQ_MSIX, 2), -ENOENT);
	EXPECT_EQ(raise(VFU_IRQ_MSIX, Device::kVectors), -ENOENT);
	EXPECT_EQ(raise(VFU_IRQ_MSI, 0), -ENOENT);
	EXPECT_EQ(raise(VFU_IRQS, 0), -ENOENT);
}

TEST_F(VfuIrq, NoFileDescriptorsTakeVectorsAway)
{
	ASSERT_EQ(set(kEventfd | kTrigger, VFU_IRQ_MSIX, 0, 2, {event.fd, other.fd}), 0);
	ASSERT_EQ(set(kEventfd | kTrigger, VFU_IRQ_MSIX, 0, 1), 0);
	EXPECT_FALSE(vfu_irq_armed(dev.device, VFU_IRQ_MSIX, 0));
	EXPECT_EQ(raise(VFU_IRQ_MSIX, 0), -ENOENT);
	EXPECT_EQ(raise(VFU_IRQ_MSIX, 1), 0);
	EXPECT_EQ(other.count(), 1u);
}

TEST_F(VfuIrq, CountZeroDisablesAnIndex)
{
	ASSERT_EQ(set(kEventfd | kTrigger, VFU_IRQ_MSIX, 0, 2, {event.fd, other.fd}), 0);
	ASSERT_EQ(set(kNone | kTrigger, VFU_IRQ_MSIX, 0, 0), 0);
	EXPECT_EQ(dev.told.back(), "irq 2 0+" + std::to_string(Device::kVectors));
	EXPECT_FALSE(vfu_irq_armed(dev.device, VFU_IRQ_MSIX, 1));
	EXPECT_EQ(set(kNone | kTrigger, VFU_IRQ_MSI, 0, 0), 0);
	EXPECT_EQ(set(kNone | kMask, VFU_IRQ_INTX, 0, 0), -EINVAL);
	EXPECT_EQ(set(kEventfd | kTrigger, VFU_IRQ_INTX, 0, 0), -EINVAL);
}

TEST_F(VfuIrq, TheClientTriggersVectorsItself)
{
	ASSERT_EQ(set(kEventfd | kTrigger, VFU_IRQ_MSIX, 0, 2, {event.fd, other.fd}), 0);
	ASSERT_EQ(set(kNone | kTrigger, VFU_IRQ_MSIX, 0, 2), 0);
	EXPECT_EQ(event.count(), 1u);
	EXPECT_EQ(other.count(), 1u);
	ASSERT_EQ(send({23, kBool | kTrigger, VFU_IRQ_MSIX, 0, 3}, std::string("\0\1\1", 3)), 0);
	EXPECT_EQ(event.count(), 0u);
	EXPECT_EQ(other.count(), 1u);
}

TEST_F(VfuIrq, BadFormsAreRefused)
{
	const vfio_user_irq_set good = {20, kEventfd | kTrigger, VFU_IRQ_MSIX, 0, 1};
	vfio_user_irq_set set = good;

	EXPECT_EQ(send(good, "", {event.fd}), 0);
	EXPECT_EQ(send(good, "x", {event.fd}), -EINVAL) << "bytes too many";
	EXPECT_EQ(send(good, "", {event.fd, other.fd}), -EINVAL) << "a file too many";
	set.count = 3;
	EXPECT_EQ(send(set, "", {event.fd, other.fd}), -EINVAL) << "a file missing";
	set = good, set.argsz = 16;
	EXPECT_EQ(send(set, "", {event.fd}), -EINVAL) << "argsz";
	set = good, set.index = VFU_IRQS;
	EXPECT_EQ(send(set, "", {event.fd}), -EINVAL) << "index";
	set = good, set.start = Device::kVectors;
	EXPECT_EQ(send(set, "", {event.fd}), -EINVAL) << "start";
	set = good, set.start = Device::kVectors - 1, set.count = 2;
	EXPECT_EQ(send(set, ""), -EINVAL) << "count";
	set = good, set.start = 1, set.count = UINT32_MAX;
	EXPECT_EQ(send(set, ""), -EINVAL) << "count that wraps";
	set = good, set.index = VFU_IRQ_MSI;
	EXPECT_EQ(send(set, "", {event.fd}), -EINVAL) << "an index without vectors";
	EXPECT_EQ(send({20, kBool | kTrigger, VFU_IRQ_MSIX, 0, 2}, "x"), -EINVAL) << "too short";
	EXPECT_EQ(send({20, kNone | kTrigger, VFU_IRQ_MSIX, 0, 1}, "", {event.fd}), -EINVAL)
		<< "a file with no data";
	for (uint32_t flags : {0u, kNone, kTrigger, kNone | kBool | kTrigger,
			       kNone | kTrigger | kMask, kNone | kTrigger | 0x40u})
		EXPECT_EQ(send({20, flags, VFU_IRQ_MSIX, 0, 1}, ""), -EINVAL) << flags;
	EXPECT_EQ(raise(VFU_IRQ_MSIX, 0), 0) << "what was set up stays";
	EXPECT_EQ(event.count(), 1u);
}

TEST_F(VfuIrq, OnlyEventfdsAreTaken)
{
	Memory memory(4096);

	EXPECT_EQ(set(kEventfd | kTrigger, VFU_IRQ_MSIX, 0, 1, {memory.fd}), -EINVAL);
	EXPECT_FALSE(vfu_irq_armed(dev.device, VFU_IRQ_MSIX, 0));
}

TEST_F(VfuIrq, AnEventfdThatIsFullDoesNotStopTheServer)
{
	Event blocking, nonblocking(EFD_NONBLOCK);

	eventfd_write(blocking.fd, UINT64_MAX - 1);
	eventfd_write(nonblocking.fd, UINT64_MAX - 1);
	ASSERT_EQ(set(kEventfd | kTrigger, VFU_IRQ_MSIX, 0, 2, {blocking.fd, nonblocking.fd}), 0);
	EXPECT_EQ(raise(VFU_IRQ_MSIX, 0), 0);
	EXPECT_EQ(raise(VFU_IRQ_MSIX, 1), 0);
}

/* --- Masks --- */

TEST_F(VfuIrq, WhatAnIndexCannotBeAskedIsNoTty)
{
	EXPECT_EQ(set(kNone | kMask, VFU_IRQ_MSIX, 0, 1), -ENOTTY);
	EXPECT_EQ(set(kEventfd | kUnmask, VFU_IRQ_MSIX, 0, 1, {event.fd}), -ENOTTY);
}

TEST_F(VfuIrq, AMaskedVectorIsSignalledWhenItIsUnmasked)
{
	Device maskable;
	vfu_device_cfg cfg = Device::cfg("maskable");

	cfg.irq[VFU_IRQ_MSIX].flags |= VFU_IRQ_MASKABLE;
	client = agree(add(&maskable, cfg));
	ASSERT_EQ(set(kEventfd | kTrigger, VFU_IRQ_MSIX, 0, 2, {event.fd, other.fd}), 0);
	ASSERT_EQ(send({22, kBool | kMask, VFU_IRQ_MSIX, 0, 2}, std::string("\1\0", 2)), 0);
	EXPECT_TRUE(vfu_irq_masked(maskable.device, VFU_IRQ_MSIX, 0));
	EXPECT_FALSE(vfu_irq_masked(maskable.device, VFU_IRQ_MSIX, 1));
	EXPECT_EQ(vfu_irq_trigger(maskable.device, VFU_IRQ_MSIX, 0), -EAGAIN);
	EXPECT_EQ(event.count(), 0u);
	ASSERT_EQ(set(kNone | kUnmask, VFU_IRQ_MSIX, 0, 2), 0);
	EXPECT_EQ(event.count(), 1u);
	EXPECT_EQ(other.count(), 0u);
	ASSERT_EQ(set(kNone | kUnmask, VFU_IRQ_MSIX, 0, 2), 0);
	EXPECT_EQ(event.count(), 0u);
	EXPECT_EQ(set(kEventfd | kUnmask, VFU_IRQ_MSIX, 0, 1, {other.fd}), -ENOTTY)
		<< "that is for INTx";
	client.reset();
	pump();
}

TEST_F(VfuIrq, IntxMasksItselfAndIsRaisedAgainWhileItsLevelHolds)
{
	ASSERT_EQ(set(kEventfd | kTrigger, VFU_IRQ_INTX, 0, 1, {event.fd}), 0);
	level(true);
	EXPECT_EQ(event.count(), 1u);
	EXPECT_TRUE(vfu_irq_masked(dev.device, VFU_IRQ_INTX, 0));
	level(false);
	level(true);
	EXPECT_EQ(event.count(), 0u);
	ASSERT_EQ(set(kNone | kUnmask, VFU_IRQ_INTX, 0, 1), 0);
	EXPECT_EQ(event.count(), 1u);
	level(false);
	ASSERT_EQ(set(kNone | kUnmask, VFU_IRQ_INTX, 0, 1), 0);
	EXPECT_EQ(event.count(), 0u);
	EXPECT_FALSE(vfu_irq_masked(dev.device, VFU_IRQ_INTX, 0));
	level(true);
	EXPECT_EQ(event.count(), 1u);
}

TEST_F(VfuIrq, IntxThatIsSetUpWhileItsLevelHoldsIsRaisedAtOnce)
{
	level(true);
	ASSERT_EQ(set(kEventfd | kTrigger, VFU_IRQ_INTX, 0, 1, {event.fd}), 0);
	EXPECT_EQ(event.count(), 1u);
	ASSERT_EQ(set(kNone | kTrigger, VFU_IRQ_INTX, 0, 0), 0);
	EXPECT_FALSE(vfu_irq_masked(dev.device, VFU_IRQ_INTX, 0));
	ASSERT_EQ(set(kEventfd | kTrigger, VFU_IRQ_INTX, 0, 1, {other.fd}), 0);
	EXPECT_EQ(other.count(), 1u);
	EXPECT_EQ(event.count(), 0u);
}

TEST_F(VfuIrq, IntxThatWasTakenAwayBeginsUnmasked)
{
	ASSERT_EQ(set(kEventfd | kTrigger, VFU_IRQ_INTX, 0, 1, {event.fd}), 0);
	level(true);
	ASSERT_EQ(set(kEventfd | kTrigger, VFU_IRQ_INTX, 0, 1), 0);
	ASSERT_EQ(set(kEventfd | kTrigger, VFU_IRQ_INTX, 0, 1, {other.fd}), 0);
	EXPECT_EQ(other.count(), 1u);
	ASSERT_EQ(set(kEventfd | kTrigger, VFU_IRQ_INTX, 0, 1, {event.fd}), 0);
	EXPECT_EQ(event.count(), 1u) << "the first, and none now: it is still masked";
}

TEST_F(VfuIrq, IntxIsMaskedAndUnmaskedByEventfds)
{
	Event mask, unmask;

	ASSERT_EQ(set(kEventfd | kTrigger, VFU_IRQ_INTX, 0, 1, {event.fd}), 0);
	ASSERT_EQ(set(kEventfd | kUnmask, VFU_IRQ_INTX, 0, 1, {unmask.fd}), 0);
	ASSERT_EQ(set(kEventfd | kMask, VFU_IRQ_INTX, 0, 1, {mask.fd}), 0);
	mask.signal();
	pump();
	level(true);
	EXPECT_EQ(event.count(), 0u);
	unmask.signal();
	pump();
	EXPECT_EQ(event.count(), 1u);
	unmask.signal();
	pump();
	EXPECT_EQ(event.count(), 1u);
	ASSERT_EQ(set(kEventfd | kUnmask, VFU_IRQ_INTX, 0, 1), 0);
	unmask.signal();
	pump();
	EXPECT_EQ(event.count(), 0u);
}

TEST_F(VfuIrq, AnEventfdThatUnmasksWhatItSignalsKeepsNobodyElseWaiting)
{
	Device second;
	Client patient = agree(add(&second, Device::cfg("vf1")));
	vfio_user_region_access access = {0, 0, 4};
	vfu_call call = {};

	ASSERT_EQ(set(kEventfd | kTrigger, VFU_IRQ_INTX, 0, 1, {event.fd}), 0);
	ASSERT_EQ(set(kEventfd | kUnmask, VFU_IRQ_INTX, 0, 1, {event.fd}), 0);
	level(true);
	for (int i = 0; i < 100; i++)
		EXPECT_EQ(vfu_server_wait(server, 0), 1) << "once each time";
	call.command = VFIO_USER_REGION_READ;
	call.payload = &access;
	call.len_bytes = sizeof(access);
	ASSERT_GE(vfu_client_send(patient.get(), &call), 0);
	vfu_server_wait(server, 0);
	EXPECT_EQ(second.told.back(), "read 0 0+4");
	level(false);
	patient.reset();
	pump();
}

TEST_F(VfuIrq, EventfdsAndMasksGoWithTheClient)
{
	ASSERT_EQ(set(kEventfd | kTrigger, VFU_IRQ_INTX, 0, 1, {event.fd}), 0);
	ASSERT_EQ(set(kEventfd | kTrigger, VFU_IRQ_MSIX, 0, 1, {other.fd}), 0);
	level(true);
	client.reset();
	pump();
	EXPECT_FALSE(vfu_irq_armed(dev.device, VFU_IRQ_MSIX, 0));
	EXPECT_FALSE(vfu_irq_masked(dev.device, VFU_IRQ_INTX, 0));
	EXPECT_EQ(raise(VFU_IRQ_MSIX, 0), -ENOENT);
	client = agree(dev.device);
	ASSERT_EQ(set(kEventfd | kTrigger, VFU_IRQ_INTX, 0, 1, {other.fd}), 0);
	EXPECT_EQ(other.count(), 1u) << "the level is the device's, and still holds";
}
