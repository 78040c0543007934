/* SPDX-License-Identifier: Apache-2.0 */
/* A client that starts as QEMU does, and what a device is. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "testbench/unit/cosim-vfio-user/bench.hpp"

using testing::ElementsAre;
using testing::HasSubstr;

class VfuStart : public VfuTest
{
};

TEST_F(VfuStart, QemusOrderOfMessagesEndsWithAnArmedInterrupt)
{
	Memory memory(1 << 20);
	Event intx;
	Client client = connect(add(&dev, Device::cfg()));
	uint8_t config[4096];

	dev.config[0] = 0x86;
	dev.config[4095] = 0x5a;
	ASSERT_EQ(vfu_client_start(client.get(), memory.fd, 1 << 20, intx.fd, config), 0);
	EXPECT_EQ(config[0], 0x86);
	EXPECT_EQ(config[4095], 0x5a);
	ASSERT_EQ(dev.maps.size(), 1u);
	EXPECT_EQ(dev.maps[0].size_bytes, 1u << 20);
	EXPECT_TRUE(vfu_irq_armed(dev.device, VFU_IRQ_INTX, 0));
	EXPECT_TRUE(vfu_device_connected(dev.device));
	EXPECT_EQ(dev.told.front(), "connected");
	EXPECT_THAT(std::vector<std::string>(dev.told.end() - 4, dev.told.end()),
		    ElementsAre("irq 0 0+1", "irq 0 0+1", "reset", "irq 0 0+1"));
}

TEST_F(VfuStart, DeviceInfoCountsRegionsAndInterrupts)
{
	vfio_user_device_info info = {sizeof(info), 0, 0, 0};
	vfu_call call = {};
	Client client = agree(add(&dev, Device::cfg()));

	call.command = VFIO_USER_DEVICE_GET_INFO;
	call.payload = call.reply = &info;
	call.len_bytes = call.room_bytes = sizeof(info);
	ASSERT_EQ(vfu_client_call(client.get(), &call), static_cast<int>(sizeof(info)));
	EXPECT_EQ(info.flags,
		  static_cast<uint32_t>(VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET));
	EXPECT_EQ(info.num_regions, static_cast<uint32_t>(VFIO_PCI_NUM_REGIONS));
	EXPECT_EQ(info.num_irqs, static_cast<uint32_t>(VFIO_PCI_NUM_IRQS));
	info.argsz = 8;
	EXPECT_EQ(vfu_client_call(client.get(), &call), -EINVAL);
}

TEST_F(VfuStart, ADeviceWithoutResetDoesNotOfferIt)
{
	vfio_user_device_info info = {sizeof(info), 0, 0, 0};
	vfu_device_ops ops = Device::all_ops();
	vfu_call call = {};

	ops.reset = nullptr;
	Client client = agree(add(&dev, Device::cfg(), ops));
	call.command = VFIO_USER_DEVICE_GET_INFO;
	call.payload = call.reply = &info;
	call.len_bytes = call.room_bytes = sizeof(info);
	ASSERT_GT(vfu_client_call(client.get(), &call), 0);
	EXPECT_EQ(info.flags, static_cast<uint32_t>(VFIO_DEVICE_FLAGS_PCI));
	EXPECT_EQ(vfu_client_reset(client.get()), -ENOTSUP);
}

TEST_F(VfuStart, InterruptInfoIsTheDevices)
{
	vfio_user_irq_info info = {sizeof(info), 0, VFU_IRQ_MSIX, 0};
	vfu_call call = {};
	Client client = agree(add(&dev, Device::cfg()));

	call.command = VFIO_USER_DEVICE_GET_IRQ_INFO;
	call.payload = call.reply = &info;
	call.len_bytes = call.room_bytes = sizeof(info);
	ASSERT_GT(vfu_client_call(client.get(), &call), 0);
	EXPECT_EQ(info.count, Device::kVectors);
	EXPECT_EQ(info.flags,
		  static_cast<uint32_t>(VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE));
	info = {sizeof(info), 0, VFU_IRQS, 0};
	EXPECT_EQ(vfu_client_call(client.get(), &call), -EINVAL);
}

/* --- Regions --- */

class VfuRegionInfo : public VfuTest
{
public:
	struct Info {
		vfio_user_region_info info;
		vfio_user_sparse_mmap sparse;
		vfio_user_sparse_area area[2];
	};
	int ask(vfu_client *client, uint32_t index, uint32_t argsz)
	{
		vfu_call call = {};
		int rc;

		answer = {};
		answer.info.argsz = argsz;
		answer.info.index = index;
		call.command = VFIO_USER_DEVICE_GET_REGION_INFO;
		call.payload = call.reply = &answer;
		call.len_bytes = sizeof(answer.info);
		call.room_bytes = sizeof(answer);
		rc = vfu_client_call(client, &call);
		fd = call.reply_fd;
		return rc;
	}
	Info answer;
	int fd = -1;
};

TEST_F(VfuRegionInfo, SizeAndFlagsAreTheDevices)
{
	Client client = agree(add(&dev, Device::cfg()));

	EXPECT_EQ(ask(client.get(), 2, 32), 32);
	EXPECT_EQ(answer.info.size, Device::kBar2);
	EXPECT_EQ(answer.info.flags, static_cast<uint32_t>(VFIO_REGION_INFO_FLAG_READ));
	EXPECT_EQ(ask(client.get(), 3, 32), 32);
	EXPECT_EQ(answer.info.size, 0u);
	EXPECT_EQ(ask(client.get(), VFU_REGIONS, 32), -EINVAL);
	EXPECT_EQ(ask(client.get(), 0, 16), -EINVAL);
}

TEST_F(VfuRegionInfo, AMappableRegionComesWithItsFile)
{
	Memory memory(65536);
	vfu_device_cfg cfg = Device::cfg();
	struct stat sent, ours;

	cfg.region[4] = {
		Device::kBar4, VFU_REGION_READ | VFU_REGION_MMAP, memory.fd, 4096, nullptr, 0};
	Client client = agree(add(&dev, cfg));
	ASSERT_EQ(ask(client.get(), 4, 32), 32);
	EXPECT_TRUE(answer.info.flags & VFIO_REGION_INFO_FLAG_MMAP);
	EXPECT_FALSE(answer.info.flags & VFIO_REGION_INFO_FLAG_CAPS);
	EXPECT_EQ(answer.info.offset, 4096u);
	ASSERT_GE(fd, 0);
	fstat(fd, &sent);
	fstat(memory.fd, &ours);
	EXPECT_EQ(sent.st_ino, ours.st_ino);
	close(fd);
}

TEST_F(VfuRegionInfo, SparseAreasNeedRoomAndTheFileComesWithThem)
{
	Memory memory(65536);
	vfu_device_cfg cfg = Device::cfg();
	const vfu_area areas[] = {{0, 4096}, {8192, 4096}};

	cfg.region[4] = {Device::kBar4, VFU_REGION_READ | VFU_REGION_MMAP, memory.fd, 0, areas, 2};
	Client client = agree(add(&dev, cfg));
	ASSERT_EQ(ask(client.get(), 4, 32), 32);
	EXPECT_EQ(answer.info.argsz, sizeof(answer));
	EXPECT_EQ(answer.info.cap_offset, 32u) << "0 is what QEMU refuses";
	EXPECT_TRUE(answer.info.flags & VFIO_REGION_INFO_FLAG_CAPS);
	EXPECT_EQ(fd, -1);
	ASSERT_EQ(ask(client.get(), 4, sizeof(answer)), static_cast<int>(sizeof(answer)));
	EXPECT_EQ(answer.info.cap_offset, 32u);
	EXPECT_EQ(answer.sparse.id, VFIO_REGION_INFO_CAP_SPARSE_MMAP);
	EXPECT_EQ(answer.sparse.nr_areas, 2u);
	EXPECT_EQ(answer.area[1].offset, 8192u);
	EXPECT_EQ(answer.area[1].size, 4096u);
	ASSERT_GE(fd, 0);
	close(fd);
}

TEST_F(VfuRegionInfo, NothingIsMappableForAClientThatTakesNoFile)
{
	Memory memory(65536);
	vfu_device_cfg cfg = Device::cfg();

	cfg.region[4] = {
		Device::kBar4, VFU_REGION_READ | VFU_REGION_MMAP, memory.fd, 0, nullptr, 0};
	Client client = connect(add(&dev, cfg));
	ASSERT_EQ(vfu_client_version(client.get(), "{\"capabilities\":{\"max_msg_fds\":0}}",
				     nullptr, 4096),
		  0);
	ASSERT_EQ(ask(client.get(), 4, 32), 32);
	EXPECT_EQ(answer.info.flags, static_cast<uint32_t>(VFIO_REGION_INFO_FLAG_READ));
	EXPECT_EQ(fd, -1);
}

TEST_F(VfuRegionInfo, NoPartHasFileDescriptorsForItsAccesses)
{
	Client client = agree(add(&dev, Device::cfg()));
	vfio_user_region_io_fds fds = {sizeof(fds), 0, 0, 0};
	vfu_call call = {};

	call.command = VFIO_USER_DEVICE_GET_REGION_IO_FDS;
	call.payload = call.reply = &fds;
	call.len_bytes = call.room_bytes = sizeof(fds);
	ASSERT_EQ(vfu_client_call(client.get(), &call), static_cast<int>(sizeof(fds)));
	EXPECT_EQ(fds.count, 0u);
	fds = {sizeof(fds), 1, 0, 0};
	EXPECT_EQ(vfu_client_call(client.get(), &call), -EINVAL);
	fds = {sizeof(fds), 0, VFU_REGIONS, 0};
	EXPECT_EQ(vfu_client_call(client.get(), &call), -EINVAL);
}

/* --- VERSION --- */

class VfuVersion : public VfuTest
{
public:
	int agree_on(const char *json, bool twin = false)
	{
		vfu_device_cfg cfg = Device::cfg();

		cfg.twin_socket = twin;
		if (!dev.device)
			add(&dev, cfg);
		client = connect(dev.device);
		memset(reply, 0, sizeof(reply));
		return vfu_client_version(client.get(), json, reply, sizeof(reply));
	}
	Client client;
	char reply[4096];
};

TEST_F(VfuVersion, TheReplyHasWhatWasProposedAndNoMore)
{
	ASSERT_EQ(agree_on("{\"capabilities\":{\"max_msg_fds\":8,\"pgsizes\":4096,"
			   "\"max_dma_maps\":10,\"max_data_xfer_size\":4096,\"other\":[1]}}"),
		  0);
	EXPECT_STREQ(reply, "{\"capabilities\":{\"max_msg_fds\":16,\"max_data_xfer_size\":1048576,"
			    "\"max_dma_maps\":65535,\"pgsizes\":4096}}");
	client.reset();
	pump();
	ASSERT_EQ(agree_on(nullptr), 0);
	EXPECT_STREQ(reply, "{\"capabilities\":{}}");
	client.reset();
	pump();
	ASSERT_EQ(agree_on("{}"), 0);
	EXPECT_STREQ(reply, "{\"capabilities\":{}}");
}

TEST_F(VfuVersion, WriteMultipleAndTwinSocketAreSaidAsTheyAre)
{
	ASSERT_EQ(agree_on("{\"capabilities\":{\"write_multiple\":false,"
			   "\"twin_socket\":{\"supported\":true}}}"),
		  0);
	EXPECT_STREQ(reply, "{\"capabilities\":{\"write_multiple\":false}}");
}

TEST_F(VfuVersion, ATwinSocketComesWithTheReply)
{
	ASSERT_EQ(agree_on("{\"capabilities\":{\"twin_socket\":{\"supported\":true}}}", true), 0);
	EXPECT_STREQ(reply,
		     "{\"capabilities\":{\"twin_socket\":{\"supported\":true,\"fd_index\":0}}}");
}

TEST_F(VfuVersion, NoTwinSocketForAClientThatTakesNoFile)
{
	ASSERT_EQ(agree_on("{\"capabilities\":{\"max_msg_fds\":0,"
			   "\"twin_socket\":{\"supported\":true}}}",
			   true),
		  0);
	EXPECT_STREQ(reply, "{\"capabilities\":{\"max_msg_fds\":16}}");
}

TEST_F(VfuVersion, ATwinSocketGoesWithItsClient)
{
	const char *json = "{\"capabilities\":{\"twin_socket\":{\"supported\":true}}}";

	ASSERT_EQ(agree_on(json, true), 0);
	client.reset();
	pump();
	unsigned before = open_fds();
	ASSERT_EQ(agree_on(json, true), 0);
	client.reset();
	pump();
	EXPECT_EQ(open_fds(), before);
}

TEST_F(VfuVersion, WhatIsNoJsonOrNotOfItsTypeEndsTheConnection)
{
	const struct {
		const char *json, *line;
	} bad[] = {
		{"{", "VERSION: "},
		{"", "VERSION: "},
		{"[]", "not a JSON object"},
		{"{}{}", "VERSION: end of file expected"},
		{"{\"capabilities\":[]}", "capabilities are not an object"},
		{"{\"capabilities\":{\"max_msg_fds\":\"8\"}}", "max_msg_fds"},
		{"{\"capabilities\":{\"max_msg_fds\":-1}}", "max_msg_fds"},
		{"{\"capabilities\":{\"max_msg_fds\":1.5}}", "max_msg_fds"},
		{"{\"capabilities\":{\"max_msg_fds\":99999999999999999999}}", "VERSION: too big"},
		{"{\"capabilities\":{\"pgsizes\":1,\"pgsizes\":2}}", "duplicate"},
		{"{\"capabilities\":{\"pgsizes\":null}}", "pgsizes"},
		{"{\"capabilities\":{\"max_dma_maps\":{}}}", "max_dma_maps"},
		{"{\"capabilities\":{\"max_data_xfer_size\":[]}}", "max_data_xfer_size"},
		{"{\"capabilities\":{\"write_multiple\":1}}", "write_multiple"},
		{"{\"capabilities\":{\"twin_socket\":true}}", "twin_socket"},
		{"{\"capabilities\":{\"twin_socket\":{\"supported\":1}}}", "twin_socket"},
		{"{\"capabilities\":{\"migration\":1}}", "migration"},
		{"{\"\xff\":1}", "decode byte 0xff"},
	};

	for (const auto &each : bad) {
		log.clear();
		EXPECT_EQ(agree_on(each.json), -EINVAL) << each.json;
		EXPECT_TRUE(logged(each.line));
		EXPECT_TRUE(logged("the client is cut off"));
		EXPECT_EQ(vfu_client_reset(client.get()), -ECONNRESET) << each.json;
	}
	EXPECT_TRUE(dev.told.empty());
	log.clear();
	EXPECT_EQ(agree_on("{\"\x1b[31m\":1}"), -EINVAL);
	EXPECT_TRUE(logged("?[31m")) << "nothing that a terminal would obey";
	EXPECT_EQ(agree_on("{}"), 0);
}
