/* SPDX-License-Identifier: Apache-2.0 */
/* A packet capture that is to be replayed: whole, of one interface, one direction, cut frames
 * padded. */
#include "testbench/fuzz/common/fuzz.hpp"
#include "traces/capture_file.h"

namespace
{
void judge(const struct capture_file &file, const struct capture_want &want)
{
	const uint8_t *end = file.content + file.size;
	uint64_t before = 0;

	if (!file.frames)
		fuzz_finding("a capture that is taken without frames", "");
	for (uint32_t i = 0; i < file.frames; i++) {
		const struct capture_frame &frame = file.frame[i];

		if (frame.data < file.content || frame.data > end ||
		    frame.kept_bytes > static_cast<size_t>(end - frame.data))
			fuzz_finding("a frame that lies outside of the file", "");
		if (frame.len_bytes < want.min_bytes || frame.len_bytes > want.max_bytes ||
		    frame.kept_bytes > frame.len_bytes ||
		    (frame.kept_bytes < frame.len_bytes && !want.pad_cut))
			fuzz_finding("a frame of a length that is not wanted", "");
		if (frame.time_ps < before || (!i && frame.time_ps))
			fuzz_finding("times that go back", "");
		before = frame.time_ps;
	}
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct capture_want wants[] = {
		{nullptr, PCAPNG_UNKNOWN, false, 14, 9728},
		{nullptr, PCAPNG_INBOUND, true, 14, 9728},
		{"1", PCAPNG_UNKNOWN, true, 1, UINT32_MAX},
		{"eth0", PCAPNG_OUTBOUND, true, 14, 9728},
	};
	std::string path = fuzz_file("capture", fuzz_text(data, size));

	for (const struct capture_want &want : wants) {
		struct capture_file file;
		char error[512] = "";

		if (capture_file_load(&file, path.c_str(), &want, error, sizeof(error)))
			fuzz_refusal(error);
		else
			judge(file, want);
		capture_file_release(&file);
	}
	return 0;
}
