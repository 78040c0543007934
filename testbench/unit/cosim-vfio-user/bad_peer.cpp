/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients that do not keep to the protocol: a line in the log, the connection ends or goes on, the
 * server lives. After each, another client finds everything as it was.
 */
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "testbench/unit/cosim-vfio-user/bench.hpp"

namespace
{
constexpr uint32_t kBoth = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;

Raw read_at(uint16_t id, uint64_t offset)
{
	return {id, VFIO_USER_REGION_READ, 0, bytes_of(vfio_user_region_access{offset, 0, 4})};
}
} // namespace

class VfuBadPeer : public VfuTest
{
public:
	VfuBadPeer()
	{
		add(&dev, Device::cfg());
		fd = connect_raw(dev.device);
	}
	~VfuBadPeer() override
	{
		if (fd >= 0)
			close(fd);
		pump();
		EXPECT_TRUE(dev.maps.empty());
		server_lives();
	}
	/* Another client works. */
	void server_lives()
	{
		uint32_t value = 0x600d, back = 0;

		if (dev.held)
			dev.done();
		dev.hold = false;
		pump();
		Client next = agree(dev.device);
		EXPECT_EQ(vfu_client_write(next.get(), 0, 0, &value, 4, false), 0);
		EXPECT_EQ(vfu_client_read(next.get(), 0, 0, &back, 4), 0);
		EXPECT_EQ(back, value);
		next.reset();
		pump();
	}
	void version()
	{
		ASSERT_TRUE(
			raw_send(fd, Raw{0, VFIO_USER_VERSION, 0, std::string(4, '\0')}.bytes()));
		pump();
		ASSERT_EQ(raw_replies(fd).size(), 1u);
	}
	void hang_up()
	{
		close(fd);
		fd = -1;
		pump();
	}
	/* Sends, and reads what comes back. */
	std::vector<vfio_user_header> send(const std::string &bytes,
					   const std::vector<int> &fds = {})
	{
		EXPECT_TRUE(raw_send(fd, bytes, fds));
		pump();
		return raw_replies(fd, &closed);
	}
	void expect_error(const std::vector<vfio_user_header> &replies, uint32_t error)
	{
		ASSERT_EQ(replies.size(), 1u);
		EXPECT_EQ(replies[0].flags, VFIO_USER_REPLY | VFIO_USER_ERROR);
		EXPECT_EQ(replies[0].error, error);
		EXPECT_EQ(replies[0].size, sizeof(vfio_user_header));
	}
	int fd;
	bool closed = false;
};

/* --- Sizes --- */

TEST_F(VfuBadPeer, AHeaderThatIsShorterThanAHeaderEndsTheConnection)
{
	version();
	send(Raw{1, VFIO_USER_DEVICE_RESET, 0, "", 15}.bytes());
	EXPECT_TRUE(closed);
	EXPECT_TRUE(logged("cut off: a header whose size is less than a header's"));
}

TEST_F(VfuBadPeer, AMessageThatIsTooLargeEndsTheConnection)
{
	version();
	send(Raw{1, VFIO_USER_REGION_WRITE, 0, "x", (1 << 20) + 4097}.bytes());
	EXPECT_TRUE(closed);
	EXPECT_TRUE(logged("cut off: a message larger than any can be"));
}

TEST_F(VfuBadPeer, TheLargestMessageIsTaken)
{
	std::vector<uint8_t> data(1 << 20);
	Device large;
	vfu_device_cfg cfg = Device::cfg("large");

	cfg.region[2].size_bytes = 2 << 20;
	Client client = agree(add(&large, cfg));
	EXPECT_EQ(vfu_client_read(client.get(), 2, 0, data.data(), 1 << 20), 0);
	data.resize((1 << 20) + 1);
	EXPECT_EQ(vfu_client_read(client.get(), 2, 0, data.data(), (1 << 20) + 1), -EINVAL);
	EXPECT_EQ(vfu_client_write(client.get(), 2, 0, data.data(), 1 << 20, false), -EPERM);
	client.reset();
	pump();
}

TEST_F(VfuBadPeer, ShortPayloadsAreRefusedAndTheConnectionGoesOn)
{
	const struct {
		uint16_t command;
		size_t least;
	} commands[] = {
		{VFIO_USER_DMA_MAP, 32},
		{VFIO_USER_DMA_UNMAP, 24},
		{VFIO_USER_DEVICE_GET_INFO, 16},
		{VFIO_USER_DEVICE_GET_REGION_INFO, 32},
		{VFIO_USER_DEVICE_GET_REGION_IO_FDS, 16},
		{VFIO_USER_DEVICE_GET_IRQ_INFO, 16},
		{VFIO_USER_DEVICE_SET_IRQS, 20},
		{VFIO_USER_REGION_READ, 16},
		{VFIO_USER_REGION_WRITE, 16},
		{VFIO_USER_REGION_WRITE_MULTI, 8},
		{VFIO_USER_DEVICE_FEATURE, 8},
		{VFIO_USER_MIG_DATA_READ, 8},
		{VFIO_USER_MIG_DATA_WRITE, 8},
	};

	version();
	for (const auto &each : commands)
		for (size_t bytes : {size_t{0}, each.least - 1}) {
			expect_error(
				send(Raw{7, each.command, 0, std::string(bytes, '\xff')}.bytes()),
				EINVAL);
			EXPECT_FALSE(closed) << each.command;
		}
	EXPECT_TRUE(logged("DMA_MAP of 31 bytes: it has at least 32"));
	EXPECT_EQ(dev.told.size(), 1u) << "the device hears of none";
}

TEST_F(VfuBadPeer, AMessageInPiecesIsOneMessage)
{
	std::string bytes = read_at(3, 0).bytes();

	version();
	for (char byte : bytes.substr(0, bytes.size() - 1))
		EXPECT_TRUE(send(std::string(1, byte)).empty());
	EXPECT_EQ(send(bytes.substr(bytes.size() - 1)).size(), 1u);
}

TEST_F(VfuBadPeer, SeveralMessagesInOnePieceAreSeveral)
{
	std::string bytes;

	version();
	for (uint16_t id = 0; id < 100; id++)
		bytes += read_at(id, id * 4).bytes();
	std::vector<vfio_user_header> replies = send(bytes + bytes.substr(0, 10));
	ASSERT_EQ(replies.size(), 100u);
	for (uint16_t id = 0; id < 100; id++)
		EXPECT_EQ(replies[id].id, id);
	EXPECT_EQ(send(bytes.substr(10)).size(), 100u);
}

/* --- Order --- */

TEST_F(VfuBadPeer, CommandsBeforeVersionEndTheConnection)
{
	expect_error(send(read_at(1, 0).bytes()), EINVAL);
	EXPECT_TRUE(closed);
	EXPECT_TRUE(logged("REGION_READ before VERSION"));
	EXPECT_TRUE(dev.told.empty());
}

TEST_F(VfuBadPeer, AnotherMajorVersionEndsTheConnection)
{
	expect_error(send(Raw{1, VFIO_USER_VERSION, 0, bytes_of(vfio_user_version{1, 0})}.bytes()),
		     EINVAL);
	EXPECT_TRUE(closed);
	EXPECT_TRUE(logged("the client speaks 1.0, not 0"));
}

TEST_F(VfuBadPeer, ALaterMinorVersionIsAnsweredWithOurs)
{
	char reply[64];
	const vfio_user_version theirs = {0, 7};

	ASSERT_TRUE(raw_send(fd, Raw{1, VFIO_USER_VERSION, 0, bytes_of(theirs)}.bytes()));
	pump();
	ASSERT_GT(recv(fd, reply, sizeof(reply), MSG_DONTWAIT), 20);
	EXPECT_EQ(reply[16 + 2], static_cast<char>(VFIO_USER_MINOR));
}

TEST_F(VfuBadPeer, AVersionTextWithoutItsNulIsRefused)
{
	expect_error(send(Raw{1, VFIO_USER_VERSION, 0, std::string(4, '\0') + "{}"}.bytes()),
		     EINVAL);
	EXPECT_TRUE(closed);
	EXPECT_TRUE(logged("does not end in its only NUL"));
}

TEST_F(VfuBadPeer, ASecondVersionIsRefusedAndTheConnectionGoesOn)
{
	version();
	expect_error(send(Raw{1, VFIO_USER_VERSION, 0, std::string(4, '\0')}.bytes()), EINVAL);
	EXPECT_FALSE(closed);
	EXPECT_TRUE(logged("a second VERSION"));
	EXPECT_EQ(send(read_at(2, 0).bytes()).size(), 1u);
}

TEST_F(VfuBadPeer, IdsMayRepeatAndGoBack)
{
	version();
	for (uint16_t id : {9, 9, 3, 9}) {
		std::vector<vfio_user_header> replies = send(read_at(id, 0).bytes());

		ASSERT_EQ(replies.size(), 1u);
		EXPECT_EQ(replies[0].id, id);
	}
}

TEST_F(VfuBadPeer, UnknownCommandsAreRefusedAndTheConnectionGoesOn)
{
	version();
	for (uint16_t command : {0, 11, 12, 14, 19, 65535}) {
		expect_error(send(Raw{1, command, 0, std::string(32, '\1')}.bytes()), ENOTSUP);
		EXPECT_FALSE(closed);
	}
	EXPECT_TRUE(logged("command 12 (DMA_WRITE) is not one for a server"));
	EXPECT_TRUE(logged("command 14 (unknown)"));
}

TEST_F(VfuBadPeer, ARefusalOfAPostedCommandIsLoggedOnly)
{
	version();
	EXPECT_TRUE(send(Raw{1, VFIO_USER_REGION_WRITE, VFIO_USER_NO_REPLY,
			     bytes_of(vfio_user_region_access{Device::kBar0, 0, 1}) + "x"}
				 .bytes())
			    .empty());
	EXPECT_FALSE(closed);
	EXPECT_TRUE(logged("a write of region 0, 0x10000+1 is refused"));
}

TEST_F(VfuBadPeer, RepliesThatNobodyAskedForAreIgnored)
{
	version();
	EXPECT_TRUE(send(Raw{1, VFIO_USER_DMA_READ, VFIO_USER_REPLY, std::string(20, 'x')}.bytes())
			    .empty());
	EXPECT_TRUE(send(Raw{1, VFIO_USER_REGION_READ, VFIO_USER_REPLY, ""}.bytes()).empty());
	EXPECT_FALSE(closed);
	EXPECT_TRUE(logged("a reply (command 11, ID 1) to nothing that was asked"));
	EXPECT_EQ(send(read_at(2, 0).bytes()).size(), 1u);
}

TEST_F(VfuBadPeer, ARepeatedReplyCountsOnce)
{
	int times = 0;
	auto done = [](void *ctx, int) {
		++*static_cast<int *>(ctx);
	};

	version();
	ASSERT_EQ(vfu_dma_write(dev.device, 0, "x", 1, done, &times), 0);
	std::vector<vfio_user_header> commands = raw_replies(fd);
	ASSERT_EQ(commands.size(), 1u);
	Raw reply{commands[0].id, VFIO_USER_DMA_WRITE, VFIO_USER_REPLY, ""};
	send(reply.bytes() + reply.bytes());
	EXPECT_EQ(times, 1);
	EXPECT_TRUE(logged("to nothing that was asked"));
}

TEST_F(VfuBadPeer, AReplyToADmaReadOfAnotherLengthIsAnError)
{
	int error = 0;
	auto done = [](void *ctx, int code, const void *) {
		*static_cast<int *>(ctx) = code;
	};

	version();
	for (const std::string &payload :
	     {bytes_of(vfio_user_dma_access{0, 4}) + "abc",
	      bytes_of(vfio_user_dma_access{0, 5}) + "abcd", std::string()}) {
		error = 0;
		ASSERT_EQ(vfu_dma_read(dev.device, 0, 4, done, &error), 0);
		uint16_t id = raw_replies(fd).at(0).id;
		send(Raw{id, VFIO_USER_DMA_READ, VFIO_USER_REPLY, payload}.bytes());
		EXPECT_EQ(error, EPROTO) << payload.size();
	}
	EXPECT_FALSE(closed);
}

TEST_F(VfuBadPeer, AMessageOfAnUnknownTypeEndsTheConnection)
{
	version();
	send(Raw{1, VFIO_USER_DEVICE_RESET, 2, ""}.bytes());
	EXPECT_TRUE(closed);
	EXPECT_TRUE(logged("a message of type 2"));
}

TEST_F(VfuBadPeer, AnErrorBitInACommandMeansNothing)
{
	version();
	EXPECT_EQ(send(Raw{1, VFIO_USER_DEVICE_RESET, VFIO_USER_ERROR, ""}.bytes()).size(), 1u);
	EXPECT_EQ(dev.told.back(), "reset");
}

TEST_F(VfuBadPeer, OfATalkativeOneNotAllIsLogged)
{
	version();
	for (int i = 0; i < 200; i++)
		send(Raw{1, 0, 0, ""}.bytes());
	EXPECT_LT(log.size(), 80u + 200u);
	EXPECT_EQ(std::count_if(log.begin(), log.end(),
				[](const std::string &line) {
					return line.find("is not one for a server") !=
					       std::string::npos;
				}),
		  64);
	EXPECT_TRUE(logged("no more is said of this client's mistakes"));
	hang_up();
	log.clear();
	fd = connect_raw(dev.device);
	version();
	send(Raw{1, 0, 0, ""}.bytes());
	EXPECT_TRUE(logged("is not one for a server")) << "the next one has its own";
}

/* --- File descriptors --- */

TEST_F(VfuBadPeer, FilesWithACommandThatTakesNoneAreClosed)
{
	Event event;

	version();
	expect_error(send(read_at(1, 0).bytes(), {event.fd, event.fd}), EINVAL);
	EXPECT_TRUE(logged("REGION_READ with 2 file descriptors: it has at most 0"));
	expect_error(send(Raw{1, 99, 0, ""}.bytes(), {event.fd}), ENOTSUP);
	send(Raw{1, VFIO_USER_DMA_READ, VFIO_USER_REPLY, ""}.bytes(), {event.fd});
	expect_error(send(Raw{1, VFIO_USER_VERSION, 0, std::string(4, '\0')}.bytes(), {event.fd}),
		     EINVAL);
	EXPECT_FALSE(closed);
}

TEST_F(VfuBadPeer, TwoFilesForOneWindowAreRefused)
{
	Memory memory(8192);

	version();
	expect_error(send(Raw{1, VFIO_USER_DMA_MAP, 0,
			      bytes_of(vfio_user_dma_map{32, kBoth, 0, 0, 4096})}
				  .bytes(),
			  {memory.fd, memory.fd}),
		     EINVAL);
	EXPECT_TRUE(dev.maps.empty());
}

TEST_F(VfuBadPeer, MoreFilesThanWereAgreedOnAreClosed)
{
	Event event;
	std::vector<int> many(17, event.fd), most(200, event.fd);
	Raw set{1, VFIO_USER_DEVICE_SET_IRQS, 0,
		bytes_of(vfio_user_irq_set{20,
					   VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
					   VFU_IRQ_MSIX, 0, 17})};

	version();
	expect_error(send(set.bytes(), many), EINVAL);
	EXPECT_TRUE(logged("DEVICE_SET_IRQS with more file descriptors than can be taken"));
	expect_error(send(set.bytes(), most), EINVAL);
	EXPECT_FALSE(vfu_irq_armed(dev.device, VFU_IRQ_MSIX, 0));
	EXPECT_FALSE(closed);
}

TEST_F(VfuBadPeer, FilesThatThisProcessHasNoRoomForAreAnError)
{
	Event event;
	rlimit before, few;
	std::vector<int> fds(4, event.fd);
	Raw set{1, VFIO_USER_DEVICE_SET_IRQS, 0,
		bytes_of(vfio_user_irq_set{20,
					   VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
					   VFU_IRQ_MSIX, 0, 4})};

	version();
	ASSERT_TRUE(raw_send(fd, set.bytes(), fds));
	getrlimit(RLIMIT_NOFILE, &before);
	few = before;
	few.rlim_cur = static_cast<rlim_t>(dup(event.fd)) + 2; /* room for one more or two */
	close(static_cast<int>(few.rlim_cur) - 2);
	setrlimit(RLIMIT_NOFILE, &few);
	pump();
	setrlimit(RLIMIT_NOFILE, &before);
	expect_error(raw_replies(fd), EINVAL);
	EXPECT_TRUE(logged("with more file descriptors than can be taken"));
}

TEST_F(VfuBadPeer, FilesInPiecesBelongToTheMessageTheyCameWith)
{
	Event first, second;
	const uint32_t flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	std::string one = Raw{1, VFIO_USER_DEVICE_SET_IRQS, 0,
			      bytes_of(vfio_user_irq_set{20, flags, VFU_IRQ_MSIX, 0, 1})}
				  .bytes();
	std::string two = Raw{2, VFIO_USER_DEVICE_SET_IRQS, 0,
			      bytes_of(vfio_user_irq_set{20, flags, VFU_IRQ_MSIX, 1, 1})}
				  .bytes();

	version();
	/* All of it is there before the server looks. */
	ASSERT_TRUE(raw_send(fd, read_at(9, 0).bytes()));
	ASSERT_TRUE(raw_send(fd, one.substr(0, 20), {first.fd}));
	ASSERT_TRUE(raw_send(fd, one.substr(20)));
	ASSERT_TRUE(raw_send(fd, two.substr(0, 7)));
	ASSERT_TRUE(raw_send(fd, two.substr(7), {second.fd}));
	ASSERT_TRUE(raw_send(fd, read_at(10, 0).bytes()));
	pump();
	std::vector<vfio_user_header> replies = raw_replies(fd);
	ASSERT_EQ(replies.size(), 4u);
	for (const vfio_user_header &each : replies)
		EXPECT_EQ(each.flags, VFIO_USER_REPLY) << each.id;
	EXPECT_EQ(vfu_irq_trigger(dev.device, VFU_IRQ_MSIX, 1), 0);
	EXPECT_EQ(first.count(), 0u);
	EXPECT_EQ(second.count(), 1u);
}

TEST_F(VfuBadPeer, FilesWithoutEndAndWithoutAMessageEndTheConnection)
{
	Event event;
	std::vector<int> fds(16, event.fd);
	std::string header = Raw{1, VFIO_USER_DEVICE_RESET, 0, "", 1000}.bytes();

	version();
	for (char byte : header) {
		raw_send(fd, std::string(1, byte), fds);
		pump();
	}
	raw_replies(fd, &closed);
	EXPECT_TRUE(closed);
	EXPECT_TRUE(logged("cut off: too many file descriptors without a message"));
}

TEST_F(VfuBadPeer, FilesOfAClientThatGoesInMidMessageAreClosed)
{
	Memory memory(4096);
	std::string map =
		Raw{1, VFIO_USER_DMA_MAP, 0, bytes_of(vfio_user_dma_map{32, kBoth, 0, 0, 4096})}
			.bytes();

	version();
	send(map.substr(0, 30), {memory.fd});
	hang_up();
	EXPECT_TRUE(logged("the client left within a message"));
}

/* --- Clients that go --- */

TEST_F(VfuBadPeer, OneThatGoesAtOnceIsForgotten)
{
	hang_up();
	EXPECT_TRUE(dev.told.empty()) << "it was never there";
}

TEST_F(VfuBadPeer, OneThatGoesInMidHeaderIsForgotten)
{
	send("abc");
	hang_up();
	EXPECT_TRUE(logged("the client left within a message"));
}

TEST_F(VfuBadPeer, WhatWasSentBeforeGoingIsStillDone)
{
	version();
	ASSERT_TRUE(raw_send(fd, Raw{1, VFIO_USER_REGION_WRITE, VFIO_USER_NO_REPLY,
				     bytes_of(vfio_user_region_access{5, 0, 1}) + "x"}
					 .bytes()));
	hang_up();
	EXPECT_EQ(dev.bar0[5], 'x');
}

TEST_F(VfuBadPeer, ManyMessagesBeforeGoingAreStillDone)
{
	std::string writes;

	version();
	for (int i = 0; i < 300; i++)
		writes += Raw{1, VFIO_USER_REGION_WRITE, VFIO_USER_NO_REPLY,
			      bytes_of(vfio_user_region_access{5, 0, 1}) + "x"}
				  .bytes();
	ASSERT_TRUE(raw_send(fd, writes));
	hang_up();
	EXPECT_EQ(dev.told.size(), 302u) << "connected, and disconnected";
}

TEST_F(VfuBadPeer, OneThatGoesWithAnAccessOpenLetsTheNextInWhenThatIsMade)
{
	version();
	dev.hold = true;
	send(read_at(1, 0).bytes());
	ASSERT_NE(dev.held, nullptr);
	send(read_at(2, 0).bytes());
	hang_up();
	EXPECT_EQ(dev.told.back(), "disconnected");
	EXPECT_TRUE(logged("the client is gone, with an access open"));
	int pair[2];
	ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	EXPECT_EQ(vfu_device_attach(dev.device, pair[0]), -EBUSY);
	close(pair[1]);
	dev.done();
	EXPECT_EQ(dev.held, nullptr) << "the second read went with its client";
}

TEST_F(VfuBadPeer, AWriteOfOneThatHasGoneKeepsItsDataUntilItIsMade)
{
	version();
	dev.hold = true;
	send(Raw{1, VFIO_USER_REGION_WRITE, 0, bytes_of(vfio_user_region_access{0, 0, 4}) + "data"}
		     .bytes());
	ASSERT_NE(dev.held, nullptr);
	hang_up();
	EXPECT_EQ(memcmp(dev.held->data, "data", 4), 0);
	dev.done();
}

TEST_F(VfuBadPeer, WindowsAndEventfdsOfOneThatGoesAreDropped)
{
	Memory memory(8192);
	Event event;

	version();
	send(Raw{1, VFIO_USER_DMA_MAP, 0, bytes_of(vfio_user_dma_map{32, kBoth, 0, 0, 8192})}
		     .bytes(),
	     {memory.fd});
	send(Raw{2, VFIO_USER_DEVICE_SET_IRQS, 0,
		 bytes_of(vfio_user_irq_set{20,
					    VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
					    VFU_IRQ_INTX, 0, 1})}
		     .bytes(),
	     {event.fd});
	ASSERT_EQ(dev.maps.size(), 1u);
	ASSERT_TRUE(vfu_irq_armed(dev.device, VFU_IRQ_INTX, 0));
	hang_up();
	EXPECT_TRUE(dev.maps.empty());
	EXPECT_FALSE(vfu_irq_armed(dev.device, VFU_IRQ_INTX, 0));
	EXPECT_THAT(dev.told,
		    testing::ElementsAre("connected", "irq 0 0+1", "unmap", "disconnected"));
}

TEST_F(VfuBadPeer, OneThatGoesInMidDmaIsHeardOf)
{
	int errors[2] = {0, 0};
	auto done = [](void *ctx, int code) {
		*static_cast<int *>(ctx) = code;
	};
	auto read = [](void *ctx, int code, const void *) {
		*static_cast<int *>(ctx) = code;
	};

	version();
	ASSERT_EQ(vfu_dma_write(dev.device, 0, "x", 1, done, &errors[0]), 0);
	ASSERT_EQ(vfu_dma_read(dev.device, 0, 1, read, &errors[1]), 0);
	/* Half of a reply. */
	send(Raw{0, VFIO_USER_DMA_WRITE, VFIO_USER_REPLY, ""}.bytes().substr(0, 9));
	hang_up();
	EXPECT_EQ(errors[0], ECONNRESET);
	EXPECT_EQ(errors[1], ECONNRESET);
}

TEST_F(VfuBadPeer, OneThatGoesBeforeItsReplyIsForgotten)
{
	version();
	dev.hold = true;
	send(read_at(1, 0).bytes());
	/* The server does not know yet when the device answers. */
	close(fd);
	fd = -1;
	dev.done();
	pump();
	EXPECT_FALSE(vfu_device_connected(dev.device));
	EXPECT_EQ(dev.told.back(), "disconnected");
}

TEST_F(VfuBadPeer, SendingToOneThatHasGoneIsAnError)
{
	version();
	close(fd);
	fd = -1;
	EXPECT_EQ(vfu_dma_write(dev.device, 0, "x", 1, nullptr, nullptr), -ENOTCONN);
	EXPECT_FALSE(vfu_device_connected(dev.device));
	pump();
	EXPECT_EQ(dev.told.back(), "disconnected");
	EXPECT_FALSE(logged("cut off")) << "it went by itself";
}

TEST_F(VfuBadPeer, OneThatComesAgainAndAgainFindsTheDeviceAsItIs)
{
	hang_up();
	for (uint32_t i = 0; i < 100; i++) {
		Memory memory(8192);
		Event intx;
		uint8_t config[4096];
		Client client = connect(dev.device);

		ASSERT_EQ(vfu_client_start(client.get(), memory.fd, 8192, intx.fd, config), 0);
		uint32_t value = 0;
		ASSERT_EQ(vfu_client_read(client.get(), 0, 8, &value, 4), 0);
		EXPECT_EQ(value, i);
		value++;
		ASSERT_EQ(vfu_client_write(client.get(), 0, 8, &value, 4, i % 2), 0);
		client.reset();
		pump();
	}
}

TEST_F(VfuBadPeer, OneThatFloodsLetsOthersHaveTheirTurn)
{
	Device second;
	Client other = agree(add(&second, Device::cfg("vf1")));
	std::string flood;
	uint32_t value;

	version();
	for (int i = 0; i < 1500; i++)
		flood += Raw{1, VFIO_USER_REGION_WRITE, VFIO_USER_NO_REPLY,
			     bytes_of(vfio_user_region_access{0, 0, 1}) + "x"}
				 .bytes();
	ASSERT_TRUE(raw_send(fd, flood));
	vfio_user_region_access access = {0, 0, 4};
	vfu_call call = {};
	call.command = VFIO_USER_REGION_READ;
	call.payload = &access;
	call.len_bytes = sizeof(access);
	ASSERT_GE(vfu_client_send(other.get(), &call), 0);
	for (int i = 0; i < 2 && second.told.size() < 2; i++)
		vfu_server_wait(server, 0);
	EXPECT_EQ(second.told.back(), "read 0 0+4");
	EXPECT_LT(dev.told.size(), 500u);
	pump();
	EXPECT_EQ(dev.told.size(), 1501u);
	EXPECT_EQ(vfu_client_read(other.get(), 0, 0, &value, 4), 0);
	other.reset();
	pump();
}
