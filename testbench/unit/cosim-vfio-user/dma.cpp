/* SPDX-License-Identifier: Apache-2.0 */
/* DMA_READ and DMA_WRITE, the server's own commands. */
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "testbench/unit/cosim-vfio-user/bench.hpp"

class VfuDma : public VfuTest
{
public:
	/* What a command ended with. */
	struct Result {
		bool done = false;
		int error = 0;
		std::string data;
		uint32_t want = 0;
		static void written(void *ctx, int error)
		{
			static_cast<Result *>(ctx)->done = true;
			static_cast<Result *>(ctx)->error = error;
		}
		static void read(void *ctx, int error, const void *data)
		{
			Result *self = static_cast<Result *>(ctx);

			written(ctx, error);
			if (data)
				self->data.assign(static_cast<const char *>(data), self->want);
		}
	};
	void start(bool twin = false)
	{
		vfu_device_cfg cfg = Device::cfg();

		cfg.twin_socket = twin;
		client = agree(add(&dev, cfg));
		ASSERT_EQ(vfu_client_dma_map_host(client.get(), 0x10000, sizeof(memory), memory),
			  0);
	}
	/* Something to wait for, in which the client serves what has come. */
	void serve()
	{
		uint32_t value;

		EXPECT_EQ(vfu_client_read(client.get(), 0, 0, &value, 4), 0);
		pump();
	}
	Client client;
	char memory[8192] = {};
};

TEST_F(VfuDma, AWriteWithoutReplyArrivesBeforeTheAnswerBehindIt)
{
	const uint32_t value = 0x11223344;

	start();
	ASSERT_EQ(vfu_dma_write(dev.device, 0x10040, &value, 4, nullptr, nullptr), 0);
	serve();
	EXPECT_EQ(memcmp(memory + 0x40, &value, 4), 0);
}

TEST_F(VfuDma, AWriteAndAReadAreReplied)
{
	Result written, read;

	start();
	read.want = 5;
	ASSERT_EQ(vfu_dma_write(dev.device, 0x10010, "hello", 5, Result::written, &written), 0);
	ASSERT_EQ(vfu_dma_read(dev.device, 0x10010, 5, Result::read, &read), 0);
	serve();
	EXPECT_TRUE(written.done && !written.error);
	EXPECT_TRUE(read.done && !read.error);
	EXPECT_EQ(read.data, "hello");
}

TEST_F(VfuDma, RepliesMayComeInAnyOrder)
{
	Result first, second, third;
	int fd = connect_raw(add(&dev, Device::cfg()));

	ASSERT_TRUE(raw_send(fd, Raw{1, VFIO_USER_VERSION, 0, std::string(4, '\0')}.bytes()));
	pump();
	ASSERT_EQ(vfu_dma_write(dev.device, 0, "x", 1, Result::written, &first), 0);
	ASSERT_EQ(vfu_dma_write(dev.device, 0, "y", 1, nullptr, nullptr), 0);
	ASSERT_EQ(vfu_dma_write(dev.device, 0, "z", 1, Result::written, &second), 0);
	ASSERT_EQ(vfu_dma_read(dev.device, 0, 1, Result::read, &third), 0);
	std::vector<vfio_user_header> sent = raw_replies(fd);
	ASSERT_EQ(sent.size(), 5u);
	EXPECT_EQ(sent[1].flags, 0u);
	EXPECT_EQ(sent[2].flags, VFIO_USER_NO_REPLY);
	/* The third's ID with another command is no reply to it. */
	raw_send(fd, Raw{sent[4].id, VFIO_USER_DMA_WRITE, VFIO_USER_REPLY, ""}.bytes());
	raw_send(fd, Raw{sent[3].id, VFIO_USER_DMA_WRITE, VFIO_USER_REPLY, ""}.bytes());
	pump();
	EXPECT_TRUE(second.done);
	EXPECT_FALSE(first.done || third.done);
	raw_send(fd, Raw{sent[1].id, VFIO_USER_DMA_WRITE, VFIO_USER_REPLY, ""}.bytes());
	pump();
	EXPECT_TRUE(first.done);
	EXPECT_FALSE(third.done);
	close(fd);
	pump();
	EXPECT_EQ(third.error, ECONNRESET);
}

TEST_F(VfuDma, OneThatWasNotSentIsNotHeardOfAgain)
{
	Result result;
	int fd = connect_raw(add(&dev, Device::cfg()));

	ASSERT_TRUE(raw_send(fd, Raw{1, VFIO_USER_VERSION, 0, std::string(4, '\0')}.bytes()));
	pump();
	close(fd);
	EXPECT_EQ(vfu_dma_write(dev.device, 0, "x", 1, Result::written, &result), -ENOTCONN);
	pump();
	EXPECT_FALSE(result.done);
}

TEST_F(VfuDma, TheClientsErrorIsTold)
{
	Result written, read;

	start();
	ASSERT_EQ(vfu_dma_write(dev.device, 0x10000 + sizeof(memory) - 4, "hello", 5,
				Result::written, &written),
		  0);
	ASSERT_EQ(vfu_dma_read(dev.device, 0, 5, Result::read, &read), 0);
	serve();
	EXPECT_TRUE(written.done && read.done);
	EXPECT_EQ(written.error, EFAULT);
	EXPECT_EQ(read.error, EFAULT);
	EXPECT_EQ(read.data, "");
}

TEST_F(VfuDma, OverATwinSocketTheyPassAnAnswerThatIsOpen)
{
	vfio_user_region_access access = {0, 0, 4};
	uint8_t reply[20];
	vfu_call call = {};
	Result read;
	int id;

	start(true);
	read.want = 4;
	memcpy(memory, "data", 4);
	dev.hold = true;
	call.command = VFIO_USER_REGION_READ;
	call.payload = &access;
	call.len_bytes = sizeof(access);
	call.reply = reply;
	call.room_bytes = sizeof(reply);
	id = vfu_client_send(client.get(), &call);
	pump();
	ASSERT_NE(dev.held, nullptr);
	ASSERT_EQ(vfu_dma_read(dev.device, 0x10000, 4, Result::read, &read), 0);
	EXPECT_EQ(vfu_client_reply(client.get(), id, &call), -ETIMEDOUT);
	EXPECT_TRUE(read.done);
	EXPECT_EQ(read.data, "data");
	dev.done();
	EXPECT_EQ(vfu_client_reply(client.get(), id, &call), 20);
}

TEST_F(VfuDma, LengthsAreTheClientsMost)
{
	client = connect(add(&dev, Device::cfg()));
	EXPECT_EQ(vfu_dma_write(dev.device, 0, "x", 1, nullptr, nullptr), -ENOTCONN);
	ASSERT_EQ(vfu_client_version(client.get(), "{\"capabilities\":{\"max_data_xfer_size\":4}}",
				     nullptr, 4096),
		  0);
	EXPECT_EQ(vfu_dma_write(dev.device, 0, "12345", 5, nullptr, nullptr), -EMSGSIZE);
	EXPECT_EQ(vfu_dma_write(dev.device, 0, "", 0, nullptr, nullptr), -EMSGSIZE);
	EXPECT_EQ(vfu_dma_write(dev.device, 0, "1234", 4, nullptr, nullptr), 0);
	EXPECT_EQ(vfu_dma_read(dev.device, 0, 5, Result::read, nullptr), -EMSGSIZE);
}

TEST_F(VfuDma, WhoeverWaitsHearsThatTheClientHasGone)
{
	Result written, read;

	start();
	ASSERT_EQ(vfu_dma_write(dev.device, 0x10000, "x", 1, Result::written, &written), 0);
	ASSERT_EQ(vfu_dma_read(dev.device, 0x10000, 1, Result::read, &read), 0);
	client.reset();
	pump();
	EXPECT_TRUE(written.done && read.done);
	EXPECT_EQ(written.error, ECONNRESET);
	EXPECT_EQ(read.error, ECONNRESET);
	EXPECT_EQ(vfu_dma_write(dev.device, 0x10000, "x", 1, nullptr, nullptr), -ENOTCONN);
}

TEST_F(VfuDma, OnlySoManyWaitForAReply)
{
	std::vector<Result> results(1024);

	start();
	for (Result &each : results)
		ASSERT_EQ(vfu_dma_read(dev.device, 0x10000, 1, Result::read, &each), 0);
	EXPECT_EQ(vfu_dma_read(dev.device, 0x10000, 1, Result::read, nullptr), -ENOBUFS);
	serve();
	for (const Result &each : results)
		EXPECT_TRUE(each.done);
	EXPECT_EQ(vfu_dma_read(dev.device, 0x10000, 1, Result::read, &results[0]), 0);
	serve();
}

/* --- A client that does not read --- */

class VfuSlow : public VfuTest
{
};

TEST_F(VfuSlow, WhatItDoesNotReadWaitsAndArrivesWhole)
{
	const uint32_t count = 300;
	std::string data(1024, 'd');
	int fd = connect_raw(add(&dev, Device::cfg()));
	int small = 4096;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	ASSERT_TRUE(raw_send(fd, Raw{1, VFIO_USER_VERSION, 0, std::string(4, '\0')}.bytes()));
	pump();
	for (uint32_t i = 0; i < count; i++)
		ASSERT_EQ(vfu_dma_write(dev.device, i, data.data(), 1024, nullptr, nullptr), 0);
	EXPECT_TRUE(vfu_device_connected(dev.device));
	size_t got = 0;
	for (uint32_t i = 0; i < 1000 && got < count + 1; i++) {
		got += raw_replies(fd).size();
		pump();
	}
	EXPECT_EQ(got, count + 1);
	close(fd);
}

TEST_F(VfuSlow, BeyondTheQueuesLimitItIsCutOff)
{
	std::string data(65536, 'd');
	int fd = connect_raw(add(&dev, Device::cfg()));
	int rc = 0;

	ASSERT_TRUE(raw_send(fd, Raw{1, VFIO_USER_VERSION, 0, std::string(4, '\0')}.bytes()));
	pump();
	for (uint32_t i = 0; !rc && i < 100; i++)
		rc = vfu_dma_write(dev.device, 0, data.data(), 65536, nullptr, nullptr);
	EXPECT_EQ(rc, -ENOBUFS);
	EXPECT_FALSE(vfu_device_connected(dev.device));
	EXPECT_EQ(vfu_dma_write(dev.device, 0, data.data(), 1, nullptr, nullptr), -ENOTCONN);
	pump();
	EXPECT_TRUE(logged("the client is cut off: it does not read what is sent to it"));
	EXPECT_EQ(dev.told.back(), "disconnected");
	close(fd);
}

TEST_F(VfuSlow, RequestsOfOneThatDoesNotReadWait)
{
	const std::string read =
		Raw{2, VFIO_USER_REGION_READ, 0, bytes_of(vfio_user_region_access{0, 0, 65536})}
			.bytes();
	int fd = connect_raw(add(&dev, Device::cfg()));

	ASSERT_TRUE(raw_send(fd, Raw{1, VFIO_USER_VERSION, 0, std::string(4, '\0')}.bytes()));
	for (int i = 0; i < 100; i++)
		ASSERT_TRUE(raw_send(fd, read));
	pump();
	EXPECT_LT(dev.told.size(), 50u);
	EXPECT_TRUE(vfu_device_connected(dev.device)) << "it is slow, not bad";
	size_t got = 0;
	std::vector<char> room(1 << 16);
	for (int i = 0; i < 10000 && dev.told.size() < 101; i++) {
		ssize_t len = recv(fd, room.data(), room.size(), MSG_DONTWAIT);

		got += len > 0 ? static_cast<size_t>(len) : 0;
		pump();
	}
	EXPECT_EQ(dev.told.size(), 101u);
	close(fd);
}
