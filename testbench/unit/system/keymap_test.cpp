// SPDX-License-Identifier: Apache-2.0
// The oracle's map from keys to numbers, with keys that share a recent answer.
#include "system/oracle/keymap.h"

#include <gtest/gtest.h>

TEST(Keymap, KnowsAKeyWhateverWasAskedBeforeIt)
{
	struct keymap map = {};

	EXPECT_EQ(keymap_get(&map, 0), KEYMAP_NONE);
	for (uint64_t key = 0; key < 100; key++)
		keymap_put(&map, key * KEYMAP_RECENT, static_cast<uint32_t>(key));
	for (uint64_t key = 0; key < 100; key++) {
		EXPECT_EQ(keymap_get(&map, key * KEYMAP_RECENT), key);
		EXPECT_EQ(keymap_recent(&map, key * KEYMAP_RECENT), key);
		EXPECT_EQ(keymap_get(&map, key * KEYMAP_RECENT + 1), KEYMAP_NONE);
	}
	keymap_release(&map);
}

TEST(Keymap, AReplacedNumberIsTheRecentOneToo)
{
	struct keymap map = {};

	keymap_put(&map, 7, 1);
	EXPECT_EQ(keymap_get(&map, 7), 1u);
	keymap_put(&map, 7, 2);
	EXPECT_EQ(keymap_recent(&map, 7), 2u);
	EXPECT_EQ(keymap_get(&map, 7), 2u);
	keymap_release(&map);
}
