/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_NETWORK_NAMESPACE_H
#define VFSIM_TESTBENCH_NETWORK_NAMESPACE_H

/*
 * Tests with network interfaces of the machine that they run on, in a user and network
 * namespace of their own: whoever runs them keeps theirs, and needs no rights.
 */

#include <functional>
#include <string>

/*
 * Run `body` in a child there; what it needs and does not get fails the test (need()). False:
 * there can be no such namespace, or no TAP device in it, and `why` says so.
 */
bool in_network_namespace(const std::function<void()> &body, std::string *why);

/* In the child: where it does not hold, say what and end. */
void need(bool holds, const char *what);

/* A socket that sees and sends whole frames at an interface; five seconds of patience. */
int packet_socket(const char *interface);

#define IN_NETWORK_NAMESPACE(...)                                                                  \
	do {                                                                                       \
		std::string why;                                                                   \
		if (!in_network_namespace(__VA_ARGS__, &why))                                      \
			GTEST_SKIP() << why;                                                       \
	} while (0)

#endif
