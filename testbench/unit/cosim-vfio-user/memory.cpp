/* SPDX-License-Identifier: Apache-2.0 */
/* DMA_MAP, DMA_UNMAP: windows onto a client's memory. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testbench/unit/cosim-vfio-user/bench.hpp"

namespace
{
constexpr uint32_t kBoth = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
constexpr uint64_t kPage = 4096;
} // namespace

class VfuMemory : public VfuTest
{
public:
	VfuMemory() : memory(16 * kPage), client(agree(add(&dev, Device::cfg())))
	{
	}
	int map(uint64_t iova, uint64_t size, uint64_t offset = 0, uint32_t prot = kBoth)
	{
		return vfu_client_dma_map(client.get(), iova, size, memory.fd, offset, prot);
	}
	uint32_t &host_word(size_t map, size_t offset)
	{
		return *reinterpret_cast<uint32_t *>(static_cast<char *>(dev.maps[map].host) +
						     offset);
	}
	/* A message by hand. */
	int send_map(const vfio_user_dma_map &map, const std::vector<int> &fds = {})
	{
		vfu_call call = {};

		call.command = VFIO_USER_DMA_MAP;
		call.payload = &map;
		call.len_bytes = sizeof(map);
		call.fds = fds.data();
		call.fd_count = static_cast<uint32_t>(fds.size());
		return vfu_client_call(client.get(), &call);
	}
	int send_unmap(vfio_user_dma_unmap unmap)
	{
		vfu_call call = {};

		call.command = VFIO_USER_DMA_UNMAP;
		call.payload = call.reply = &unmap;
		call.len_bytes = call.room_bytes = sizeof(unmap);
		return vfu_client_call(client.get(), &call);
	}
	Memory memory;
	Client client;
};

TEST_F(VfuMemory, AWindowIsTheClientsMemoryFromItsOffsetOn)
{
	memory.word(2 * kPage) = 0x1234;
	ASSERT_EQ(map(0x10000, 4 * kPage, 2 * kPage), 0);
	ASSERT_EQ(dev.maps.size(), 1u);
	EXPECT_EQ(dev.maps[0].iova, 0x10000u);
	EXPECT_EQ(dev.maps[0].size_bytes, 4 * kPage);
	EXPECT_TRUE(dev.maps[0].readable && dev.maps[0].writable);
	EXPECT_EQ(host_word(0, 0), 0x1234u);
	host_word(0, kPage) = 0x5678;
	EXPECT_EQ(memory.word(3 * kPage), 0x5678u);
	EXPECT_EQ(vfu_client_dma_unmap(client.get(), 0x10000, 4 * kPage), 0);
	EXPECT_TRUE(dev.maps.empty());
}

TEST_F(VfuMemory, AWindowWithoutAFileHasNoHostPointer)
{
	ASSERT_EQ(vfu_client_dma_map(client.get(), 0, kPage, -1, 0, VFIO_DMA_MAP_FLAG_READ), 0);
	EXPECT_EQ(dev.maps.at(0).host, nullptr);
	EXPECT_TRUE(dev.maps[0].readable);
	EXPECT_FALSE(dev.maps[0].writable);
	EXPECT_EQ(vfu_client_dma_unmap(client.get(), 0, kPage), 0);
}

TEST_F(VfuMemory, AReadOnlyWindowCannotBeWritten)
{
	ASSERT_EQ(map(0, kPage, 0, VFIO_DMA_MAP_FLAG_READ), 0);
	EXPECT_FALSE(dev.maps.at(0).writable);
	EXPECT_DEATH(host_word(0, 0) = 1, "");
}

TEST_F(VfuMemory, AReadOnlyFileGivesNoWritableWindow)
{
	std::string path = "/proc/self/fd/" + std::to_string(memory.fd);
	int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);

	EXPECT_EQ(vfu_client_dma_map(client.get(), 0, kPage, fd, 0, kBoth), -EACCES);
	EXPECT_EQ(vfu_client_dma_map(client.get(), 0, kPage, fd, 0, VFIO_DMA_MAP_FLAG_READ), 0);
	close(fd);
}

TEST_F(VfuMemory, BadWindowsAreRefusedWithTheRightError)
{
	const vfio_user_dma_map good = {sizeof(good), kBoth, 0, 0x10000, kPage};
	const struct {
		const char *what;
		int error;
		vfio_user_dma_map map;
	} bad[] = {
		{"argsz", EINVAL, {16, kBoth, 0, 0x10000, kPage}},
		{"no protection", EINVAL, {32, 0, 0, 0x10000, kPage}},
		{"unknown flags", EINVAL, {32, 4 | kBoth, 0, 0x10000, kPage}},
		{"no size", EINVAL, {32, kBoth, 0, 0x10000, 0}},
		{"a size of no pages", EINVAL, {32, kBoth, 0, 0x10000, 100}},
		{"an address of no page", EINVAL, {32, kBoth, 0, 0x10008, kPage}},
		{"an offset of no page", EINVAL, {32, kBoth, 512, 0x10000, kPage}},
		{"an end that wraps", EINVAL, {32, kBoth, 0, UINT64_MAX - kPage + 1, 2 * kPage}},
		{"no size at 0", EINVAL, {32, kBoth, 0, 0, 0}},
		{"an offset that wraps", EINVAL, {32, kBoth, UINT64_MAX - kPage + 1, 0, 2 * kPage}},
		{"an offset beyond any file", EINVAL, {32, kBoth, UINT64_C(1) << 63, 0, kPage}},
		{"more than the file has", EINVAL, {32, kBoth, 0, 0x10000, 17 * kPage}},
		{"an offset behind the file", EINVAL, {32, kBoth, 16 * kPage, 0x10000, kPage}},
	};

	for (const auto &each : bad) {
		EXPECT_EQ(send_map(each.map, {memory.fd}), -each.error) << each.what;
		EXPECT_TRUE(dev.maps.empty()) << each.what;
	}
	EXPECT_TRUE(logged("DMA_MAP 0x10000+0x11000 is refused: Invalid argument"));
	EXPECT_EQ(send_map(good, {memory.fd}), 0);
}

TEST_F(VfuMemory, TheLastPageOfTheAddressSpaceCanBeMapped)
{
	EXPECT_EQ(map(UINT64_MAX - kPage + 1, kPage), 0);
	EXPECT_EQ(map(UINT64_MAX - 2 * kPage + 1, 2 * kPage), -EEXIST);
	EXPECT_EQ(map(UINT64_MAX - 2 * kPage + 1, kPage), 0);
}

TEST_F(VfuMemory, WindowsDoNotOverlap)
{
	ASSERT_EQ(map(0x10000, 4 * kPage), 0);
	EXPECT_EQ(map(0x10000, 4 * kPage), -EEXIST);
	EXPECT_EQ(map(0x13000, kPage), -EEXIST);
	EXPECT_EQ(map(0xf000, 2 * kPage), -EEXIST);
	EXPECT_EQ(map(0, 16 * kPage, 0), 0);
	EXPECT_EQ(map(0xf000, kPage), -EEXIST);
	EXPECT_EQ(map(0x14000, kPage), 0);
	EXPECT_EQ(dev.maps.size(), 3u);
}

TEST_F(VfuMemory, OtherFilesAreRefused)
{
	int pipe_fd[2];
	vfio_user_dma_map one = {sizeof(one), kBoth, 0, 0, kPage};

	ASSERT_EQ(pipe(pipe_fd), 0);
	EXPECT_EQ(send_map(one, {pipe_fd[0]}), -EINVAL);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	int folder = open("/", O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	EXPECT_EQ(send_map(one, {folder}), -EINVAL);
	close(folder);
	EXPECT_TRUE(dev.maps.empty());
}

TEST_F(VfuMemory, TheDeviceMayRefuseAWindow)
{
	dev.map_error = -EPERM;
	EXPECT_EQ(map(0, kPage), -EPERM);
	EXPECT_TRUE(dev.maps.empty());
	dev.map_error = 0;
	EXPECT_EQ(map(0, kPage), 0);
}

TEST_F(VfuMemory, ThereAreOnlySoManyWindows)
{
	Device few;
	vfu_device_cfg cfg = Device::cfg("few");

	cfg.max_dma_maps = 2;
	client = agree(add(&few, cfg));
	EXPECT_EQ(map(0, kPage), 0);
	EXPECT_EQ(map(kPage, kPage), 0);
	EXPECT_EQ(map(2 * kPage, kPage), -ENOSPC);
	EXPECT_EQ(vfu_client_dma_unmap(client.get(), 0, kPage), 0);
	EXPECT_EQ(map(2 * kPage, kPage), 0);
	client.reset();
	pump();
	EXPECT_TRUE(few.maps.empty());
}

TEST_F(VfuMemory, AnUnmapLeavesNoPartOfAWindow)
{
	const uint64_t size = 4 * kPage;

	ASSERT_EQ(map(0x10000, size), 0);
	EXPECT_EQ(send_unmap({24, 0, 0x10000, kPage}), -EINVAL);
	EXPECT_EQ(send_unmap({24, 0, 0x11000, size - kPage}), -EINVAL);
	EXPECT_EQ(send_unmap({24, 0, 0x11000, size}), -EINVAL);
	EXPECT_EQ(send_unmap({24, 0, 0, 0x10000 + kPage}), -EINVAL);
	EXPECT_EQ(send_unmap({24, 0, 0, 0}), -EINVAL);
	EXPECT_EQ(send_unmap({24, 0, UINT64_MAX - kPage + 1, 2 * kPage}), -EINVAL);
	EXPECT_EQ(send_unmap({16, 0, 0x10000, size}), -EINVAL);
	EXPECT_EQ(send_unmap({24, VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP, 0x10000, size}), -ENOTSUP);
	EXPECT_EQ(dev.maps.size(), 1u);
	EXPECT_EQ(send_unmap({24, 0, 0x10000, size}), 24);
	EXPECT_TRUE(dev.maps.empty());
	EXPECT_TRUE(logged("DMA_UNMAP 0x10000+0x1000: a part of 0x10000+0x4000"));
}

/* QEMU with an IOMMU in front of the device, which unmaps as if it were type 1. */
TEST_F(VfuMemory, AnUnmapTakesManyWindowsOrNone)
{
	auto unmapped = [this](uint64_t address, uint64_t size) {
		vfio_user_dma_unmap unmap = {24, 0, address, size};
		vfu_call call = {};

		call.command = VFIO_USER_DMA_UNMAP;
		call.payload = call.reply = &unmap;
		call.len_bytes = call.room_bytes = sizeof(unmap);
		EXPECT_EQ(vfu_client_call(client.get(), &call), 24);
		return unmap.size;
	};

	for (uint64_t i = 1; i <= 8; i++)
		ASSERT_EQ(map(i * 4 * kPage, (i == 3 ? 2 : 1) * kPage), 0);
	EXPECT_EQ(unmapped(0, kPage), 0u);
	EXPECT_EQ(unmapped(5 * kPage, kPage), 0u);
	EXPECT_EQ(dev.maps.size(), 8u);
	EXPECT_EQ(unmapped(6 * kPage, 8 * kPage), 3 * kPage) << "the second and the third";
	EXPECT_EQ(dev.maps.size(), 6u);
	EXPECT_EQ(map(12 * kPage, kPage), 0) << "there is room again";
	EXPECT_EQ(unmapped(0, UINT64_MAX & ~(kPage - 1)), 7 * kPage);
	EXPECT_TRUE(dev.maps.empty());
}

TEST_F(VfuMemory, AnUnmapOfAllLeavesNothing)
{
	for (uint64_t i = 0; i < 10; i++)
		ASSERT_EQ(map(i * 2 * kPage, kPage), 0);
	EXPECT_EQ(send_unmap({24, VFIO_DMA_UNMAP_FLAG_ALL, 0, kPage}), -EINVAL);
	EXPECT_EQ(dev.maps.size(), 10u);
	EXPECT_EQ(send_unmap({24, VFIO_DMA_UNMAP_FLAG_ALL, 0, 0}), 24);
	EXPECT_TRUE(dev.maps.empty());
}

TEST_F(VfuMemory, ThousandsOfWindowsAreFoundAgain)
{
	const uint64_t count = 3000;

	for (uint64_t i = 0; i < count; i++)
		ASSERT_EQ(send_map({32, kBoth, 0, (i * 7919 % count) * kPage, kPage}), 0);
	ASSERT_EQ(send_map({32, kBoth, 0, 17 * kPage, kPage}), -EEXIST);
	for (uint64_t i = 0; i < count; i++)
		ASSERT_EQ(send_unmap({24, 0, (i * 104729 % count) * kPage, kPage}), 24);
	EXPECT_TRUE(dev.maps.empty());
}

TEST_F(VfuMemory, PagesOfAHugeFileAreMappedWhole)
{
	int huge = memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB);

	if (huge < 0 || ftruncate(huge, 4 << 20)) {
		if (huge >= 0)
			close(huge);
		GTEST_SKIP() << "this kernel has no huge pages";
	}
	EXPECT_EQ(send_map({32, kBoth, kPage, 0x10000, kPage}, {huge}), 0);
	ASSERT_EQ(dev.maps.size(), 1u);
	EXPECT_EQ(reinterpret_cast<uintptr_t>(dev.maps[0].host) % (2 << 20), kPage);
	close(huge);
}

/* --- A client that makes its file shorter --- */

/* By the signal, or, in a sanitized build, by the sanitizer's own handler. */
static bool bus_error(int status)
{
	return WIFSIGNALED(status) ? WTERMSIG(status) == SIGBUS : WEXITSTATUS(status) == 1;
}

TEST_F(VfuMemory, AFileThatCanBeSealedIsSoAgainstShrinking)
{
	ASSERT_EQ(map(0, 16 * kPage), 0);
	EXPECT_EQ(ftruncate(memory.fd, kPage), -1);
	EXPECT_EQ(errno, EPERM);
}

TEST_F(VfuMemory, MemoryThatIsCutOffReadsAsZerosAndTheClientIsToo)
{
	Memory soft(16 * kPage, false);

	soft.word(8 * kPage) = 0x1234;
	ASSERT_EQ(vfu_client_dma_map(client.get(), 0, 16 * kPage, soft.fd, 0, kBoth), 0);
	EXPECT_EQ(host_word(0, 8 * kPage), 0x1234u);
	ASSERT_EQ(ftruncate(soft.fd, 4 * kPage), 0);
	EXPECT_EQ(host_word(0, 8 * kPage), 0u);
	host_word(0, 9 * kPage) = 7;
	EXPECT_EQ(host_word(0, 9 * kPage), 7u);
	EXPECT_EQ(host_word(0, 0), 0u);
	pump();
	pump();
	EXPECT_TRUE(logged("memory at 0x0 was cut off its file"));
	EXPECT_TRUE(logged("the client is cut off: Bad address"));
	EXPECT_TRUE(dev.maps.empty());
}

TEST_F(VfuMemory, ABusErrorElsewhereStillEndsTheProcess)
{
	Memory soft(16 * kPage, false);
	void *mine = mmap(nullptr, kPage, PROT_READ, MAP_SHARED, soft.fd, 0);

	ASSERT_EQ(map(0, kPage), 0);
	ASSERT_EQ(ftruncate(soft.fd, 0), 0);
	EXPECT_EXIT((void)*static_cast<volatile char *>(mine), bus_error, "");
	munmap(mine, kPage);
}
