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

/* What a line is of besides its texts: keys and numbers. */
#define LINE_BYTES 256u

/* Room for a line, with its first members in it. */
static char *begin_line(struct trace_writer *writer, const struct trace_stamp *stamp)
{
	uint32_t host = (uint32_t)strlen(stamp->host), thread = (uint32_t)strlen(stamp->thread);
	char *to = out_room(&writer->out, LINE_BYTES + host + thread);

	writer->lines++;
	to = text_put(to, "{\"t_us\":");
	to = text_u64(to, stamp->time_ps / PS_PER_US);
	to = text_put(to, ",\"host\":\"");
	to = text_copy(to, stamp->host, host);
	to = text_put(to, "\",\"thread\":\"");
	to = text_copy(to, stamp->thread, thread);
	return text_put(to, "\",");
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

static char *put_fd(char *to, int fd)
{
	return fd >= 0 ? text_u64(to, (uint64_t)fd) : text_put(to, "null");
}

void trace_writer_call(struct trace_writer *writer, const struct trace_stamp *stamp, int fd,
		       const char *file, const char *call, json_t *in, json_t *out, int64_t result)
{
	const char *error = result < 0 ? trace_errno_name((int)-result) : NULL;
	struct out *to = &writer->out;
	char *line = begin_line(writer, stamp);

	line = text_put(line, "\"fd\":");
	line = put_fd(line, fd);
	out_took(to, text_put(line, ",\"file\":\""));
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
	char *to = begin_line(writer, stamp);

	to = text_put(to, "\"call\":\"device\",\"event\":\"dma_");
	to = is_write ? text_put(to, "write") : text_put(to, "read");
	to = text_put(to, "\",\"iova\":");
	to = text_u64(to, iova);
	to = text_put(to, ",\"len\":");
	to = text_u64(to, len);
	out_took(&writer->out, text_put(to, ",\"cause\":\"engine\"}\n"));
}

void trace_writer_msix(struct trace_writer *writer, const struct trace_stamp *stamp,
		       uint32_t vector, int eventfd)
{
	char *to = begin_line(writer, stamp);

	to = text_put(to, "\"call\":\"device\",\"event\":\"msix\",\"vector\":");
	to = text_u64(to, vector);
	to = text_put(to, ",\"eventfd\":");
	to = put_fd(to, eventfd);
	out_took(&writer->out, text_put(to, ",\"cause\":\"engine\"}\n"));
}
