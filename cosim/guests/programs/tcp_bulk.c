/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bulk TCP without copies: pages of a file are sent, and what comes is counted and forgotten. Both
 * ends are threads of one program, so that no address space is switched between them: what remains
 * is the stack's, the driver's and the device's work.
 *
 *   tcp_bulk FROM TO ADDRESS MIB
 *
 * FROM, TO: processes whose network namespaces have the ends; ADDRESS: IPv4, of TO's. Prints the
 * microseconds until all of it had arrived.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT        5001
#define MIB         1048576u
#define CHUNK_BYTES (128u * 1024)

static void fail(const char *what)
{
	fprintf(stderr, "tcp_bulk: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A socket in the network namespace of that process. */
static int socket_of(const char *pid)
{
	char path[64];
	int netns, fd;

	snprintf(path, sizeof(path), "/proc/%s/ns/net", pid);
	netns = open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0 || setns(netns, CLONE_NEWNET))
		fail(path);
	close(netns);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fail("socket");
	return fd;
}

static int file_of_a_mib(void)
{
	int fd = memfd_create("bytes", MFD_CLOEXEC);
	char *bytes;

	if (fd < 0 || ftruncate(fd, MIB))
		fail("memfd_create");
	bytes = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		fail("mmap");
	memset(bytes, 0x5a, MIB);
	return fd;
}

struct receiver {
	int listener;
	unsigned long long received;
};

static void *receive(void *arg)
{
	struct receiver *receiver = arg;
	int fd = accept(receiver->listener, NULL, NULL);
	static char room[CHUNK_BYTES];
	ssize_t count;

	if (fd < 0)
		fail("accept");
	while ((count = recv(fd, room, sizeof(room), MSG_TRUNC)) > 0)
		receiver->received += (unsigned long long)count;
	if (count < 0)
		fail("recv");
	return NULL;
}

static void send_all(int fd, int file, unsigned long long bytes)
{
	while (bytes) {
		size_t most = bytes < MIB ? (size_t)bytes : MIB;
		off_t from = 0;
		ssize_t count = sendfile(fd, file, &from, most);

		if (count < 0)
			fail("sendfile");
		bytes -= (unsigned long long)count;
	}
	shutdown(fd, SHUT_WR);
}

static unsigned long long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	unsigned long long bytes = argc == 5 ? strtoull(argv[4], NULL, 0) * MIB : 0, begin;
	struct receiver receiver = {0};
	int sender, file;
	pthread_t thread;

	if (!bytes || inet_pton(AF_INET, argv[3], &address.sin_addr) != 1) {
		fprintf(stderr, "usage: tcp_bulk FROM TO ADDRESS MIB\n");
		return 2;
	}
	file = file_of_a_mib();
	receiver.listener = socket_of(argv[2]);
	sender = socket_of(argv[1]);
	if (bind(receiver.listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(receiver.listener, 1))
		fail("listen");
	if (pthread_create(&thread, NULL, receive, &receiver))
		fail("pthread_create");
	if (connect(sender, (struct sockaddr *)&address, sizeof(address)))
		fail("connect");
	begin = now_us();
	send_all(sender, file, bytes);
	pthread_join(thread, NULL);
	if (receiver.received != bytes) {
		fprintf(stderr, "tcp_bulk: %llu bytes of %llu came\n", receiver.received, bytes);
		return 1;
	}
	printf("%llu\n", now_us() - begin);
	return 0;
}
