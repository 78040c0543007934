/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/unit/cosim-vfio-user/bench.hpp"

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

unsigned open_fds()
{
	std::filesystem::directory_iterator folder("/proc/self/fd"), end;

	return static_cast<unsigned>(std::distance(folder, end));
}

Memory::Memory(size_t bytes, bool sealable)
	: fd(memfd_create("guest", MFD_CLOEXEC | (sealable ? MFD_ALLOW_SEALING : 0))), size_(bytes)
{
	if (ftruncate(fd, static_cast<off_t>(bytes)))
		ADD_FAILURE() << "no memory";
	bytes_ = static_cast<uint8_t *>(
		mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
}

Memory::~Memory()
{
	munmap(bytes_, size_);
	close(fd);
}

Event::Event(int flags) : fd(eventfd(0, EFD_CLOEXEC | flags))
{
}

Event::~Event()
{
	close(fd);
}

uint64_t Event::count()
{
	uint64_t count = 0;

	eventfd_write(fd, 1);
	eventfd_read(fd, &count);
	return count - 1;
}

void Event::signal()
{
	eventfd_write(fd, 1);
}

/* --- The device --- */

vfu_device_cfg Device::cfg(const char *name)
{
	vfu_device_cfg cfg = {};

	cfg.name = name;
	cfg.region[0] = {kBar0, VFU_REGION_READ | VFU_REGION_WRITE, -1, 0, nullptr, 0};
	cfg.region[2] = {kBar2, VFU_REGION_READ, -1, 0, nullptr, 0};
	cfg.region[VFU_REGION_CONFIG] = {4096, VFU_REGION_READ | VFU_REGION_WRITE, -1, 0, nullptr,
					 0};
	cfg.irq[VFU_IRQ_INTX] = {1, VFU_IRQ_EVENTFD | VFU_IRQ_MASKABLE | VFU_IRQ_AUTOMASKED};
	cfg.irq[VFU_IRQ_MSIX] = {kVectors, VFU_IRQ_EVENTFD | VFU_IRQ_NORESIZE};
	return cfg;
}

vfu_device_ops Device::all_ops()
{
	vfu_device_ops ops = {};

	ops.region_access = region_access;
	ops.reset = reset;
	ops.feature = on_feature;
	ops.migration_data = migration_data;
	ops.dma_map = dma_map;
	ops.dma_unmap = dma_unmap;
	ops.irq_set = irq_set;
	ops.connected = connected;
	ops.disconnected = disconnected;
	return ops;
}

void Device::finish(vfu_access *access)
{
	if (hold || (hold_from && told.size() == hold_from))
		held = access;
	else
		vfu_access_done(access, error);
}

void Device::done(int error_code)
{
	vfu_access *access = held;

	held = nullptr;
	vfu_access_done(access, error_code);
}

void Device::region_access(void *ctx, vfu_access *access)
{
	Device *self = static_cast<Device *>(ctx);
	uint8_t *storage = access->region == 7 ? self->config : self->bar0;

	if (access->kind == VFU_ACCESS_READ && access->region != 2)
		memcpy(access->data, storage + access->offset, access->len_bytes);
	if (access->kind == VFU_ACCESS_WRITE)
		memcpy(storage + access->offset, access->data, access->len_bytes);
	self->told.push_back(std::string(access->kind == VFU_ACCESS_READ ? "read " : "write ") +
			     std::to_string(access->region) + " " + std::to_string(access->offset) +
			     "+" + std::to_string(access->len_bytes) +
			     (access->posted ? " posted" : ""));
	self->finish(access);
}

void Device::reset(void *ctx, vfu_access *access)
{
	Device *self = static_cast<Device *>(ctx);

	self->told.push_back("reset");
	self->finish(access);
}

void Device::on_feature(void *ctx, vfu_access *access)
{
	Device *self = static_cast<Device *>(ctx);

	self->feature = access->feature;
	self->data.assign(reinterpret_cast<char *>(access->data), access->len_bytes);
	if (self->feature_answer) {
		access->len_bytes = self->feature_answer;
		memset(access->data, 'f', std::min(access->len_bytes, access->room_bytes));
	}
	self->finish(access);
}

void Device::migration_data(void *ctx, vfu_access *access)
{
	Device *self = static_cast<Device *>(ctx);

	if (access->kind == VFU_ACCESS_DATA_WRITE) {
		self->data.assign(reinterpret_cast<char *>(access->data), access->len_bytes);
	} else {
		access->len_bytes = static_cast<uint32_t>(
			std::min<size_t>(access->len_bytes, self->data.size()));
		memcpy(access->data, self->data.data(), access->len_bytes);
	}
	self->finish(access);
}

int Device::dma_map(void *ctx, const vfu_dma_map *map)
{
	Device *self = static_cast<Device *>(ctx);

	if (!self->map_error)
		self->maps.push_back(*map);
	return self->map_error;
}

void Device::dma_unmap(void *ctx, const vfu_dma_map *map)
{
	Device *self = static_cast<Device *>(ctx);
	auto same = [map](const vfu_dma_map &each) {
		return each.iova == map->iova && each.host == map->host;
	};

	self->maps.erase(std::remove_if(self->maps.begin(), self->maps.end(), same),
			 self->maps.end());
	self->told.push_back("unmap");
}

void Device::irq_set(void *ctx, uint32_t index, uint32_t start, uint32_t count)
{
	static_cast<Device *>(ctx)->told.push_back("irq " + std::to_string(index) + " " +
						   std::to_string(start) + "+" +
						   std::to_string(count));
}

void Device::connected(void *ctx)
{
	static_cast<Device *>(ctx)->told.push_back("connected");
}

void Device::disconnected(void *ctx)
{
	static_cast<Device *>(ctx)->told.push_back("disconnected");
}

/* --- The fixture --- */

VfuTest::VfuTest()
{
	vfu_server_cfg cfg = {};

	cfg.log = [](void *ctx, enum log_level, const char *device, const char *text) {
		static_cast<VfuTest *>(ctx)->log.push_back(std::string(device ? device : "") +
							   ": " + text);
	};
	cfg.log_ctx = this;
	cfg.queue_bytes = 256 << 10;
	server = vfu_server_create(&cfg);
}

VfuTest::~VfuTest()
{
	vfu_server_destroy(server);
	EXPECT_TRUE(dev.maps.empty()) << "windows are left";
	EXPECT_EQ(open_fds(), fds_before_) << "file descriptors are left";
}

vfu_device *VfuTest::add(Device *device, const vfu_device_cfg &cfg, const vfu_device_ops &ops)
{
	EXPECT_EQ(vfu_server_add(server, &cfg, &ops, device, &device->device), 0);
	return device->device;
}

int VfuTest::connect_raw(vfu_device *device)
{
	int pair[2];

	EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	EXPECT_EQ(vfu_device_attach(device, pair[0]), 0);
	return pair[1];
}

static vfu_client_cfg client_cfg(VfuTest *test)
{
	vfu_client_cfg cfg = {};

	cfg.pump = [](void *ctx) {
		static_cast<VfuTest *>(ctx)->pump();
	};
	cfg.ctx = test;
	cfg.timeout_ms = 500;
	return cfg;
}

VfuTest::Client VfuTest::connect(vfu_device *device)
{
	vfu_client_cfg cfg = client_cfg(this);

	return Client(vfu_client_create(connect_raw(device), &cfg));
}

VfuTest::Client VfuTest::agree(vfu_device *device)
{
	Client client = connect(device);
	const char *json = "{\"capabilities\":{\"max_msg_fds\":8,\"write_multiple\":true,"
			   "\"twin_socket\":{\"supported\":true}}}";

	EXPECT_EQ(vfu_client_version(client.get(), json, nullptr, 4096), 0);
	return client;
}

void VfuTest::pump()
{
	while (vfu_server_wait(server, 0) > 0)
		;
}

testing::AssertionResult VfuTest::logged(const std::string &text) const
{
	std::string all;

	for (const std::string &line : log) {
		if (line.find(text) != std::string::npos)
			return testing::AssertionSuccess();
		all += "\n  " + line;
	}
	return testing::AssertionFailure() << "no line has \"" << text << "\":" << all;
}

std::string VfuTest::runtime_folder()
{
	std::string pattern = testing::TempDir() + "vfu-XXXXXX";

	return mkdtemp(pattern.data());
}

/* --- Messages by hand --- */

std::string Raw::bytes() const
{
	vfio_user_header header = {id, command, size, flags, 0};

	if (!size)
		header.size = static_cast<uint32_t>(sizeof(header) + payload.size());
	return bytes_of(header) + payload;
}

bool raw_send(int fd, const std::string &bytes, const std::vector<int> &fds)
{
	std::vector<char> control(CMSG_SPACE(fds.size() * sizeof(int)));
	iovec iov = {const_cast<char *>(bytes.data()), bytes.size()};
	msghdr msg = {};

	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	if (!fds.empty()) {
		msg.msg_control = control.data();
		msg.msg_controllen = control.size();
		cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
		memcpy(CMSG_DATA(c), fds.data(), fds.size() * sizeof(int));
	}
	return sendmsg(fd, &msg, MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

std::vector<vfio_user_header> raw_replies(int fd, bool *closed)
{
	std::vector<vfio_user_header> headers;
	vfio_user_header header;
	ssize_t len;

	while ((len = recv(fd, &header, sizeof(header), MSG_DONTWAIT)) == sizeof(header)) {
		std::vector<char> rest(header.size - sizeof(header));

		if (!rest.empty()) {
			EXPECT_EQ(recv(fd, rest.data(), rest.size(), MSG_DONTWAIT),
				  static_cast<ssize_t>(rest.size()));
		}
		headers.push_back(header);
	}
	if (closed)
		*closed = !len || (len < 0 && errno == ECONNRESET);
	return headers;
}
