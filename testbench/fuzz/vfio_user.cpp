/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vfio-user server and a client that sends any bytes and any file descriptors, goes and comes
 * again, and makes its memory shorter, while the device answers when it likes. What the device is
 * asked for lies in its regions; in the end another client finds the server as it should be, and
 * nothing is left.
 */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <vector>

#include "cosim/vfio-user/client.h"
#include "cosim/vfio-user/server.h"
#include "testbench/fuzz/common/fuzz.hpp"
#include "testbench/fuzz/common/input.hpp"

namespace
{
constexpr uint64_t kBar = 4096, kConfig = 256;
constexpr unsigned kSteps = 400;

size_t open_fds()
{
	std::filesystem::directory_iterator folder("/proc/self/fd"), end;

	return static_cast<size_t>(std::distance(folder, end));
}

class World
{
public:
	explicit World(FuzzInput &input) : input_(input)
	{
		vfu_server_cfg cfg = {};
		vfu_device_cfg device = {};

		cfg.log = [](void *, enum log_level, const char *, const char *text) {
			if (strlen(text) > 255)
				fuzz_finding("a long line", text);
		};
		cfg.queue_bytes = 64 << 10;
		server_ = vfu_server_create(&cfg);
		device.name = "fuzzed";
		device.region[0] = {kBar, VFU_REGION_READ | VFU_REGION_WRITE, -1, 0, nullptr, 0};
		device.region[2] = {kBar, VFU_REGION_READ, -1, 0, nullptr, 0};
		device.region[4] = {kBar, 7, files_[0], 0, &area_, 1};
		device.region[VFU_REGION_CONFIG] = {kConfig, 3, -1, 0, nullptr, 0};
		device.irq[VFU_IRQ_INTX] = {1, 7};
		device.irq[VFU_IRQ_MSIX] = {4, VFU_IRQ_EVENTFD | VFU_IRQ_MASKABLE};
		device.max_dma_maps = 8;
		device.twin_socket = true;
		make_device(device);
	}
	~World()
	{
		hang_up();
		vfu_server_destroy(server_);
		for (int file : files_)
			close(file);
		if (!maps_.empty())
			fuzz_finding("a window is left", "");
		if (open_fds() != fds_)
			fuzz_finding("file descriptors are left", "");
	}
	void run()
	{
		connect();
		if (input_.take(1) % 8)
			agree();
		for (unsigned i = 0; i < kSteps && !input_.empty(); i++)
			step();
		judge();
	}

private:
	/* --- The device --- */

	void make_device(const vfu_device_cfg &cfg)
	{
		vfu_device_ops ops = {};

		ops.region_access = [](void *ctx, vfu_access *access) {
			static_cast<World *>(ctx)->region(access);
		};
		ops.reset = ops.feature = ops.migration_data = [](void *ctx, vfu_access *access) {
			static_cast<World *>(ctx)->answer(access);
		};
		ops.dma_map = [](void *ctx, const vfu_dma_map *map) {
			static_cast<World *>(ctx)->maps_.push_back(*map);
			return 0;
		};
		ops.dma_unmap = [](void *ctx, const vfu_dma_map *map) {
			static_cast<World *>(ctx)->unmap(*map);
		};
		if (vfu_server_add(server_, &cfg, &ops, this, &device_))
			fuzz_finding("no device", "");
	}
	void region(vfu_access *access)
	{
		uint64_t size = access->region == VFU_REGION_CONFIG ? kConfig : kBar;
		bool readonly = access->region == 2 && access->kind == VFU_ACCESS_WRITE;

		if (access->region % 2 && access->region != VFU_REGION_CONFIG)
			fuzz_finding("an access to a region that is not there", "");
		if (readonly || !access->len_bytes || access->offset > size ||
		    access->len_bytes > size - access->offset)
			fuzz_finding("an access outside of its region", "");
		answer(access);
	}
	void answer(vfu_access *access)
	{
		if (held_)
			fuzz_finding("two accesses are open", "");
		/* All of it is there. */
		for (uint32_t i = 0; i < access->len_bytes; i++)
			access->data[i] ^= 1;
		if (access->kind == VFU_ACCESS_FEATURE && access->room_bytes > 4)
			access->len_bytes = 4;
		if (hold_)
			held_ = access;
		else
			vfu_access_done(access, error_);
	}
	void unmap(const vfu_dma_map &map)
	{
		auto same = [&](const vfu_dma_map &each) {
			return each.iova == map.iova;
		};
		auto found = std::find_if(maps_.begin(), maps_.end(), same);

		if (found == maps_.end())
			fuzz_finding("an unmap of nothing", "");
		maps_.erase(found);
	}
	/* The first and the last byte of each window. */
	void touch()
	{
		for (const vfu_dma_map &map : maps_) {
			volatile uint8_t *host = static_cast<uint8_t *>(map.host);

			for (uint64_t at : {UINT64_C(0), map.size_bytes - 1})
				if (host && map.readable)
					sum_ += host[at];
				else if (host && map.writable)
					host[at] = 1;
		}
	}
	void done(int error)
	{
		vfu_access *access = held_;

		held_ = nullptr;
		if (access)
			vfu_access_done(access, error);
	}

	/* --- The client --- */

	void connect()
	{
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
			return;
		if (vfu_device_attach(device_, pair[0]))
			close(pair[1]);
		else
			client_ = pair[1];
	}
	void hang_up()
	{
		if (client_ >= 0)
			close(client_);
		client_ = -1;
	}
	void agree()
	{
		static const char text[] =
			"{\"capabilities\":{\"max_msg_fds\":8,\"write_multiple\":true}}";
		std::string payload(4, '\0');

		payload.append(text, sizeof(text));
		send(message(VFIO_USER_VERSION, 0, payload), {});
	}
	static std::string message(uint16_t command, uint32_t flags, const std::string &payload)
	{
		vfio_user_header header = {1, command, 0, flags, 0};

		header.size = static_cast<uint32_t>(sizeof(header) + payload.size());
		return std::string(reinterpret_cast<char *>(&header), sizeof(header)) + payload;
	}
	/* Values that are likely to mean something. */
	uint32_t word()
	{
		uint32_t kind = static_cast<uint32_t>(input_.take(1));
		uint32_t value = kind / 4;

		switch (kind % 4) {
		case 0:
			return value;
		case 1:
			return value << 12;
		case 2:
			return UINT32_MAX - value;
		default:
			return static_cast<uint32_t>(input_.take(4));
		}
	}
	std::string payload()
	{
		size_t words = input_.take(1) % 32;
		std::string bytes;

		for (size_t i = 0; i < words; i++) {
			uint32_t value = word();

			bytes.append(reinterpret_cast<char *>(&value), sizeof(value));
		}
		return bytes;
	}
	std::vector<int> files()
	{
		uint64_t pick = input_.take(1);
		size_t count = pick < 128 ? 0 : pick < 250 ? pick % 4 : pick % 32;
		std::vector<int> fds;

		for (size_t i = 0; i < count; i++)
			fds.push_back(files_[input_.take(1) % files_.size()]);
		return fds;
	}
	void send(const std::string &bytes, const std::vector<int> &fds)
	{
		union {
			char room[CMSG_SPACE(32 * sizeof(int))];
			cmsghdr align;
		} control = {};
		iovec iov = {const_cast<char *>(bytes.data()), bytes.size()};
		msghdr msg = {};

		msg.msg_iov = &iov;
		msg.msg_iovlen = 1;
		if (!fds.empty()) {
			msg.msg_control = control.room;
			msg.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
			cmsghdr *c = CMSG_FIRSTHDR(&msg);
			c->cmsg_level = SOL_SOCKET;
			c->cmsg_type = SCM_RIGHTS;
			c->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
			memcpy(CMSG_DATA(c), fds.data(), fds.size() * sizeof(int));
		}
		(void)!sendmsg(client_, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	void read_replies()
	{
		char room[65536];

		while (recv(client_, room, sizeof(room), MSG_DONTWAIT) > 0)
			;
	}

	/* --- What happens --- */

	void send_message()
	{
		uint16_t command = static_cast<uint16_t>(input_.take(1) % 20);
		uint32_t flags = static_cast<uint32_t>(input_.take(1) % 64);
		std::string bytes = message(command, flags, payload());

		send(bytes, files());
	}
	void send_version()
	{
		std::string text(4, '\0');

		for (size_t i = input_.take(1); i; i--)
			text += static_cast<char>(input_.take(1));
		send(message(VFIO_USER_VERSION, 0, text), {});
	}
	void send_bytes()
	{
		std::string bytes;

		for (size_t i = input_.take(1) % 64; i; i--)
			bytes += static_cast<char>(input_.take(1));
		send(bytes, files());
	}
	/* The device's own. */
	void device_acts(uint64_t how)
	{
		static const char data[4096] = {};
		static const auto written = [](void *ctx, int) {
			static_cast<World *>(ctx)->replies_++;
		};
		static const auto read = [](void *ctx, int error, const void *bytes) {
			World *self = static_cast<World *>(ctx);

			if (!error)
				self->sum_ += *static_cast<const uint8_t *>(bytes);
		};

		switch (how % 6) {
		case 0:
			vfu_intx_level(device_, how & 64);
			break;
		case 1:
			(void)vfu_irq_trigger(device_, how % 5, how / 8 % 5);
			break;
		case 2:
			(void)vfu_dma_write(device_, 0, data, 4, nullptr, nullptr);
			break;
		case 3:
			(void)vfu_dma_write(device_, 0, data, sizeof(data), written, this);
			break;
		case 4:
			(void)vfu_dma_read(device_, 0, static_cast<uint32_t>(how), read, this);
			break;
		default:
			touch();
		}
	}
	void step()
	{
		uint64_t what = input_.take(1);

		switch (what % 12) {
		case 0:
			send_bytes();
			break;
		case 1:
			hang_up();
			if (what & 64)
				vfu_server_wait(server_, 0);
			connect();
			if (what & 128)
				agree();
			break;
		case 2:
			hold_ = what & 64;
			error_ = what & 128 ? 5 : 0;
			done(error_);
			break;
		case 3:
			device_acts(input_.take(1));
			break;
		case 4:
			read_replies();
			break;
		case 5:
			send_version();
			break;
		case 6:
			(void)!ftruncate(files_[1], static_cast<off_t>((what & 192) * 64));
			break;
		case 7:
			vfu_server_wait(server_, 0);
			break;
		default:
			send_message();
			if (what & 128)
				vfu_server_wait(server_, 0);
		}
	}
	/* A part of a message is nothing that is handled, but more may be behind it. */
	bool waits() const
	{
		pollfd server = {vfu_server_fd(server_), POLLIN, 0};

		return poll(&server, 1, 0) > 0;
	}
	/* Not without end: a client whose eventfd for INTx is also that which unmasks it keeps us
	 * busy. */
	void pump()
	{
		for (unsigned i = 0; i < 1000 && (vfu_server_wait(server_, 0) > 0 || waits()); i++)
			;
		/* One that was broken by the last of these. */
		vfu_server_wait(server_, 0);
	}
	/* The client goes, and another one works. */
	void judge()
	{
		static const auto pump_it = [](void *ctx) {
			static_cast<World *>(ctx)->pump();
		};
		vfu_client_cfg cfg = {};
		vfu_client *client;
		uint32_t value = 0;

		pump();
		hang_up();
		pump();
		hold_ = false;
		error_ = 0;
		done(0);
		pump();
		connect();
		if (client_ < 0)
			fuzz_finding("nobody is let in any more", "");
		cfg.pump = pump_it;
		cfg.ctx = this;
		client = vfu_client_create(client_, &cfg);
		client_ = -1;
		if (vfu_client_version(client, nullptr, nullptr, 4096) ||
		    vfu_client_read(client, 0, 0, &value, 4) || value != 0x01010101)
			fuzz_finding("the next client is not served", "");
		vfu_client_destroy(client);
		pump();
	}

	FuzzInput &input_;
	const size_t fds_ = open_fds();
	const vfu_area area_ = {0, kBar};
	/* Good memory, some that is cut off, eventfds, and what is neither. */
	const std::vector<int> files_ = make_files();
	vfu_server *server_ = nullptr;
	vfu_device *device_ = nullptr;
	int client_ = -1;
	bool hold_ = false;
	int error_ = 0;
	vfu_access *held_ = nullptr;
	std::vector<vfu_dma_map> maps_;
	uint64_t sum_ = 0, replies_ = 0;

	static std::vector<int> make_files()
	{
		std::vector<int> fds = {
			memfd_create("sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING),
			memfd_create("soft", MFD_CLOEXEC),
			eventfd(0, EFD_CLOEXEC),
			eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
			epoll_create1(EPOLL_CLOEXEC),
		};

		(void)!ftruncate(fds[0], 65536);
		(void)!ftruncate(fds[1], 65536);
		return fds;
	}
};
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_world<World>(data, size);
}
