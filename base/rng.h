/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_BASE_RNG_H
#define VFSIM_BASE_RNG_H

/*
 * Random numbers: one named stream per user, all derived from the run's seed,
 * so that a new user of randomness does not disturb the others.
 * Generator: xoshiro256** (Blackman, Vigna 2018), seeded by splitmix64.
 */

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rng {
	uint64_t state[4];
};

void rng_init(struct rng *rng, uint64_t seed, const char *stream);
uint64_t rng_next(struct rng *rng);

/* Uniform in [0, bound), bound > 0, without modulo bias. */
uint64_t rng_below(struct rng *rng, uint64_t bound);

/* Exponentially distributed with mean `mean`: a Poisson process' next gap. */
uint64_t rng_exponential(struct rng *rng, uint64_t mean);

#ifdef __cplusplus
}
#endif
#endif
