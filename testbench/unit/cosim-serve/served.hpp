// SPDX-License-Identifier: Apache-2.0
#ifndef VFSIM_TESTBENCH_SERVED_HPP
#define VFSIM_TESTBENCH_SERVED_HPP

/*
 * A machine that is served, in a thread of its own, and who uses it: clients over its sockets, as
 * QEMU would be, with 16 MiB of memory at address 0 that both share.
 */

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cosim/serve/serve.h"
#include "cosim/vfio-user/client.h"

struct ClientFree {
	void operator()(struct vfu_client *client) const
	{
		vfu_client_destroy(client);
	}
};
using Client = std::unique_ptr<struct vfu_client, ClientFree>;

class Served : public testing::Test
{
protected:
	static constexpr uint64_t kMemory = 16 << 20;

	Served();
	~Served() override;

	/* From `machine` of cosim/machines/; its sockets are there on return. */
	void Start(const char *machine, enum board_arch arch, bool sriov = false,
		   const struct engine_ops *engine = &engine_untimed);
	/* Ends it; then `result` and `log` are to be read. */
	void Stop();
	/* Who has started as QEMU does; its configuration space in `config`. */
	Client Connect(const char *name, bool interrupt_pin = false);
	std::string Socket(const char *name) const;

	/* Registers and configuration space. */
	uint32_t Read(const Client &client, uint32_t region, uint64_t offset, uint32_t len = 4);
	void Write(const Client &client, uint32_t region, uint64_t offset, uint32_t value,
		   uint32_t len = 4);
	/* Of the memory that is shared. */
	uint8_t *At(uint64_t address)
	{
		return memory_ + address;
	}
	/* Of the standard capabilities, as small reads show them; 0: none. */
	uint32_t FindCapability(const Client &client, uint8_t id);
	uint32_t FindExtended(const Client &client, uint16_t id);

	uint8_t config[4096] = {};
	std::string folder, arguments;
	struct run_listener *listeners = nullptr; /* set before Start, as this: */
	bool busy_poll = false;
	volatile bool reset_vfs = false;
	std::vector<std::string> log;
	struct run_result result = {};
	struct config_errors errors = {};
	int status = -1;
	int intx; /* eventfd of who has an interrupt pin */

private:
	static void Ready(void *ctx, const struct serve_options *options,
			  const struct board *board);
	static void Log(void *ctx, enum log_level level, const char *instance, const char *text);
	bool Stopped();

	int memory_fd_;
	uint8_t *memory_;
	std::atomic<bool> ready_{false}, ended_{false};
	volatile bool stop_ = false;
	std::thread thread_;
};

#endif
