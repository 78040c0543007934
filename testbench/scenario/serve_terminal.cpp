/* SPDX-License-Identifier: Apache-2.0 */
/* What `vfsim serve` shows on a terminal, and how it ends. */
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "cosim/vfio-user/client.h"

namespace
{
/* The program on a terminal of its own; its standard output goes into a file. */
class Served : public ::testing::Test
{
protected:
	void SetUp() override
	{
		char name[] = "/tmp/vfsim-terminal-XXXXXX";

		ASSERT_NE(mkdtemp(name), nullptr);
		folder = name;
	}
	void TearDown() override
	{
		if (pid > 0)
			kill(pid, SIGKILL);
		if (terminal >= 0)
			close(terminal);
		EXPECT_EQ(system(("rm -r " + folder).c_str()), 0);
	}
	void start(const std::string &more = "")
	{
		const std::string command = "exec " VFSIM_BINARY_DIR
					    "/vfsim serve cosim/machines/two-vfs.yaml "
					    "--socket-dir " +
					    folder + "/sockets " + more + " >" + folder + "/out";

		pid = forkpty(&terminal, nullptr, nullptr, nullptr);
		if (!pid) {
			execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
			_exit(127);
		}
		ASSERT_GT(pid, 0);
	}
	/* Read on until `text` is on the terminal; false: not within ten seconds. */
	bool shows(const std::string &text)
	{
		for (int tries = 0; tries < 1000; tries++) {
			struct pollfd ready = {terminal, POLLIN, 0};
			char bytes[4096];
			ssize_t len;

			if (shown.find(text, seen) != std::string::npos) {
				seen = shown.find(text, seen) + text.size();
				return true;
			}
			if (poll(&ready, 1, 10) <= 0)
				continue;
			len = read(terminal, bytes, sizeof(bytes));
			if (len <= 0)
				return false;
			shown.append(bytes, (size_t)len);
		}
		return false;
	}
	int end()
	{
		int status = 0;

		kill(pid, SIGINT);
		while (shows("\n"))
			continue;
		waitpid(pid, &status, 0);
		pid = 0;
		return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	}
	std::string output() const
	{
		std::stringstream text;

		text << std::ifstream(folder + "/out").rdbuf();
		return text.str();
	}

	std::string folder, shown;
	size_t seen = 0; /* of `shown` */
	int terminal = -1;
	pid_t pid = 0;
};
} // namespace

using ServeTerminal = Served;

TEST_F(ServeTerminal, ThreeLinesTellTheStateAndGoAwayAtTheEnd)
{
	start();
	ASSERT_TRUE(shows("functions  0 of 2 in use")) << shown;
	ASSERT_TRUE(shows("NIC        link up, 0 queues at work, 0 packets sent, 0 received"))
		<< shown;
	ASSERT_TRUE(shows("SMMU       0 translations, 0 walks, 0 faults, 0 pages made dirty\r\n"))
		<< shown;
	ASSERT_TRUE(shows("\033[3F\033[Kfunctions")) << "again, in the same place: " << shown;
	EXPECT_EQ(end(), 0) << output();
	EXPECT_NE(shown.rfind("\033[3F\033[J"), std::string::npos) << shown;
	EXPECT_LT(shown.rfind("functions "), shown.rfind("\033[3F\033[J"));
	EXPECT_NE(output().find("PASS"), std::string::npos) << output();
}

TEST_F(ServeTerminal, AFunctionThatSomebodyHasIsCounted)
{
	start();
	ASSERT_TRUE(shows("0 of 2")) << shown;
	struct vfu_client_cfg cfg = {};
	char reply[4096];
	struct vfu_client *client =
		vfu_client_connect((folder + "/sockets/vf0.sock").c_str(), &cfg);
	ASSERT_NE(client, nullptr);
	ASSERT_EQ(vfu_client_version(client, nullptr, reply, sizeof(reply)), 0);
	EXPECT_TRUE(shows("1 of 2")) << shown;
	vfu_client_destroy(client);
	EXPECT_TRUE(shows("0 of 2")) << shown;
	EXPECT_EQ(end(), 0) << output();
}

/* A peer that does not speak the protocol. */
TEST_F(ServeTerminal, WhatIsToldTakesThePlaceOfTheStateWhichFollows)
{
	const uint8_t nonsense[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct sockaddr_un address = {};

	start();
	ASSERT_TRUE(shows("pages made dirty")) << shown;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	address.sun_family = AF_UNIX;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/sockets/vf1.sock", folder.c_str());
	ASSERT_EQ(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	EXPECT_EQ(write(fd, nonsense, sizeof(nonsense)), (ssize_t)sizeof(nonsense));
	EXPECT_TRUE(shows("\033[3F\033[J")) << shown;
	EXPECT_TRUE(shows("vf1")) << shown;
	EXPECT_TRUE(shows("\n\033[Kfunctions")) << "below it: " << shown;
	close(fd);
	EXPECT_EQ(end(), 0) << output();
}

TEST_F(ServeTerminal, QuietShowsNothing)
{
	start("--quiet");
	for (int tries = 0; tries < 1000 && output().find("# ready") == std::string::npos; tries++)
		usleep(10000);
	usleep(600000); /* more than two of its turns */
	EXPECT_EQ(end(), 0) << output();
	EXPECT_EQ(shown, "");
}
