/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_CONFIG_UNITS_H
#define VFSIM_SYSTEM_CONFIG_UNITS_H

/*
 * Numbers with units, as configuration files and the command line write them:
 * `4GiB`, `300ms`, `2.5us`, `10Gb/s`, `1500`. Inside vfsim a size is bytes, a
 * time picoseconds, a rate bits per second, all uint64_t.
 */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum unit { UNIT_COUNT, UNIT_BYTES, UNIT_PS, UNIT_BPS };

/* What the value of a unit looks like, for messages: "a time such as 2us or 300ms". */
const char *unit_hint(enum unit unit);

/* -EINVAL: no such number or unit; -ERANGE: does not fit, or is no whole number of the base unit.
 */
int unit_parse(enum unit unit, const char *text, uint64_t *value);

/* The shortest exact writing, which unit_parse reads back to `value`. Returns `text`. */
const char *unit_format(enum unit unit, uint64_t value, char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif
