/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/support/network_namespace.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace
{
void write_file(const char *path, const std::string &text)
{
	std::ofstream(path) << text;
}

} // namespace

void need(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "not so: %s (%s)\n", what, strerror(errno));
	_exit(1);
}

bool in_network_namespace(const std::function<void()> &body, std::string *why)
{
	unsigned uid = getuid(), gid = getgid();
	pid_t child = fork();
	int status;

	if (!child) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
			_exit(77);
		write_file("/proc/self/setgroups", "deny");
		write_file("/proc/self/uid_map", "0 " + std::to_string(uid) + " 1");
		write_file("/proc/self/gid_map", "0 " + std::to_string(gid) + " 1");
		int fd = open("/dev/net/tun", O_RDWR);
		if (fd < 0)
			_exit(78);
		close(fd);
		body();
		_exit(0);
	}
	waitpid(child, &status, 0);
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	*why = code == 77   ? "no user and network namespaces here"
	       : code == 78 ? "no /dev/net/tun here, or it may not be opened"
			    : "";
	EXPECT_TRUE(code == 0 || !why->empty()) << "status " << status;
	return why->empty();
}

int packet_socket(const char *interface)
{
	int fd = socket(AF_PACKET, SOCK_RAW, htons(0x0003)); /* every protocol */
	struct sockaddr_ll at = {};
	struct timeval patience = {5, 0};

	at.sll_family = AF_PACKET;
	at.sll_protocol = htons(0x0003);
	at.sll_ifindex = static_cast<int>(if_nametoindex(interface));
	need(fd >= 0 && at.sll_ifindex, "a packet socket");
	need(!bind(fd, reinterpret_cast<struct sockaddr *>(&at), sizeof(at)), "bind");
	need(!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), "patience");
	return fd;
}
