/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"

#include <math.h>

static uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

void rng_init(struct rng *rng, uint64_t seed, const char *stream)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a over the stream's name */

	for (const char *c = stream; *c; c++)
		hash = (hash ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
	hash ^= seed;
	for (int i = 0; i < 4; i++)
		rng->state[i] = splitmix64(&hash);
}

static uint64_t rotate_left(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

uint64_t rng_next(struct rng *rng)
{
	uint64_t *s = rng->state;
	uint64_t result = rotate_left(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate_left(s[3], 45);
	return result;
}

uint64_t rng_below(struct rng *rng, uint64_t bound)
{
	uint64_t limit = -bound % bound; /* 2^64 mod bound: the part that would bias */
	uint64_t value;

	do
		value = rng_next(rng);
	while (value < limit);
	return value % bound;
}

uint64_t rng_exponential(struct rng *rng, uint64_t mean)
{
	/* In (0, 1]: log(0) never happens. */
	double uniform = (double)((rng_next(rng) >> 11) + 1) * 0x1.0p-53;

	return (uint64_t)(-log(uniform) * (double)mean);
}
