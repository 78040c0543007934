/* SPDX-License-Identifier: Apache-2.0 */
/* The `vfsim` program with a TAP device at the wire's far end, and somebody behind it who answers.
 */
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "model/nic/frame_format.h"
#include "testbench/support/network_namespace.hpp"

namespace
{
const char kInterface[] = "vfsimtap";

pid_t start(const std::vector<std::string> &arguments)
{
	std::string program = VFSIM_BINARY_DIR "/vfsim";
	std::vector<char *> argv = {program.data()};
	pid_t pid;

	for (const std::string &argument : arguments)
		argv.push_back(const_cast<char *>(argument.c_str()));
	argv.push_back(nullptr);
	need(!posix_spawn(&pid, program.c_str(), nullptr, nullptr, argv.data(), environ),
	     "vfsim is started");
	return pid;
}

/* Send each test frame back to where it came from, until `pid` ends: its status. */
int echo_until_it_ends(pid_t pid, int fd)
{
	uint8_t frame[FRAME_MAX_BYTES];
	struct sockaddr_ll from;
	int status;

	while (!waitpid(pid, &status, WNOHANG)) {
		socklen_t from_len = sizeof(from);
		ssize_t len = recvfrom(fd, frame, sizeof(frame), MSG_DONTWAIT,
				       reinterpret_cast<struct sockaddr *>(&from), &from_len);
		uint64_t flow, number;

		if (len < 0) {
			usleep(100);
			continue;
		}
		if (from.sll_pkttype == PACKET_OUTGOING ||
		    !frame_tag_get(frame, static_cast<uint32_t>(len), &flow, &number))
			continue;
		std::swap_ranges(frame, frame + 6, frame + 6);
		send(fd, frame, static_cast<size_t>(len), 0);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int wait_for_interface()
{
	for (int tries = 0; tries < 5000 && !if_nametoindex(kInterface); tries++)
		usleep(1000);
	return packet_socket(kInterface);
}
} // namespace

/* A guest's packets leave the simulation, come back, and are checked. */
TEST(TapRun, AGuestExchangesPacketsWithAProgramOfTheMachine)
{
	IN_NETWORK_NAMESPACE([] {
		pid_t pid =
			start({"run", "--quiet", "testbench/scenarios/smoke.yaml", "--wire",
			       std::string("tap:") + kInterface, "--set", "traffic[0].to=wire",
			       "--set", "duration=200ms", "--set", "allow_loss=[reset]", "--set",
			       "expect=[{packets: {from: left, to: wire, sent: 50, "
			       "received: at least 1}}]"});
		int code = echo_until_it_ends(pid, wait_for_interface());

		need(code == 0, "the run passes");
	});
}

/* The simulation does not run ahead of the clock: it boots for most of a second. */
TEST(TapRun, TakesAsLongAsWhatItSimulates)
{
	IN_NETWORK_NAMESPACE([] {
		struct timespec begin, end;
		int status;

		clock_gettime(CLOCK_MONOTONIC, &begin);
		pid_t pid = start({"run", "--quiet", "testbench/scenarios/smoke.yaml", "--wire",
				   std::string("tap:") + kInterface});
		waitpid(pid, &status, 0);
		clock_gettime(CLOCK_MONOTONIC, &end);
		need(WIFEXITED(status) && !WEXITSTATUS(status), "the run passes");
		need(end.tv_sec - begin.tv_sec + (end.tv_nsec - begin.tv_nsec) / 1e9 > 0.5,
		     "it has taken its time");
	});
}

TEST(TapRun, ADeviceThatMayNotBeMadeIsToldBeforeAnythingRuns)
{
	const std::string command =
		VFSIM_BINARY_DIR "/vfsim run --quiet testbench/scenarios/smoke.yaml ";

	/* Another engine: whoever may, and where there is no such device, alike. */
	EXPECT_EQ(WEXITSTATUS(
			  system((command + "--wire tap:vfsimtap --engine systemc 2>/dev/null >&2")
					 .c_str())),
		  1);
	EXPECT_EQ(WEXITSTATUS(system(
			  (command + "--wire tap:averyverylongname 2>/dev/null >&2").c_str())),
		  2);
	EXPECT_EQ(WEXITSTATUS(system((command + "--wire tap: 2>/dev/null >&2").c_str())), 2);
}
