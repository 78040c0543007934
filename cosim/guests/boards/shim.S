/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in front of an arm64 kernel's Image: it programs the functions that the guest is not told
 * of, and then starts the kernel as it was started itself (x0 to x3 untouched). Being part of the
 * Image, it runs again at each reboot.
 *
 * The header is that of the Linux arm64 boot protocol (Documentation/arch/arm64/booting.rst). The kernel
 * follows at SHIM_BYTES, and wants to be on a 2 MiB boundary.
 */
#define SHIM_BYTES 0x200000

/* PCIe ECAM of QEMU's virt board: bus, function and register of a 4 KiB page each. */
#define ECAM(bus, function, reg) (0x4010000000 + ((bus) << 20) + ((function) << 12) + (reg))

/* The hidden buses are 0x80, with the root port, and 0x81 behind it. */
#define PORT(reg)	   ECAM(0x80, 0, reg)
#define CARRIER(reg)	   ECAM(0x81, 0, reg)
#define COUNTERS(reg)	 ECAM(0x81, 1, reg)
#define APERTURE_FN(reg) ECAM(0x81, 2, reg)

#define COMMAND		 0x04 /* PCI-to-PCI bridge and endpoint headers: PCI local bus 3.0, 6.1; bridge 1.2, 3.2 */
#define BAR0		 0x10
#define BAR1		 0x14
#define BUS_NUMBERS	 0x18
#define MEMORY_WINDOW	 0x20
#define PREFETCH_WINDOW 0x24
#define PREFETCH_BASE	 0x28 /* upper halves */
#define PREFETCH_LIMIT	 0x2c

	.macro	write32 address, value
	.quad	\address
	.long	\value, 4
	.endm
	.macro	write16 address, value
	.quad	\address
	.long	\value, 2
	.endm

	.text
	.globl	_start
_start:
begin:
	b	code
	.long	0
	.quad	0		/* text_offset */
	.quad	IMAGE_BYTES	/* image_size, of both */
	.quad	IMAGE_FLAGS	/* the kernel's own */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

code:
	adr	x4, writes
next:
	ldr	x5, [x4], #8
	cbz	x5, start_kernel
	ldp	w6, w7, [x4], #8
	cmp	w7, #2
	b.eq	half
	str	w6, [x5]
	b	written
half:
	strh	w6, [x5]
written:
	dsb	sy
	b	next

start_kernel:
	adr	x4, begin	/* not _start: nothing links this, so only local names are resolved */
	add	x4, x4, #SHIM_BYTES
	br	x4

	.balign	8
writes:
	write32	PORT(BUS_NUMBERS), 0x00818180	/* primary, secondary, subordinate */
	write32	PORT(MEMORY_WINDOW), 0x3e003e00	/* 3e000000 to 3e0fffff */
#ifdef APERTURE
	write32	PORT(PREFETCH_WINDOW), 0x3ff10001 /* 8000000000 to 803fffffff, of 64 bits */
	write32	PORT(PREFETCH_BASE), 0x80
	write32	PORT(PREFETCH_LIMIT), 0x80
#endif
	write16	PORT(COMMAND), 7
	write32	CARRIER(BAR0), 0x3e000000
	write16	CARRIER(COMMAND), 6
	write32	COUNTERS(BAR0), 0x3e020000
	write16	COUNTERS(COMMAND), 6
#ifdef APERTURE
	write32	APERTURE_FN(BAR0), 0
	write32	APERTURE_FN(BAR1), 0x80
	write16	APERTURE_FN(COMMAND), 6
#endif
	.quad	0
