/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "traces/line.h"

#define ERRNO_LAST 133 /* EHWPOISON */

const char *trace_errno_name(int number)
{
	return number > 0 ? strerrorname_np(number) : NULL;
}

int trace_errno_number(const char *name)
{
	/* The C library has a second name for some numbers; the kernel's own come first. */
	if (!strcmp(name, "EWOULDBLOCK"))
		name = "EAGAIN";
	else if (!strcmp(name, "EOPNOTSUPP"))
		name = strerrorname_np(95); /* ENOTSUP or EOPNOTSUPP, as the library prefers */
	for (int number = 1; number <= ERRNO_LAST; number++) {
		const char *known = strerrorname_np(number);

		if (known && !strcmp(known, name))
			return number;
	}
	return 0;
}
