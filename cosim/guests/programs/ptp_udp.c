/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Are received packets stamped by the device's clock?
 *
 *   ptp_udp CLOCK INTERFACE ADDRESS COUNT
 *
 * CLOCK: /dev/ptp*, of INTERFACE. Sends COUNT datagrams to the echo port (RFC 862) of ADDRESS; each
 * answer's time has to lie between two readings of the clock, which has to go on. Exit status 1
 * with a line that says why, 0 with one that says how long answers took by the clock, in ns.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ECHO_PORT 7

static int fails(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	return 1;
}

/* Of a clock's file (Linux Documentation/driver-api/ptp.rst, FD_TO_CLOCKID). */
static int64_t clock_ns(int fd)
{
	struct timespec now;

	if (clock_gettime((clockid_t)((~(unsigned int)fd << 3) | 3), &now))
		return -1;
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

/* All received packets of the interface are stamped from now on. */
static int stamp_all(int sock, const char *interface)
{
	struct hwtstamp_config config = {.rx_filter = HWTSTAMP_FILTER_ALL};
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	request.ifr_data = (void *)&config;
	return ioctl(sock, SIOCSHWTSTAMP, &request);
}

static int open_echo(const char *interface, const char *address)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(ECHO_PORT)};
	int what = SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE;
	struct timeval patience = {.tv_sec = 5};
	int sock = socket(AF_INET, SOCK_DGRAM, 0);

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1 || stamp_all(sock, interface) ||
	    setsockopt(sock, SOL_SOCKET, SO_TIMESTAMPING, &what, sizeof(what)) ||
	    setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    connect(sock, (struct sockaddr *)&to, sizeof(to)))
		return -1;
	return sock;
}

/* The time that the next datagram bears; 0: none, -1: no datagram. */
static int64_t receive(int sock)
{
	char data[64], control[256];
	struct iovec part = {data, sizeof(data)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};

	if (recvmsg(sock, &message, 0) < 0)
		return -1;
	for (struct cmsghdr *at = CMSG_FIRSTHDR(&message); at; at = CMSG_NXTHDR(&message, at)) {
		struct timespec stamp[3];

		if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_TIMESTAMPING)
			continue;
		memcpy(stamp, CMSG_DATA(at), sizeof(stamp));
		return stamp[2].tv_sec * 1000000000ll + stamp[2].tv_nsec;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int64_t before, stamp, after, sum = 0;
	int clock, sock, count;

	if (argc != 5)
		return fails("usage: ptp_udp CLOCK INTERFACE ADDRESS COUNT");
	count = atoi(argv[4]);
	clock = open(argv[1], O_RDONLY);
	sock = open_echo(argv[2], argv[3]);
	if (clock < 0 || sock < 0 || count < 1)
		return fails("%s, %s or %s: %s", argv[1], argv[2], argv[3], strerror(errno));
	for (int i = 0; i < count; i++) {
		before = clock_ns(clock);
		if (send(sock, "time", 4, 0) != 4)
			return fails("send: %s", strerror(errno));
		stamp = receive(sock);
		after = clock_ns(clock);
		if (before < 0 || after <= before)
			return fails("the clock said %" PRId64 ", then %" PRId64, before, after);
		if (stamp < before || stamp > after)
			return fails("answer %d is of %" PRId64 ", not between %" PRId64
				     " and %" PRId64,
				     i, stamp, before, after);
		sum += stamp - before;
	}
	printf("%" PRId64 "\n", sum / count);
	return 0;
}
