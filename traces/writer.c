/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/writer.h"

#include <errno.h>
#include <inttypes.h>

#include "base/calendar.h"

int trace_writer_open(struct trace_writer *writer, const char *path)
{
	*writer = (struct trace_writer){.file = fopen(path, "w")};
	return writer->file ? 0 : -errno;
}

int trace_writer_close(struct trace_writer *writer)
{
	bool failed;

	if (!writer->file)
		return 0;
	failed = ferror(writer->file);
	failed |= fclose(writer->file) != 0;
	writer->file = NULL;
	return failed ? -EIO : 0;
}

static void begin_line(struct trace_writer *writer, const struct trace_stamp *stamp)
{
	writer->lines++;
	fprintf(writer->file, "{\"t_us\":%" PRIu64 ",\"host\":\"%s\",\"thread\":\"%s\",",
		stamp->time_ps / PS_PER_US, stamp->host, stamp->thread);
}

static void write_object(struct trace_writer *writer, const char *key, json_t *object)
{
	fprintf(writer->file, "\"%s\":", key);
	json_dumpf(object, writer->file, JSON_COMPACT);
	json_decref(object);
}

void trace_writer_call(struct trace_writer *writer, const struct trace_stamp *stamp, int fd,
		       const char *file, const char *call, json_t *in, json_t *out, int64_t result)
{
	const char *error = result < 0 ? trace_errno_name((int)-result) : NULL;

	begin_line(writer, stamp);
	if (fd >= 0)
		fprintf(writer->file, "\"fd\":%d,", fd);
	else
		fprintf(writer->file, "\"fd\":null,");
	fprintf(writer->file, "\"file\":\"%s\",\"call\":\"%s\",", file, call);
	write_object(writer, "in", in);
	fputc(',', writer->file);
	write_object(writer, "out", out);
	if (result >= 0)
		fprintf(writer->file, ",\"ret\":%" PRId64 "}\n", result);
	else
		fprintf(writer->file, ",\"ret\":-1,\"errno\":\"%s\"}\n", error ? error : "?");
}

void trace_writer_dma(struct trace_writer *writer, const struct trace_stamp *stamp, bool is_write,
		      uint64_t iova, uint64_t len)
{
	begin_line(writer, stamp);
	fprintf(writer->file,
		"\"call\":\"device\",\"event\":\"dma_%s\",\"iova\":%" PRIu64 ",\"len\":%" PRIu64
		",\"cause\":\"engine\"}\n",
		is_write ? "write" : "read", iova, len);
}

void trace_writer_msix(struct trace_writer *writer, const struct trace_stamp *stamp,
		       uint32_t vector, int eventfd)
{
	begin_line(writer, stamp);
	fprintf(writer->file,
		"\"call\":\"device\",\"event\":\"msix\",\"vector\":%u,\"eventfd\":", vector);
	if (eventfd >= 0)
		fprintf(writer->file, "%d", eventfd);
	else
		fprintf(writer->file, "null");
	fprintf(writer->file, ",\"cause\":\"engine\"}\n");
}
