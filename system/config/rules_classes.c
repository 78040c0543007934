/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about traffic classes: of the port, and what guests and streams want of them. */
#include <inttypes.h>

#include "system/config/classes.h"
#include "system/config/rules_internal.h"

struct nic_classes config_classes(const struct nic_config *nic)
{
	struct nic_classes classes = nic_classes_default();

	classes.pause = (uint8_t)nic->pause;
	classes.lossless = (uint8_t)nic->lossless;
	if (nic->classes_count)
		classes.count = (uint8_t)nic->classes_count;
	for (uint32_t i = 0; i < nic->classes_count; i++) {
		classes.share[i] = (uint8_t)nic->classes[i].share;
		for (uint32_t priority = 0; priority < NIC_PRIORITIES; priority++)
			if (nic->classes[i].priorities >> priority & 1)
				classes.of_priority[priority] = (uint8_t)i;
	}
	return classes;
}

static void check_priority(const struct rules *rules, uint32_t priority)
{
	const struct nic_config *nic = &rules->cfg->machine.nic;
	uint32_t found = 0;

	for (uint32_t i = 0; i < nic->classes_count; i++)
		found += nic->classes[i].priorities >> priority & 1;
	if (found != 1)
		broken(rules, "machine.nic.classes",
		       "expected each priority in one of them: %" PRIu32 " is in %s", priority,
		       found ? "several" : "none");
}

void rules_check_classes(const struct rules *rules)
{
	const struct nic_config *nic = &rules->cfg->machine.nic;
	uint64_t shares = 0;

	for (uint32_t priority = 0; nic->classes_count && priority < NIC_PRIORITIES; priority++)
		check_priority(rules, priority);
	for (uint32_t i = 0; i < nic->classes_count; i++)
		shares += nic->classes[i].share;
	if (shares && shares != 100)
		broken(rules, "machine.nic.classes",
		       "expected shares of 100 percent together, not %" PRIu64, shares);
	for (uint32_t i = 0; i < nic->classes_count; i++)
		if (!nic->classes[i].priorities)
			broken(rules, "machine.nic.classes", "expected a priority in each of them");
	if (nic->pause == NIC_PAUSE_PRIORITY && !nic->lossless)
		broken(rules, "machine.nic.lossless", "expected priorities with pause: priority");
	if (nic->pause != NIC_PAUSE_PRIORITY && nic->lossless)
		broken(rules, "machine.nic.lossless", "needs pause: priority");
}

void rules_check_guest_classes(const struct rules *rules, uint32_t index)
{
	const struct guest_config *guest = &rules->cfg->guests[index];
	uint32_t classes = config_classes(&rules->cfg->machine.nic).count;
	char path[96];

	if (guest->pairs_per_class && guest->pairs_per_class * classes != guest->queue_pairs)
		broken(rules, indexed(path, "guests", index, "pairs_per_class"),
		       "expected as many as make its queue_pairs (%" PRIu64
		       ") for the port's %" PRIu32 " classes, not %" PRIu64,
		       guest->queue_pairs, classes, guest->pairs_per_class);
}
