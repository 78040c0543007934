/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/writer.h"

#include "base/calendar.h"

int trace_writer_open(struct trace_writer *writer, const char *path)
{
	*writer = (struct trace_writer){.lines = 0};
	return out_open(&writer->out, path);
}

int trace_writer_close(struct trace_writer *writer)
{
	return out_close(&writer->out);
}

/* A literal: its length is known. */
#define put(out, text) out_bytes(out, text, sizeof(text) - 1)

static void begin_line(struct trace_writer *writer, const struct trace_stamp *stamp)
{
	struct out *out = &writer->out;

	writer->lines++;
	put(out, "{\"t_us\":");
	out_u64(out, stamp->time_ps / PS_PER_US);
	put(out, ",\"host\":\"");
	out_text(out, stamp->host);
	put(out, "\",\"thread\":\"");
	out_text(out, stamp->thread);
	put(out, "\",");
}

static int write_piece(const char *text, size_t len, void *out)
{
	out_bytes(out, text, (uint32_t)len);
	return 0;
}

static void write_object(struct out *out, json_t *object)
{
	json_dump_callback(object, write_piece, out, JSON_COMPACT);
	json_decref(object);
}

static void write_fd(struct out *out, int fd)
{
	if (fd >= 0)
		out_u64(out, (uint64_t)fd);
	else
		put(out, "null");
}

void trace_writer_call(struct trace_writer *writer, const struct trace_stamp *stamp, int fd,
		       const char *file, const char *call, json_t *in, json_t *out, int64_t result)
{
	const char *error = result < 0 ? trace_errno_name((int)-result) : NULL;
	struct out *to = &writer->out;

	begin_line(writer, stamp);
	put(to, "\"fd\":");
	write_fd(to, fd);
	put(to, ",\"file\":\"");
	out_text(to, file);
	put(to, "\",\"call\":\"");
	out_text(to, call);
	put(to, "\",\"in\":");
	write_object(to, in);
	put(to, ",\"out\":");
	write_object(to, out);
	put(to, ",\"ret\":");
	out_i64(to, result >= 0 ? result : -1);
	if (result < 0) {
		put(to, ",\"errno\":\"");
		out_text(to, error ? error : "?");
		put(to, "\"");
	}
	put(to, "}\n");
}

void trace_writer_dma(struct trace_writer *writer, const struct trace_stamp *stamp, bool is_write,
		      uint64_t iova, uint64_t len)
{
	struct out *out = &writer->out;

	begin_line(writer, stamp);
	put(out, "\"call\":\"device\",\"event\":\"dma_");
	out_text(out, is_write ? "write" : "read");
	put(out, "\",\"iova\":");
	out_u64(out, iova);
	put(out, ",\"len\":");
	out_u64(out, len);
	put(out, ",\"cause\":\"engine\"}\n");
}

void trace_writer_msix(struct trace_writer *writer, const struct trace_stamp *stamp,
		       uint32_t vector, int eventfd)
{
	struct out *out = &writer->out;

	begin_line(writer, stamp);
	put(out, "\"call\":\"device\",\"event\":\"msix\",\"vector\":");
	out_u64(out, vector);
	put(out, ",\"eventfd\":");
	write_fd(out, eventfd);
	put(out, ",\"cause\":\"engine\"}\n");
}
