/* SPDX-License-Identifier: Apache-2.0 */
/* The options of QEMU with which a guest finds what is served. */
#include <inttypes.h>

#include "cosim/serve/serve.h"

/* A guest's memory must be one that another process can map. */
static const char *const machine_args[] = {
	[BOARD_X86_64] = "-M q35",
	[BOARD_ARM64] = "-M virt,gic-version=3,msi=gicv2m",
};

/* What a guest does not see as PCI is on a bus of which its firmware does not tell it. */
static const char hidden_bus[] = "-device pxb-pcie,id=vfsim_pxb,bus_nr=128,bus=pcie.0,addr=1f\n"
				 "-device pcie-root-port,id=vfsim_hidden,bus=vfsim_pxb,chassis=99,"
				 "addr=0\n";

static void print_device(const struct serve_options *options, FILE *out, const char *name,
			 const char *bus, uint32_t device, uint32_t function, bool multifunction)
{
	fprintf(out,
		"-device '{\"driver\":\"vfio-user-pci\",\"bus\":\"%s\",\"addr\":\"%x.%x\",%s"
		"\"socket\":{\"type\":\"unix\",\"path\":\"%s/%s.sock\"}}'\n",
		bus, device, function, multifunction ? "\"multifunction\":true," : "",
		options->socket_dir, name);
}

void serve_qemu_args(const struct serve_options *options, const struct board *board, FILE *out)
{
	char name[16];

	fprintf(out, "%s\n", machine_args[options->arch]);
	if (board_plans[options->arch].carrier) {
		fputs(hidden_bus, out);
		print_device(options, out, "smmu", "vfsim_hidden", 0, 0, true);
		print_device(options, out, "pmcg", "vfsim_hidden", 0, 1, false);
	}
	if (options->sriov)
		print_device(options, out, "aperture", "vfsim_hidden", 0, 2, false);
	for (uint32_t i = 0; i < board_functions(board); i++) {
		uint16_t rid = board_guest_rid(board, i);
		/* A VF of the guest's own PF stands where SR-IOV says, beside others. */
		bool first_of_many = options->sriov && rid % BOARD_DEVICE_STEP == 0 && i;

		print_device(options, out, board_function_name(board, i, name, sizeof(name)),
			     "pcie.0", rid / BOARD_DEVICE_STEP, rid % BOARD_DEVICE_STEP,
			     first_of_many);
	}
}
