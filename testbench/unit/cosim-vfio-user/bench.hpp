/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_VFU_BENCH_HPP
#define VFSIM_TESTBENCH_VFU_BENCH_HPP

/*
 * A server with devices that keep what they are told, and clients at the other ends of socket
 * pairs, in one thread: a client that waits lets the server work. At the end of each test no file
 * descriptor may be left.
 */

#include <gmock/gmock.h>
#include <linux/vfio.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cosim/vfio-user/client.h"
#include "cosim/vfio-user/server.h"

/* File descriptors of this process. */
unsigned open_fds();

/* A memfd, its pages in this process. */
class Memory
{
public:
	explicit Memory(size_t bytes, bool sealable = true);
	~Memory();
	Memory(const Memory &) = delete;
	Memory &operator=(const Memory &) = delete;
	uint32_t &word(size_t offset)
	{
		return *reinterpret_cast<uint32_t *>(bytes_ + offset);
	}
	int fd;

private:
	uint8_t *bytes_;
	size_t size_;
};

/* An eventfd; how often it was signalled since it was last asked. */
class Event
{
public:
	Event() : Event(0)
	{
	}
	explicit Event(int flags);
	~Event();
	Event(const Event &) = delete;
	Event &operator=(const Event &) = delete;
	uint64_t count();
	void signal();
	int fd;
};

/* A device: BAR 0 and configuration space are storage, BAR 2 read-only, BAR 4 may be mapped. */
class Device
{
public:
	static constexpr uint64_t kBar0 = 65536, kBar2 = 4096, kBar4 = 16384;
	static constexpr uint32_t kVectors = 40;

	static vfu_device_cfg cfg(const char *name = "vf0");
	static vfu_device_ops all_ops();

	uint8_t bar0[kBar0] = {}, config[4096] = {};
	std::vector<vfu_dma_map> maps;
	std::vector<std::string> told; /* "connected", "reset", "irq 0 0+1", ... */
	bool hold = false;             /* accesses stay open */
	size_t hold_from = 0;          /* and the one that is told of as this, from 1 */
	int error = 0;                 /* what accesses end with */
	int map_error = 0;
	vfu_access *held = nullptr;
	std::string data; /* what came as migration data or a feature */
	uint32_t feature = 0;
	uint32_t feature_answer = 0; /* bytes of the next one, 0: what came */
	void done(int error_code = 0);

	vfu_device *device = nullptr;

private:
	static void region_access(void *ctx, vfu_access *access);
	static void reset(void *ctx, vfu_access *access);
	static void on_feature(void *ctx, vfu_access *access);
	static void migration_data(void *ctx, vfu_access *access);
	static int dma_map(void *ctx, const vfu_dma_map *map);
	static void dma_unmap(void *ctx, const vfu_dma_map *map);
	static void irq_set(void *ctx, uint32_t index, uint32_t start, uint32_t count);
	static void connected(void *ctx);
	static void disconnected(void *ctx);
	void finish(vfu_access *access);
};

class VfuTest : public testing::Test
{
public:
	VfuTest();
	~VfuTest() override;

	struct ClientFree {
		void operator()(vfu_client *client) const
		{
			vfu_client_destroy(client);
		}
	};
	using Client = std::unique_ptr<vfu_client, ClientFree>;

	vfu_device *add(Device *device, const vfu_device_cfg &cfg,
			const vfu_device_ops &ops = Device::all_ops());
	/* The server's end goes to `device`, the other is returned. */
	int connect_raw(vfu_device *device);
	Client connect(vfu_device *device);
	/* Which has agreed on a version as well, with all that there is to agree on. */
	Client agree(vfu_device *device);
	/* Until nothing is left to do. */
	void pump();

	/* One line of the log has this in it. */
	testing::AssertionResult logged(const std::string &text) const;
	std::vector<std::string> log;

	vfu_server *server;
	Device dev;

protected:
	static std::string runtime_folder();

private:
	unsigned fds_before_ = open_fds();
};

/* A message by hand. */
struct Raw {
	uint16_t id = 1, command = 0;
	uint32_t flags = 0;
	std::string payload;
	uint32_t size = 0; /* 0: as it is */
	std::string bytes() const;
};
template <class T>
std::string bytes_of(const T &value)
{
	return std::string(reinterpret_cast<const char *>(&value), sizeof(value));
}
/* Sends bytes, and file descriptors with them. False: the other end is closed. */
bool raw_send(int fd, const std::string &bytes, const std::vector<int> &fds = {});
/* Headers of the messages that have come; `closed`: and the connection is at its end. */
std::vector<vfio_user_header> raw_replies(int fd, bool *closed = nullptr);

#endif
