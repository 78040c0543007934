// SPDX-License-Identifier: Apache-2.0
// Processes: descriptors, memory, eventfds, and who hears of calls.
#include "testbench/unit/uapi/machine.h"

namespace
{

constexpr uint64_t kPage = 4096, kMiB = 1 << 20;

class Process : public Machine
{
};

TEST_F(Process, DescriptorsAreTheLowestFreeFromThree)
{
	run([&](actor *actor) {
		EXPECT_EQ(open_iommu(), 3);
		EXPECT_EQ(open_device(), 4);
		EXPECT_EQ(uapi_close(process, actor, 3), 0);
		EXPECT_EQ(uapi_eventfd(process, nullptr, nullptr), 3);
		EXPECT_EQ(uapi_close(process, actor, 9), -EBADF);
		EXPECT_EQ(uapi_open(process, actor, "/dev/vfio/devices/vfio7", 0), -ENOENT);
		EXPECT_EQ(uapi_access(process, actor, "/dev/iommu", 0), 0);
		EXPECT_EQ(uapi_access(process, actor, "/dev/nothing", 0), -ENOENT);
	});
}

TEST_F(Process, DescriptorsRunOut)
{
	run([&](actor *) {
		for (int fd = 3; fd < 1024; fd++)
			ASSERT_EQ(uapi_eventfd(process, nullptr, nullptr), fd);
		EXPECT_EQ(uapi_eventfd(process, nullptr, nullptr), -EMFILE);
		EXPECT_EQ(open_iommu(), -EMFILE);
		EXPECT_EQ(uapi_memfd_create(process, "ram", kMiB), -EMFILE);
	});
}

TEST_F(Process, CdevHasItsNumber)
{
	run([&](actor *actor) {
		uapi_stat stat;
		ASSERT_EQ(uapi_fstat(process, actor, open_device(), &stat), 0);
		EXPECT_EQ(stat.mode & 0170000, 0020000u);
		EXPECT_EQ(stat.major, 511u);
		EXPECT_EQ(stat.minor, 0u);
		EXPECT_EQ(uapi_fstat(process, actor, 77, &stat), -EBADF);
	});
}

TEST_F(Process, SmallPagesAreNeverContiguous)
{
	run([&](actor *) {
		uint64_t va = anonymous(64 * kMiB);
		uapi_run run;
		for (uint64_t at = kPage; at < kMiB; at += kPage)
			EXPECT_NE(uapi_translate(process, va + at),
				  uapi_translate(process, va + at - kPage) + kPage);
		ASSERT_EQ(uapi_memory_run(process, va + 5 * kPage, &run), 0);
		EXPECT_EQ(run.pages, 64 * kMiB / kPage - 5);
		EXPECT_EQ(run.step, -4096);
		EXPECT_EQ(run.first_pa, uapi_translate(process, va + 5 * kPage));
		EXPECT_EQ(uapi_memory_run(process, va + 64 * kMiB, &run), -EFAULT);
	});
}

class LargePages : public Machine
{
	void SetUp() override
	{
		cfg.page_size = 2 * kMiB;
		boot();
	}
};

TEST_F(LargePages, LargePagesAreContiguousAndAligned)
{
	run([&](actor *) {
		uint64_t va = anonymous(8 * kMiB);
		uapi_run run;
		EXPECT_EQ(va % (2 * kMiB), 0u);
		ASSERT_EQ(uapi_memory_run(process, va, &run), 0);
		EXPECT_EQ(run.first_pa % (2 * kMiB), 0u);
		EXPECT_EQ(run.step, 4096);
		EXPECT_EQ(run.pages, 8 * kMiB / kPage);
	});
}

TEST_F(Process, MemoryReadsAsZeroAfterAnotherOwner)
{
	for (uint64_t at = 0; at < 4 * kMiB; at += kPage)
		memory[kDramBase + at].fill(0x55); // whoever had the frames before
	run([&](actor *) {
		uint64_t va = anonymous(kMiB);
		for (uint64_t at = 0; at < kMiB; at += kPage) {
			uint64_t pa = uapi_translate(process, va + at);
			ASSERT_LT(pa, kDramBase + 4 * kMiB);
			EXPECT_EQ(memory.count(pa), 0u); // known to be zero
		}
	});
}

TEST_F(Process, MunmapTakesAPieceOut)
{
	run([&](actor *actor) {
		uint64_t va = anonymous(8 * kPage), before[8];
		for (int i = 0; i < 8; i++)
			before[i] = uapi_translate(process, va + i * kPage);
		ASSERT_EQ(uapi_munmap(process, actor, va + 2 * kPage, 3 * kPage), 0);
		for (int i = 0; i < 8; i++)
			EXPECT_EQ(uapi_translate(process, va + i * kPage),
				  i >= 2 && i < 5 ? 0 : before[i]);
		EXPECT_EQ(uapi_munmap(process, actor, va, 8 * kPage), 0);
		EXPECT_EQ(uapi_munmap(process, actor, va + 1, kPage), -EINVAL);
	});
}

TEST_F(Process, MmapAtAnAddressMustFindItFree)
{
	run([&](actor *actor) {
		uint64_t va = UINT64_C(0x100000000);
		EXPECT_EQ(uapi_mmap(process, actor, kMiB, -1, 0, &va), 0);
		EXPECT_EQ(va, UINT64_C(0x100000000));
		va += kMiB - kPage;
		EXPECT_EQ(uapi_mmap(process, actor, kMiB, -1, 0, &va), -EEXIST);
		EXPECT_EQ(uapi_mmap(process, actor, kMiB, 50, 0, &va), -EBADF);
		EXPECT_EQ(uapi_mmap(process, actor, kMiB, open_iommu(), 0, &va), -ENODEV);
	});
}

TEST_F(Process, EventfdCountsAndReadTakesAll)
{
	run([&](actor *actor) {
		int fd = uapi_eventfd(process, nullptr, nullptr);
		uint64_t value = 3;
		EXPECT_EQ(uapi_poll(process, actor, fd, 0), 0);
		EXPECT_EQ(uapi_write(process, actor, fd, &value, 8), 8);
		EXPECT_EQ(uapi_write(process, actor, fd, &value, 8), 8);
		EXPECT_EQ(uapi_write(process, actor, fd, &value, 4), -EINVAL);
		EXPECT_EQ(uapi_poll(process, actor, fd, 0), 1);
		EXPECT_EQ(uapi_read(process, actor, fd, &value, 4), -EINVAL);
		EXPECT_EQ(uapi_read(process, actor, fd, &value, 8), 8);
		EXPECT_EQ(value, 6u);
		EXPECT_EQ(uapi_pread(process, actor, fd, &value, 8, 0), -ESPIPE);
		uint64_t deadline = sim_now(&sim) + PS_PER_US;
		EXPECT_EQ(uapi_poll(process, actor, fd, deadline), 0);
		EXPECT_EQ(sim_now(&sim), deadline);
	});
}

TEST_F(Process, ReadOfAnEmptyEventfdWaits)
{
	run([&](actor *actor) {
		int fd = uapi_eventfd(process, nullptr, nullptr);
		std::function<void(::actor *)> body = [&](::actor *me) {
			uint64_t one = 1;
			actor_sleep(me, PS_PER_MS);
			EXPECT_EQ(uapi_write(process, me, fd, &one, 8), 8);
		};
		::actor *writer = actor_start(
			&sim, "writer",
			[](::actor *me, void *arg) {
				(*static_cast<std::function<void(::actor *)> *>(arg))(me);
			},
			&body);
		uint64_t value, begin = sim_now(&sim);
		EXPECT_EQ(uapi_read(process, actor, fd, &value, 8), 8);
		EXPECT_EQ(sim_now(&sim) - begin, PS_PER_MS);
		actor_join(actor, writer);
	});
}

TEST_F(Process, ListenerHearsOfACallBeforeAndAfter)
{
	std::vector<std::string> heard;
	uapi_call_hook hook = {};
	hook.ctx = &heard;
	hook.before = [](void *ctx, const uapi_call *call) {
		static_cast<std::vector<std::string> *>(ctx)->push_back(
			std::string("before ") + call->name + " " + call->file);
	};
	hook.after = [](void *ctx, const uapi_call *call) {
		static_cast<std::vector<std::string> *>(ctx)->push_back(
			std::string(call->name) + " " + call->file + " " +
			std::to_string(call->result));
	};
	run([&](actor *actor) {
		uapi_process_add_hook(process, &hook);
		int fd = open_iommu();
		ioas_alloc(fd);
		uapi_close(process, actor, fd);
		uapi_process_remove_hook(process, &hook);
		open_iommu();
	});
	EXPECT_THAT(heard, testing::ElementsAre("before open none", "open iommufd 3",
						"before IOMMU_IOAS_ALLOC iommufd",
						"IOMMU_IOAS_ALLOC iommufd 0",
						"before close iommufd", "close iommufd 0"));
}

TEST_F(Process, SeveralMayListenEachUntilItStops)
{
	std::string heard;
	struct Ear {
		std::string *heard;
		char name;
	} ear[2] = {{&heard, 'a'}, {&heard, 'b'}};
	uapi_call_hook hook[2] = {};

	run([&](actor *actor) {
		for (int i = 0; i < 2; i++) {
			hook[i].ctx = &ear[i];
			hook[i].after = [](void *ctx, const uapi_call *) {
				*static_cast<Ear *>(ctx)->heard += static_cast<Ear *>(ctx)->name;
			};
			uapi_process_add_hook(process, &hook[i]);
		}
		int fd = open_iommu();
		uapi_process_remove_hook(process, &hook[0]);
		uapi_process_remove_hook(process, &hook[0]); /* not in the list: nothing happens */
		uapi_close(process, actor, fd);
		uapi_process_remove_hook(process, &hook[1]);
		open_iommu();
	});
	EXPECT_EQ(heard, "abb");
}

TEST_F(Process, CallsAreTracedWithoutAddressesOfTheProgram)
{
	run([&](actor *) {
		int fd = open_iommu(), device = open_device();
		bind(device, fd);
		iommu_ioas_iova_ranges cmd = {};
		iommu_iova_range range;
		cmd.size = sizeof(cmd);
		cmd.ioas_id = ioas_alloc(fd);
		cmd.num_iovas = 1;
		cmd.allowed_iovas = reinterpret_cast<uint64_t>(&range);
		ASSERT_EQ(ioctl(fd, IOMMU_IOAS_IOVA_RANGES, &cmd), 0);
	});
	Event last = events(TRACE_CALL).back();
	EXPECT_EQ(last.arg[2], static_cast<uint64_t>(IOMMU_IOAS_IOVA_RANGES));
	ASSERT_EQ(last.data.size(), sizeof(iommu_ioas_iova_ranges));
	EXPECT_EQ(std::vector<uint8_t>(last.data.begin() + 16, last.data.begin() + 24),
		  std::vector<uint8_t>(8, 0));
}

class TimedCalls : public Machine
{
	void SetUp() override
	{
		cfg.syscall_ps = 300 * PS_PER_NS;
		boot();
	}
};

TEST_F(TimedCalls, EachCallTakesItsTime)
{
	run([&](actor *actor) {
		uint64_t begin = sim_now(&sim);
		int fd = open_iommu();
		ioas_alloc(fd);
		uapi_close(process, actor, fd);
		EXPECT_EQ(sim_now(&sim) - begin, 3 * cfg.syscall_ps);
		EXPECT_EQ(uapi_poll(process, actor, 77, 0), -EBADF);
	});
}

TEST_F(Process, ExitFreesEverything)
{
	run([&](actor *actor) {
		int iommu = open_iommu(), device = open_device();
		bind(device, iommu);
		uint32_t ioas = ioas_alloc(iommu), pt = ioas;
		ASSERT_EQ(attach(device, &pt), 0);
		ASSERT_EQ(map(iommu, ioas, anonymous(kMiB), kMiB, 0), 0);
		ASSERT_EQ(irqs(device, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
			       VFIO_PCI_MSIX_IRQ_INDEX, 0,
			       {uapi_eventfd(process, nullptr, nullptr)}),
			  0);
		uapi_process_exit(process, actor);
		process = nullptr;
	});
	EXPECT_TRUE(msi.empty());
	EXPECT_EQ(smmu.stream[kStream], nullptr);
	EXPECT_EQ(frames_in_use(free_frames), 0u);
	EXPECT_TRUE(events(TRACE_LEAK).empty());
}

TEST_F(Process, WhatIsStillThereAtTheEndIsALeak)
{
	uapi_process *other =
		uapi_process_create(kernel, "forgotten", &uapi_user_ops_direct, nullptr);
	run([&](actor *actor) {
		uapi_process_exit(process, actor);
		process = nullptr;
	});
	uapi_kernel_destroy(kernel);
	kernel = nullptr;
	auto leaks = events(TRACE_LEAK);
	ASSERT_EQ(leaks.size(), 1u);
	EXPECT_EQ(leaks[0].arg[0], static_cast<uint64_t>(UAPI_LEAK_PROCESSES));
	EXPECT_EQ(leaks[0].arg[1], 1u);
	free(other);
}

} // namespace
