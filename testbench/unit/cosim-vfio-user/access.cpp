/* SPDX-License-Identifier: Apache-2.0 */
/* Accesses that the device answers now or later: regions, reset, features, migration data. */
#include <poll.h>
#include <unistd.h>

#include "testbench/unit/cosim-vfio-user/bench.hpp"

using testing::ElementsAre;

class VfuAccess : public VfuTest
{
public:
	VfuAccess() : client(agree(add(&dev, Device::cfg())))
	{
		dev.told.clear();
	}
	uint32_t read(uint64_t offset, uint32_t region = 0)
	{
		uint32_t value = 0;

		EXPECT_EQ(vfu_client_read(client.get(), region, offset, &value, 4), 0);
		return value;
	}
	int write(uint64_t offset, uint32_t value, bool posted = false, uint32_t region = 0)
	{
		return vfu_client_write(client.get(), region, offset, &value, 4, posted);
	}
	/* Begins a read; its ID. */
	int send_read(uint64_t offset)
	{
		vfio_user_region_access access = {offset, 0, 4};
		vfu_call call = {};

		call.command = VFIO_USER_REGION_READ;
		call.payload = &access;
		call.len_bytes = sizeof(access);
		return vfu_client_send(client.get(), &call);
	}
	int call(uint16_t command, const std::string &payload, std::string *reply = nullptr)
	{
		std::vector<char> room(1 << 21);
		vfu_call call = {};
		int rc;

		call.command = command;
		call.payload = payload.data();
		call.len_bytes = static_cast<uint32_t>(payload.size());
		call.reply = room.data();
		call.room_bytes = static_cast<uint32_t>(room.size());
		rc = vfu_client_call(client.get(), &call);
		if (reply && rc >= 0)
			reply->assign(room.data(), static_cast<size_t>(rc));
		return rc;
	}
	Client client;
};

TEST_F(VfuAccess, WhatIsWrittenIsRead)
{
	EXPECT_EQ(write(0x100, 0x12345678), 0);
	EXPECT_EQ(read(0x100), 0x12345678u);
	EXPECT_EQ(write(0xffc, 7, false, VFU_REGION_CONFIG), 0);
	EXPECT_EQ(read(0xffc, VFU_REGION_CONFIG), 7u);
	EXPECT_THAT(dev.told, ElementsAre("write 0 256+4", "read 0 256+4", "write 7 4092+4",
					  "read 7 4092+4"));
}

TEST_F(VfuAccess, AWholeRegionIsReadAtOnce)
{
	std::vector<uint8_t> all(Device::kBar0);

	dev.bar0[0] = 1;
	dev.bar0[Device::kBar0 - 1] = 2;
	ASSERT_EQ(vfu_client_read(client.get(), 0, 0, all.data(), Device::kBar0), 0);
	EXPECT_EQ(all.front(), 1);
	EXPECT_EQ(all.back(), 2);
}

TEST_F(VfuAccess, PostedWritesHaveNoReplyAndComeInOrder)
{
	for (uint32_t i = 0; i < 200; i++)
		ASSERT_EQ(write(0, i, true), 0);
	EXPECT_EQ(read(0), 199u);
	ASSERT_EQ(dev.told.size(), 201u);
	EXPECT_EQ(dev.told.front(), "write 0 0+4 posted");
}

TEST_F(VfuAccess, AccessesOutsideOfARegionAreRefused)
{
	uint8_t byte[8] = {};
	const struct {
		const char *what;
		uint32_t region;
		uint64_t offset;
		uint32_t count;
	} bad[] = {
		{"across the end", 0, Device::kBar0 - 3, 4},
		{"behind the end", 0, Device::kBar0, 1},
		{"an offset that wraps", 0, UINT64_MAX, 2},
		{"no bytes", 0, 0, 0},
		{"no such region", VFU_REGIONS, 0, 4},
		{"a region of no size", 1, 0, 4},
	};

	for (const auto &each : bad) {
		EXPECT_EQ(vfu_client_read(client.get(), each.region, each.offset, byte, each.count),
			  -EINVAL)
			<< each.what;
		EXPECT_EQ(vfu_client_write(client.get(), each.region, each.offset, byte, each.count,
					   false),
			  -EINVAL)
			<< each.what;
	}
	EXPECT_EQ(write(0, 1, false, 2), -EPERM) << "BAR 2 is read-only";
	EXPECT_EQ(read(0, 2), 0u);
	EXPECT_THAT(dev.told, ElementsAre("read 2 0+4"));
	EXPECT_TRUE(logged("a read of region 0, 0xfffd+4 is refused"));
}

TEST_F(VfuAccess, CountAndMessageAreOfOneLength)
{
	EXPECT_EQ(call(VFIO_USER_REGION_READ, bytes_of(vfio_user_region_access{0, 0, 4}) + "x"),
		  -EINVAL);
	EXPECT_EQ(call(VFIO_USER_REGION_WRITE, bytes_of(vfio_user_region_access{0, 0, 4}) + "xyz"),
		  -EINVAL);
	EXPECT_EQ(
		call(VFIO_USER_REGION_WRITE, bytes_of(vfio_user_region_access{0, 0, 4}) + "xyzab"),
		-EINVAL);
	EXPECT_EQ(call(VFIO_USER_REGION_READ, bytes_of(vfio_user_region_access{0, 0, UINT32_MAX})),
		  -EINVAL);
	EXPECT_TRUE(dev.told.empty());
}

TEST_F(VfuAccess, TheDevicesErrorIsTheReplys)
{
	uint32_t value;

	dev.error = EIO;
	EXPECT_EQ(vfu_client_read(client.get(), 0, 0, &value, 4), -EIO);
	EXPECT_EQ(write(0, 1), -EIO);
	EXPECT_EQ(write(0, 1, true), 0);
	EXPECT_EQ(vfu_client_reset(client.get()), -EIO);
}

TEST_F(VfuAccess, AReadIsAnsweredLaterAndWhatFollowsWaits)
{
	uint8_t reply[20];
	vfu_call call = {};
	int id;

	dev.hold = true;
	id = send_read(0x10);
	ASSERT_EQ(write(0x10, 5, true), 0);
	pump();
	ASSERT_NE(dev.held, nullptr);
	EXPECT_THAT(dev.told, ElementsAre("read 0 16+4")) << "the write waits behind it";
	call.command = VFIO_USER_REGION_READ;
	call.reply = reply;
	call.room_bytes = sizeof(reply);
	EXPECT_EQ(vfu_client_reply(client.get(), id, &call), -ETIMEDOUT);
	dev.hold = false;
	dev.done();
	EXPECT_EQ(dev.told.size(), 1u) << "nor is it handled in the device's call";
	EXPECT_EQ(vfu_server_wait(server, UINT64_C(20000000000)), 1) << "at once";
	EXPECT_EQ(dev.told.size(), 2u);
	EXPECT_EQ(vfu_client_reply(client.get(), id, &call), static_cast<int>(sizeof(reply)));
	EXPECT_EQ(reply[16], 0) << "as it was before the write";
	EXPECT_EQ(read(0x10), 5u);
}

TEST_F(VfuAccess, WhatComesBehindAnOpenAccessLeavesItsDataWhereItIs)
{
	vfio_user_region_access access = {0, 0, 4};
	std::string payload = bytes_of(access) + "keep";
	vfu_call call = {};

	/* In one piece, so that the second is not at the front. */
	ASSERT_EQ(write(8, 1, true), 0);
	call.command = VFIO_USER_REGION_WRITE;
	call.payload = payload.data();
	call.len_bytes = static_cast<uint32_t>(payload.size());
	dev.hold = false;
	ASSERT_GE(vfu_client_send(client.get(), &call), 0);
	dev.hold_from = 2;
	pump();
	ASSERT_NE(dev.held, nullptr);
	EXPECT_EQ(dev.told.size(), 2u);
	for (uint32_t i = 0; i < 4000; i++) {
		ASSERT_EQ(write(16, 0xffffffff, true), 0);
		pump();
	}
	EXPECT_EQ(std::string(reinterpret_cast<char *>(dev.held->data), 4), "keep");
	/* The room for what comes is used up; the server sleeps all the same. */
	EXPECT_EQ(vfu_server_wait(server, 0), 0);
	pollfd poll_fd = {vfu_server_fd(server), POLLIN, 0};
	EXPECT_EQ(poll(&poll_fd, 1, 0), 0);
	dev.done();
	EXPECT_EQ(read(16), 0xffffffff) << "when all that waited is done";
	EXPECT_EQ(dev.told.size(), 4003u);
}

TEST_F(VfuAccess, AnOpenAccessOfOneDeviceDoesNotHoldUpAnother)
{
	Device second;
	Client other = agree(add(&second, Device::cfg("vf1")));
	uint32_t value = 9;

	dev.hold = true;
	send_read(0);
	pump();
	ASSERT_NE(dev.held, nullptr);
	EXPECT_EQ(vfu_client_write(other.get(), 0, 0, &value, 4, false), 0);
	EXPECT_EQ(vfu_client_read(other.get(), 0, 0, &value, 4), 0);
	EXPECT_EQ(value, 9u);
	dev.done();
	dev.hold = false;
	other.reset();
	pump();
}

TEST_F(VfuAccess, AResetIsAnsweredLater)
{
	vfu_call call = {};
	int id;

	dev.hold = true;
	call.command = VFIO_USER_DEVICE_RESET;
	id = vfu_client_send(client.get(), &call);
	EXPECT_EQ(vfu_client_reply(client.get(), id, &call), -ETIMEDOUT);
	EXPECT_THAT(dev.told, ElementsAre("reset"));
	dev.done();
	EXPECT_EQ(vfu_client_reply(client.get(), id, &call), 0);
	EXPECT_EQ(this->call(VFIO_USER_DEVICE_RESET, "x"), -EINVAL);
}

/* --- Several writes in one message --- */

class VfuMulti : public VfuAccess
{
public:
	static vfio_user_small_write one(uint64_t offset, uint8_t value, uint32_t count = 1,
					 uint32_t region = 0)
	{
		return {offset, region, count, {value}};
	}
	static std::string several(const std::vector<vfio_user_small_write> &writes)
	{
		uint64_t count = writes.size();
		std::string payload = bytes_of(count);

		for (const vfio_user_small_write &each : writes)
			payload += bytes_of(each);
		return payload;
	}
};

TEST_F(VfuMulti, AllAreMadeInOrder)
{
	std::string reply;

	ASSERT_EQ(call(VFIO_USER_REGION_WRITE_MULTI,
		       several({one(0, 1), one(8, 2, 8), one(0, 3, 4)}), &reply),
		  8);
	EXPECT_EQ(reply, bytes_of(uint64_t{3}));
	EXPECT_THAT(dev.told, ElementsAre("write 0 0+1", "write 0 8+8", "write 0 0+4"));
	EXPECT_EQ(dev.bar0[0], 3);
	EXPECT_EQ(dev.bar0[8], 2);
}

TEST_F(VfuMulti, EachMayBeAnsweredLater)
{
	vfu_call call = {};
	std::string payload = several({one(0, 1), one(1, 2), one(2, 3)});
	uint64_t reply = 0;
	int id;

	dev.hold = true;
	call.command = VFIO_USER_REGION_WRITE_MULTI;
	call.payload = payload.data();
	call.len_bytes = static_cast<uint32_t>(payload.size());
	call.reply = &reply;
	call.room_bytes = sizeof(reply);
	id = vfu_client_send(client.get(), &call);
	pump();
	EXPECT_EQ(dev.told.size(), 1u);
	dev.done();
	EXPECT_EQ(dev.told.size(), 2u);
	dev.hold = false;
	dev.done();
	EXPECT_EQ(vfu_client_reply(client.get(), id, &call), 8);
	EXPECT_EQ(reply, 3u);
	EXPECT_EQ(dev.bar0[2], 3);
}

TEST_F(VfuMulti, AFailureEndsThem)
{
	dev.error = EIO;
	EXPECT_EQ(call(VFIO_USER_REGION_WRITE_MULTI, several({one(0, 1), one(1, 2)})), -EIO);
	EXPECT_EQ(dev.told.size(), 1u);
}

TEST_F(VfuMulti, ManyOfThemNeedNoDeepStack)
{
	std::vector<vfio_user_small_write> writes(40000, one(0, 1));

	EXPECT_EQ(call(VFIO_USER_REGION_WRITE_MULTI, several(writes)), 8);
	EXPECT_EQ(dev.told.size(), 40000u);
}

TEST_F(VfuMulti, NoneIsMadeIfOneIsBad)
{
	std::string good = several({one(0, 1)});

	for (const vfio_user_small_write &bad : {one(0, 1, 9), one(0, 1, 0), one(Device::kBar0, 1),
						 one(0, 1, 1, 2), one(UINT64_MAX, 1, 8)})
		EXPECT_LT(call(VFIO_USER_REGION_WRITE_MULTI, several({one(0, 1), bad})), 0);
	EXPECT_EQ(call(VFIO_USER_REGION_WRITE_MULTI, several({})), -EINVAL);
	EXPECT_EQ(call(VFIO_USER_REGION_WRITE_MULTI, good + "x"), -EINVAL);
	EXPECT_EQ(call(VFIO_USER_REGION_WRITE_MULTI, bytes_of(UINT64_MAX) + good.substr(8)),
		  -EINVAL);
	/* 24 * (2^61 + 1) is 24 in 64 bits. */
	EXPECT_EQ(call(VFIO_USER_REGION_WRITE_MULTI,
		       bytes_of((UINT64_C(1) << 61) + 1) + good.substr(8)),
		  -EINVAL);
	EXPECT_TRUE(dev.told.empty());
}

TEST_F(VfuMulti, OnlyIfItWasAgreedOn)
{
	client.reset();
	pump();
	client = connect(dev.device);
	ASSERT_EQ(vfu_client_version(client.get(), nullptr, nullptr, 4096), 0);
	EXPECT_EQ(call(VFIO_USER_REGION_WRITE_MULTI, several({one(0, 1)})), -ENOTSUP);
}

/* --- Features and migration data --- */

class VfuFeature : public VfuAccess
{
public:
	static std::string request(uint32_t argsz, uint32_t flags, const std::string &data = "")
	{
		return bytes_of(vfio_user_feature{argsz, flags}) + data;
	}
};

TEST_F(VfuFeature, ASetGoesToTheDeviceAndItsDataComesBack)
{
	const uint32_t flags = VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE;
	std::string reply;

	ASSERT_EQ(call(VFIO_USER_DEVICE_FEATURE, request(16, flags, "01234567"), &reply), 16);
	EXPECT_EQ(dev.feature, flags);
	EXPECT_EQ(dev.data, "01234567");
	EXPECT_EQ(reply, request(16, flags, "01234567"));
}

TEST_F(VfuFeature, AGetHasWhatTheDeviceSaysIfThereIsRoom)
{
	const uint32_t flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIGRATION;
	std::string reply;

	dev.feature_answer = 8;
	ASSERT_EQ(call(VFIO_USER_DEVICE_FEATURE, request(16, flags), &reply), 16);
	EXPECT_EQ(reply, request(16, flags, "ffffffff"));
	ASSERT_EQ(call(VFIO_USER_DEVICE_FEATURE, request(8, flags), &reply), 8);
	EXPECT_EQ(reply, request(16, flags)) << "how much room it needs";
	dev.error = ENOTTY;
	EXPECT_EQ(call(VFIO_USER_DEVICE_FEATURE, request(16, flags)), -ENOTTY);
}

TEST_F(VfuFeature, AProbeMayAskForBoth)
{
	const uint32_t both = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET;
	std::string reply;

	ASSERT_EQ(call(VFIO_USER_DEVICE_FEATURE, request(8, both | VFIO_DEVICE_FEATURE_PROBE | 2),
		       &reply),
		  8);
	EXPECT_EQ(reply, request(8, both | VFIO_DEVICE_FEATURE_PROBE | 2));
	EXPECT_EQ(call(VFIO_USER_DEVICE_FEATURE, request(8, both | 2)), -EINVAL);
	EXPECT_EQ(call(VFIO_USER_DEVICE_FEATURE, request(8, 2)), -EINVAL);
	EXPECT_EQ(
		call(VFIO_USER_DEVICE_FEATURE, request(8, 1u << 19 | VFIO_DEVICE_FEATURE_GET | 2)),
		-EINVAL);
	EXPECT_EQ(call(VFIO_USER_DEVICE_FEATURE, request(4, VFIO_DEVICE_FEATURE_GET | 2)), -EINVAL);
}

TEST_F(VfuFeature, MigrationDataGoesBothWays)
{
	std::string reply;

	ASSERT_EQ(
		call(VFIO_USER_MIG_DATA_WRITE, bytes_of(vfio_user_migration_data{13, 5}) + "state"),
		0);
	EXPECT_EQ(dev.data, "state");
	ASSERT_EQ(call(VFIO_USER_MIG_DATA_READ, bytes_of(vfio_user_migration_data{12, 4}), &reply),
		  12);
	EXPECT_EQ(reply, bytes_of(vfio_user_migration_data{12, 4}) + "stat");
	ASSERT_EQ(
		call(VFIO_USER_MIG_DATA_READ, bytes_of(vfio_user_migration_data{108, 100}), &reply),
		13);
	EXPECT_EQ(reply, bytes_of(vfio_user_migration_data{13, 5}) + "state");
}

TEST_F(VfuFeature, MigrationDataOfBadLengthsIsRefused)
{
	const uint32_t big = (1 << 20) + 1;

	EXPECT_EQ(call(VFIO_USER_MIG_DATA_READ, bytes_of(vfio_user_migration_data{12, 5})),
		  -EINVAL);
	EXPECT_EQ(call(VFIO_USER_MIG_DATA_READ, bytes_of(vfio_user_migration_data{8, 0})), -EINVAL);
	EXPECT_EQ(call(VFIO_USER_MIG_DATA_READ, bytes_of(vfio_user_migration_data{4, UINT32_MAX})),
		  -EINVAL);
	EXPECT_EQ(call(VFIO_USER_MIG_DATA_READ, bytes_of(vfio_user_migration_data{big + 8, big})),
		  -EINVAL);
	EXPECT_EQ(
		call(VFIO_USER_MIG_DATA_WRITE, bytes_of(vfio_user_migration_data{13, 5}) + "stat"),
		-EINVAL);
	EXPECT_EQ(call(VFIO_USER_MIG_DATA_WRITE, bytes_of(vfio_user_migration_data{8, 0})),
		  -EINVAL);
	EXPECT_TRUE(dev.data.empty());
}

TEST_F(VfuFeature, ADeviceWithoutTheseSaysSo)
{
	Device plain;
	vfu_device_ops ops = Device::all_ops();

	ops.feature = ops.migration_data = nullptr;
	client = agree(add(&plain, Device::cfg("plain"), ops));
	EXPECT_EQ(call(VFIO_USER_DEVICE_FEATURE, request(16, VFIO_DEVICE_FEATURE_GET | 1)),
		  -ENOTSUP);
	EXPECT_EQ(call(VFIO_USER_MIG_DATA_READ, bytes_of(vfio_user_migration_data{12, 4})),
		  -ENOTSUP);
	EXPECT_EQ(
		call(VFIO_USER_MIG_DATA_WRITE, bytes_of(vfio_user_migration_data{12, 4}) + "stat"),
		-ENOTSUP);
	client.reset();
	pump();
}
