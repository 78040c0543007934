// SPDX-License-Identifier: Apache-2.0
#ifndef VFSIM_TESTBENCH_VIRTCHNL_MESSAGES_HPP
#define VFSIM_TESTBENCH_VIRTCHNL_MESSAGES_HPP

/*
 * Random virtchnl messages: most are what a driver could send, others have a field, a length or
 * an opcode that is wrong.
 */

#include <cstdint>
#include <vector>

#include "base/rng.h"

struct VirtchnlMessage {
	uint32_t opcode = 0;
	std::vector<uint8_t> data;
};

/* Of a VF whose VSI is `vsi`; rings lie in 64 KiB from `memory` on. */
VirtchnlMessage virtchnl_random_message(struct rng *rng, uint16_t vsi, uint64_t memory);

#endif
