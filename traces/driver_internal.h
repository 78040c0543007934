/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TRACES_DRIVER_INTERNAL_H
#define VFSIM_TRACES_DRIVER_INTERNAL_H

#include <jansson.h>

#include "traces/driver_line.h"

/* Where a line comes from, for what is said of it. */
struct driver_source {
	const char *path;
	uint32_t number;
	char *error;
	size_t error_size;
};

/* "FILE:LINE: …" into source->error; -EINVAL. */
int driver_fail(struct driver_source *source, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* An integer, or a text of 0x and hexadecimal digits. */
bool driver_number(const json_t *json, uint64_t *value);

/* One line of `json`. Release it even when it is refused. */
int driver_line_take(struct driver_source *source, const json_t *json, struct driver_line *line);
void driver_line_release(struct driver_line *line);

/* Do the members of a line fit each other? (driver_check.c) */
int driver_line_check(struct driver_source *source, const struct driver_line *line);
/* And the recorded machine? */
int driver_line_check_meta(struct driver_source *source, const struct driver_line *line,
			   const struct driver_meta *meta);

#endif
