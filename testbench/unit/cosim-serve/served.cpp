// SPDX-License-Identifier: Apache-2.0
#include "testbench/unit/cosim-serve/served.hpp"

#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>

#include "base/bits.h"

Served::Served() : intx(eventfd(0, EFD_CLOEXEC)), memory_fd_(memfd_create("guest", MFD_CLOEXEC))
{
	char name[] = "/tmp/vfsim-served-XXXXXX";

	if (memory_fd_ < 0 || intx < 0 || ftruncate(memory_fd_, kMemory) || !mkdtemp(name))
		abort();
	folder = name;
	memory_ = static_cast<uint8_t *>(
		mmap(nullptr, kMemory, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd_, 0));
	if (memory_ == MAP_FAILED)
		abort();
}

Served::~Served()
{
	Stop();
	munmap(memory_, kMemory);
	close(memory_fd_);
	close(intx);
	EXPECT_EQ(0, rmdir(folder.c_str())) << "a socket is left";
}

void Served::Ready(void *ctx, const struct serve_options *options, const struct board *board)
{
	auto *served = static_cast<Served *>(ctx);
	char *text = nullptr;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	serve_qemu_args(options, board, out);
	fclose(out);
	served->arguments = text;
	free(text);
	served->ready_ = true;
}

void Served::Log(void *ctx, enum log_level, const char *instance, const char *text)
{
	static_cast<Served *>(ctx)->log.push_back(std::string(instance) + ": " + text);
}

void Served::Start(const char *machine, enum board_arch arch, bool sriov,
		   const struct engine_ops *engine)
{
	std::string path = std::string(VFSIM_SOURCE_DIR) + "/cosim/machines/" + machine;

	thread_ = std::thread([this, path, arch, sriov, engine] {
		struct serve_options options = {};

		options.path = path.c_str();
		options.arch = arch;
		options.sriov = sriov;
		options.socket_dir = folder.c_str();
		options.engine = engine;
		options.seed = 1;
		options.stop = &stop_;
		options.ready = Ready;
		options.ctx = this;
		options.listeners = listeners;
		options.busy_poll = busy_poll;
		options.reset_vfs = &reset_vfs;
		options.hooks.ctx = this;
		options.hooks.log = Log;
		options.log_level = LOG_WARNING;
		status = serve_run(&options, &result, &errors);
		ended_ = true;
	});
	while (!ready_ && !ended_)
		std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void Served::Stop()
{
	stop_ = true;
	if (thread_.joinable())
		thread_.join();
}

std::string Served::Socket(const char *name) const
{
	return folder + "/" + name + ".sock";
}

Client Served::Connect(const char *name, bool interrupt_pin)
{
	struct vfu_client_cfg cfg = {};
	Client client(vfu_client_connect(Socket(name).c_str(), &cfg));

	if (!client || vfu_client_start(client.get(), memory_fd_, kMemory,
					interrupt_pin ? intx : -1, config)) {
		ADD_FAILURE() << name << " cannot be connected to";
		return nullptr;
	}
	return client;
}

uint32_t Served::Read(const Client &client, uint32_t region, uint64_t offset, uint32_t len)
{
	uint8_t data[4] = {};

	EXPECT_EQ(0, vfu_client_read(client.get(), region, offset, data, len));
	return le32_get(data);
}

void Served::Write(const Client &client, uint32_t region, uint64_t offset, uint32_t value,
		   uint32_t len)
{
	uint8_t data[4];

	/* As QEMU, which waits for configuration writes alone: order holds within a socket only. */
	bool posted = region != VFIO_PCI_CONFIG_REGION_INDEX;

	le32_put(data, value);
	EXPECT_EQ(0, vfu_client_write(client.get(), region, offset, data, len, posted));
}

uint32_t Served::FindCapability(const Client &client, uint8_t id)
{
	uint32_t at = Read(client, VFIO_PCI_CONFIG_REGION_INDEX, PCI_CAPABILITY_LIST, 1);

	while (at && Read(client, VFIO_PCI_CONFIG_REGION_INDEX, at, 1) != id)
		at = Read(client, VFIO_PCI_CONFIG_REGION_INDEX, at + 1, 1);
	return at;
}

uint32_t Served::FindExtended(const Client &client, uint16_t id)
{
	for (uint32_t at = PCI_CFG_SPACE_SIZE; at;) {
		uint32_t word = Read(client, VFIO_PCI_CONFIG_REGION_INDEX, at);

		if (PCI_EXT_CAP_ID(word) == id)
			return at;
		at = PCI_EXT_CAP_NEXT(word);
	}
	return 0;
}
