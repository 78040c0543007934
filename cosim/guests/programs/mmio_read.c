/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a read of a register takes, of a function that no driver has.
 *
 *   mmio_read ADDRESS OFFSET COUNT      prints nanoseconds, the mean
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static void *map_bar0(const char *address, uint32_t offset)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/enable", address);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, "1", 1) != 1)
		return MAP_FAILED;
	close(fd);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource0", address);
	fd = open(path, O_RDWR | O_SYNC);
	return mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, offset & ~4095u);
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

int main(int argc, char **argv)
{
	uint32_t offset, count;
	volatile uint32_t *reg;
	char *bar;
	int64_t begin;

	if (argc != 4)
		return 2;
	offset = (uint32_t)strtoul(argv[2], NULL, 0);
	count = (uint32_t)strtoul(argv[3], NULL, 0);
	bar = map_bar0(argv[1], offset);
	if (bar == MAP_FAILED || !count) {
		perror("mmio_read");
		return 1;
	}
	reg = (volatile uint32_t *)(bar + (offset & 4095u));
	begin = now_ns();
	for (uint32_t i = 0; i < count; i++)
		(void)*reg;
	printf("%lld\n", (long long)((now_ns() - begin) / count));
	return 0;
}
