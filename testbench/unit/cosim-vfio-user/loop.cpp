/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets in a folder, and the loop over many devices. */
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "testbench/unit/cosim-vfio-user/bench.hpp"

namespace fs = std::filesystem;

class VfuSocket : public VfuTest
{
public:
	VfuSocket() : folder(runtime_folder()), path(folder + "/vf0.sock")
	{
	}
	~VfuSocket() override
	{
		fs::remove_all(folder);
	}
	int add_at(Device *device, const std::string &where)
	{
		vfu_device_cfg cfg = Device::cfg();
		vfu_device_ops ops = Device::all_ops();

		cfg.socket_path = where.c_str();
		return vfu_server_add(server, &cfg, &ops, device, &device->device);
	}
	Client connect_at(const std::string &where)
	{
		vfu_client_cfg cfg = {};

		cfg.pump = [](void *ctx) {
			static_cast<VfuSocket *>(ctx)->pump();
		};
		cfg.ctx = this;
		cfg.timeout_ms = 200;
		return Client(vfu_client_connect(where.c_str(), &cfg));
	}
	int version(const Client &client)
	{
		return vfu_client_version(client.get(), nullptr, nullptr, 4096);
	}
	std::string folder, path;
};

TEST_F(VfuSocket, IsTheOwnersAloneAndGoesWithTheServer)
{
	struct stat st;
	mode_t before = umask(0);

	ASSERT_EQ(add_at(&dev, path), 0);
	umask(before);
	ASSERT_EQ(lstat(path.c_str(), &st), 0);
	EXPECT_TRUE(S_ISSOCK(st.st_mode));
	EXPECT_EQ(st.st_mode & 0777, 0600u);
	Client client = connect_at(path);
	EXPECT_EQ(version(client), 0);
	vfu_server_destroy(server);
	server = nullptr;
	EXPECT_FALSE(fs::exists(path));
}

TEST_F(VfuSocket, OneThatNobodyServesIsReplaced)
{
	sockaddr_un address = {};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sun_family = AF_UNIX;
	path.copy(address.sun_path, sizeof(address.sun_path) - 1);
	ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr *>(&address), sizeof(address)), 0);
	ASSERT_EQ(listen(fd, 1), 0);
	EXPECT_EQ(add_at(&dev, path), -EADDRINUSE);
	close(fd);
	EXPECT_EQ(add_at(&dev, path), 0);
	EXPECT_EQ(version(connect_at(path)), 0);
	pump();
}

TEST_F(VfuSocket, AnythingElseInItsPlaceIsLeftAlone)
{
	std::string target = folder + "/target", link = folder + "/link";

	std::ofstream(path) << "precious";
	EXPECT_EQ(add_at(&dev, path), -EEXIST);
	std::string content;
	std::ifstream(path) >> content;
	EXPECT_EQ(content, "precious");
	fs::create_symlink(target, link);
	EXPECT_EQ(add_at(&dev, link), -EEXIST) << "a link to nothing";
	EXPECT_FALSE(fs::exists(target));
	ASSERT_EQ(add_at(&dev, target), 0);
	Device second;
	EXPECT_EQ(add_at(&second, link), -EEXIST) << "a link to a socket";
	EXPECT_EQ(add_at(&second, target), -EADDRINUSE);
	EXPECT_EQ(add_at(&second, folder), -EEXIST);
	EXPECT_EQ(add_at(&second, folder + "/none/vf0.sock"), -ENOENT);
	EXPECT_EQ(add_at(&second, folder + "/" + std::string(200, 'x')), -ENAMETOOLONG);
}

TEST_F(VfuSocket, AnotherThatWasPutInItsPlaceStays)
{
	ASSERT_EQ(add_at(&dev, path), 0);
	fs::remove(path);
	std::ofstream(path) << "other";
	vfu_server_destroy(server);
	server = nullptr;
	EXPECT_TRUE(fs::exists(path));
}

TEST_F(VfuSocket, ASecondClientWaitsUntilTheFirstHasGone)
{
	ASSERT_EQ(add_at(&dev, path), 0);
	Client first = connect_at(path);
	ASSERT_EQ(version(first), 0);
	Client second = connect_at(path);
	EXPECT_EQ(version(second), -ETIMEDOUT);
	EXPECT_TRUE(logged("another client waits until this one has gone"));
	uint32_t value;
	EXPECT_EQ(vfu_client_read(first.get(), 0, 0, &value, 4), 0) << "the first goes on";
	first.reset();
	pump();
	EXPECT_TRUE(vfu_device_connected(dev.device)) << "its VERSION was there already";
	EXPECT_EQ(vfu_client_read(second.get(), 0, 0, &value, 4), 0);
}

TEST_F(VfuSocket, WhoeverComesWhileAnAccessIsOpenWaitsForIt)
{
	ASSERT_EQ(add_at(&dev, path), 0);
	Client first = connect_at(path);
	ASSERT_EQ(version(first), 0);
	uint32_t value;
	dev.hold = true;
	EXPECT_EQ(vfu_client_read(first.get(), 0, 0, &value, 4), -ETIMEDOUT);
	first.reset();
	pump();
	Client second = connect_at(path);
	EXPECT_EQ(version(second), -ETIMEDOUT);
	EXPECT_TRUE(logged("another client waits until the access that the last one left is made"));
	dev.hold = false;
	dev.done();
	pump();
	EXPECT_EQ(vfu_client_read(second.get(), 0, 0, &value, 4), 0);
}

TEST_F(VfuSocket, ManyDevicesHaveAClientEach)
{
	std::vector<std::unique_ptr<Device>> devices;
	std::vector<Client> clients;

	for (uint32_t i = 0; i < 64; i++) {
		std::string where = folder + "/" + std::to_string(i);

		devices.push_back(std::make_unique<Device>());
		ASSERT_EQ(add_at(devices[i].get(), where), 0);
		clients.push_back(connect_at(where));
		ASSERT_EQ(version(clients[i]), 0);
	}
	for (uint32_t i = 0; i < 64; i++)
		ASSERT_EQ(vfu_client_write(clients[i].get(), 0, 0, &i, 4, true), 0);
	pump();
	for (uint32_t i = 0; i < 64; i++)
		EXPECT_EQ(devices[i]->bar0[0], i);
	clients.clear();
	vfu_server_destroy(server);
	server = nullptr;
}

TEST_F(VfuSocket, AClientInAnotherThreadIsServed)
{
	uint32_t value = 0;
	bool done = false;

	ASSERT_EQ(add_at(&dev, path), 0);
	dev.bar0[0] = 42;
	std::thread vmm([&] {
		vfu_client_cfg cfg = {};
		vfu_client *client = vfu_client_connect(path.c_str(), &cfg);

		vfu_client_version(client, nullptr, nullptr, 4096);
		vfu_client_read(client, 0, 0, &value, 4);
		vfu_client_destroy(client);
	});
	for (int i = 0; !done && i < 100; i++) {
		ASSERT_GE(vfu_server_wait(server, 1000000000), 0);
		done = !dev.told.empty() && dev.told.back() == "disconnected";
	}
	vmm.join();
	EXPECT_TRUE(done);
	EXPECT_EQ(value, 42u);
}

/* --- The loop --- */

class VfuLoop : public VfuTest
{
};

TEST_F(VfuLoop, WaitsNoLongerThanItIsTold)
{
	using Clock = std::chrono::steady_clock;
	Clock::time_point before = Clock::now();

	EXPECT_EQ(vfu_server_wait(server, 0), 0);
	EXPECT_EQ(vfu_server_wait(server, 2000000), 0);
	EXPECT_GE(Clock::now() - before, std::chrono::milliseconds(2));
	EXPECT_LT(Clock::now() - before, std::chrono::seconds(2));
}

TEST_F(VfuLoop, ForeignFileDescriptorsAreWatched)
{
	struct Seen {
		VfuLoop *test;
		Event event;
		int times = 0;
		bool leave = false;
	} seen{this, {}, 0, false};
	auto ready = [](void *ctx, short revents) {
		Seen *self = static_cast<Seen *>(ctx);

		EXPECT_EQ(revents, POLLIN);
		self->times++;
		self->event.count();
		if (self->leave)
			vfu_server_unwatch(self->test->server, self->event.fd);
	};

	ASSERT_EQ(vfu_server_watch(server, seen.event.fd, POLLIN, ready, &seen), 0);
	EXPECT_EQ(vfu_server_watch(server, seen.event.fd, POLLIN, ready, &seen), -EEXIST);
	EXPECT_EQ(vfu_server_wait(server, 0), 0);
	seen.event.signal();
	EXPECT_EQ(vfu_server_wait(server, VFU_FOREVER), 1);
	EXPECT_EQ(seen.times, 1);
	seen.leave = true;
	seen.event.signal();
	EXPECT_EQ(vfu_server_wait(server, VFU_FOREVER), 1);
	seen.event.signal();
	EXPECT_EQ(vfu_server_wait(server, 0), 0);
	EXPECT_EQ(seen.times, 2);
	EXPECT_EQ(vfu_server_unwatch(server, seen.event.fd), -ENOENT);
	EXPECT_EQ(vfu_server_watch(server, -1, POLLIN, ready, &seen), -EBADF);
}

TEST_F(VfuLoop, ItsFileDescriptorIsReadableWhenSomethingHasCome)
{
	Client client = agree(add(&dev, Device::cfg()));
	pollfd poll_fd = {vfu_server_fd(server), POLLIN, 0};
	uint32_t value = 1;

	pump();
	EXPECT_EQ(poll(&poll_fd, 1, 0), 0);
	ASSERT_EQ(vfu_client_write(client.get(), 0, 0, &value, 4, true), 0);
	EXPECT_EQ(poll(&poll_fd, 1, 0), 1);
	pump();
	EXPECT_EQ(poll(&poll_fd, 1, 0), 0);
}

TEST_F(VfuLoop, ADestroyedServerLeavesAnOpenAccessBehind)
{
	Client client = agree(add(&dev, Device::cfg()));
	uint32_t value;

	dev.hold = true;
	EXPECT_EQ(vfu_client_read(client.get(), 0, 0, &value, 4), -ETIMEDOUT);
	vfu_server_destroy(server);
	server = nullptr;
	EXPECT_EQ(dev.told.back(), "disconnected");
}

TEST_F(VfuLoop, WhatADeviceDoesIsCounted)
{
	const uint32_t flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	Client client = agree(add(&dev, Device::cfg()));
	Event event;
	uint32_t value = 1;
	vfu_counters counters;

	vfu_client_set_irqs(client.get(), flags, VFU_IRQ_MSIX, 0, 1, &event.fd);
	vfu_client_write(client.get(), 0, 0, &value, 4, true);
	vfu_client_read(client.get(), 0, 0, &value, 4);
	vfu_client_read(client.get(), 0, Device::kBar0, &value, 4);
	vfu_irq_trigger(dev.device, VFU_IRQ_MSIX, 0);
	vfu_irq_trigger(dev.device, VFU_IRQ_MSIX, 1);
	vfu_dma_write(dev.device, 0, "x", 1, nullptr, nullptr);
	counters = vfu_device_counters(dev.device);
	EXPECT_EQ(counters.clients, 1u);
	EXPECT_EQ(counters.messages, 5u);
	EXPECT_EQ(counters.reads, 1u);
	EXPECT_EQ(counters.writes, 1u);
	EXPECT_EQ(counters.interrupts, 1u);
	EXPECT_EQ(counters.dma_writes, 1u);
	EXPECT_EQ(counters.dma_reads, 0u);
	EXPECT_EQ(counters.complaints, 1u);
}

TEST_F(VfuLoop, BadDevicesAreRefused)
{
	vfu_device_cfg cfg = Device::cfg();
	vfu_device_ops ops = Device::all_ops();
	const std::vector<vfu_area> areas(17);

	cfg.region[0].areas = areas.data();
	cfg.region[0].area_count = 17;
	EXPECT_EQ(vfu_server_add(server, &cfg, &ops, &dev, &dev.device), -EINVAL);
	cfg = Device::cfg();
	cfg.region[0].flags = VFIO_REGION_INFO_FLAG_CAPS;
	EXPECT_EQ(vfu_server_add(server, &cfg, &ops, &dev, &dev.device), -EINVAL);
}
