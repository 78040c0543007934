/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_SYSTEM_REPLAY_MACHINE_FILE_H
#define VFSIM_SYSTEM_REPLAY_MACHINE_FILE_H

#include "system/config/config.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Write into folder `dir` what a replay of a run's sequence.jsonl needs beside
 * it: recorded-device.yaml, the machine as far as a program can tell it from
 * another, and an accept list that accepts nothing. Negative errno.
 */
int replay_write_machine(const struct machine_cfg *machine, const char *dir);

#ifdef __cplusplus
}
#endif
#endif
