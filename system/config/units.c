/* SPDX-License-Identifier: Apache-2.0 */
#include "system/config/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"

struct unit_row {
	enum unit unit;
	const char *suffix;
	uint64_t scale;
};

/* Largest first within a unit: unit_format takes the first that divides. */
static const struct unit_row unit_rows[] = {
	{UNIT_COUNT, "", 1},
	{UNIT_BYTES, "TiB", UINT64_C(1) << 40},
	{UNIT_BYTES, "GiB", UINT64_C(1) << 30},
	{UNIT_BYTES, "MiB", UINT64_C(1) << 20},
	{UNIT_BYTES, "KiB", UINT64_C(1) << 10},
	{UNIT_BYTES, "B", 1},
	{UNIT_BYTES, "", 1},
	{UNIT_PS, "s", UINT64_C(1000000000000)},
	{UNIT_PS, "ms", UINT64_C(1000000000)},
	{UNIT_PS, "us", UINT64_C(1000000)},
	{UNIT_PS, "ns", UINT64_C(1000)},
	{UNIT_PS, "ps", 1},
	{UNIT_BPS, "Gb/s", UINT64_C(1000000000)},
	{UNIT_BPS, "Mb/s", UINT64_C(1000000)},
	{UNIT_BPS, "kb/s", UINT64_C(1000)},
	{UNIT_BPS, "GB/s", UINT64_C(8000000000)},
	{UNIT_BPS, "MB/s", UINT64_C(8000000)},
	{UNIT_BPS, "b/s", 1},
};

const char *unit_hint(enum unit unit)
{
	static const char *const hint[] = {
		[UNIT_COUNT] = "a whole number",
		[UNIT_BYTES] = "a size such as 1500, 64KiB or 4GiB",
		[UNIT_PS] = "a time such as 750ns, 2us or 300ms",
		[UNIT_BPS] = "a rate such as 500Mb/s or 10Gb/s",
	};

	return hint[unit];
}

static const struct unit_row *unit_find(enum unit unit, const char *suffix)
{
	for (size_t i = 0; i < ARRAY_LEN(unit_rows); i++)
		if (unit_rows[i].unit == unit && !strcmp(unit_rows[i].suffix, suffix))
			return &unit_rows[i];
	return NULL;
}

/* Digits with at most one point, as a mantissa and the power of ten it is divided by. */
static int decimal_parse(const char **text, uint64_t *mantissa, uint64_t *divisor)
{
	const char *p = *text;
	bool point = false, digit = false;

	*mantissa = 0;
	*divisor = 1;
	for (;; p++) {
		if (*p == '.' && !point) {
			point = true;
			continue;
		}
		if (*p < '0' || *p > '9')
			break;
		digit = true;
		if (__builtin_mul_overflow(*mantissa, 10, mantissa) ||
		    __builtin_add_overflow(*mantissa, (uint64_t)(*p - '0'), mantissa))
			return -ERANGE;
		if (point && __builtin_mul_overflow(*divisor, 10, divisor))
			return -ERANGE;
	}
	*text = p;
	return digit ? 0 : -EINVAL;
}

static int hex_parse(const char *text, uint64_t *value)
{
	const char *p = text + 2;

	*value = 0;
	for (; *p; p++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = strchr(digits, *p | 0x20);

		if (!digit)
			return -EINVAL;
		if (*value >> 60)
			return -ERANGE;
		*value = *value << 4 | (uint64_t)(digit - digits);
	}
	return p == text + 2 ? -EINVAL : 0;
}

int unit_parse(enum unit unit, const char *text, uint64_t *value)
{
	const struct unit_row *row;
	uint64_t mantissa, divisor;
	int rc;

	if (text[0] == '0' && (text[1] | 0x20) == 'x')
		return hex_parse(text, value);
	rc = decimal_parse(&text, &mantissa, &divisor);
	if (rc)
		return rc;
	while (*text == ' ')
		text++;
	/* Zero needs no unit. */
	if (!mantissa && !*text) {
		*value = 0;
		return 0;
	}
	row = unit_find(unit, text);
	if (!row)
		return -EINVAL;
	if (__builtin_mul_overflow(mantissa, row->scale, &mantissa) || mantissa % divisor)
		return -ERANGE;
	*value = mantissa / divisor;
	return 0;
}

const char *unit_format(enum unit unit, uint64_t value, char *text, size_t size)
{
	for (size_t i = 0; i < ARRAY_LEN(unit_rows); i++) {
		const struct unit_row *row = &unit_rows[i];

		if (row->unit != unit || (value && value % row->scale) ||
		    strstr(row->suffix, "B/s"))
			continue;
		if (!value && row->scale != 1)
			continue;
		snprintf(text, size, "%" PRIu64 "%s", value / row->scale, row->suffix);
		return text;
	}
	return text;
}
