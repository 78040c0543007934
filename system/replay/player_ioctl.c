/* SPDX-License-Identifier: Apache-2.0 */
/* An ioctl of a recording: its structure in our numbers, performed, and compared in theirs. */
#include <errno.h>
#include <linux/iommufd.h>
#include <linux/vfio.h>
#include <string.h>

#include "base/bits.h"
#include "system/replay/player_internal.h"

/* An object that is not there: no recording counts so far. */
#define ID_NOT_THERE 0xfffffff0u

static void map_id(struct player *player, const struct trace_field *field, uint8_t *bytes)
{
	uint64_t recorded = trace_field_get(field, bytes), ours;

	/* 0 is no object. */
	if (!recorded)
		return;
	if (!trace_relation_find(&player->ids, recorded, &ours))
		ours = ID_NOT_THERE;
	trace_field_set(field, bytes, ours);
}

static void map_fd(struct player *player, const struct trace_line *line,
		   const struct trace_field *field, uint8_t *bytes)
{
	int64_t recorded = (int64_t)trace_field_get(field, bytes);
	int ours = player_fd(player, recorded);

	if (!strcmp(line->call, "IOMMU_IOAS_MAP_FILE"))
		ours = player_memfd(
			player, recorded,
			(uint64_t)json_integer_value(json_object_get(line->in, "file_size")));
	trace_field_set(field, bytes, (uint64_t)(int64_t)ours);
}

static void map_eventfds(struct player *player, struct trace_argument *argument)
{
	struct vfio_irq_set *set = (void *)argument->bytes;
	uint32_t room = (argument->len - (uint32_t)sizeof(*set)) / 4;

	if (!(set->flags & VFIO_IRQ_SET_DATA_EVENTFD))
		return;
	for (uint32_t i = 0; i < MIN(set->count, room); i++) {
		int32_t recorded = (int32_t)le32_get(set->data + 4 * i);

		if (recorded >= 0)
			le32_put(set->data + 4 * i, (uint32_t)player_eventfd(player, recorded));
	}
}

/* Calls that map memory of the program: which field is its length. */
static const struct {
	const char *call;
	size_t length_at;
} memory_maps[] = {
	{"IOMMU_IOAS_MAP", offsetof(struct iommu_ioas_map, length)},
	{"VFIO_IOMMU_MAP_DMA", offsetof(struct vfio_iommu_type1_dma_map, size)},
};

/* The program's memory is at its own addresses; what it maps must be there. */
static void provide_memory(struct player *player, struct actor *self, const struct trace_line *line,
			   const struct trace_field *address, const uint8_t *bytes)
{
	/* Unless the kernel found that it was not. */
	if (line->error == EFAULT)
		return;
	for (size_t i = 0; i < ARRAY_LEN(memory_maps); i++)
		if (!strcmp(line->call, memory_maps[i].call))
			player_memory(player, self, trace_field_get(address, bytes),
				      le64_get(bytes + memory_maps[i].length_at));
}

/* Replace the recorded numbers in what goes in by ours. */
static void map_in(struct player *player, struct actor *self, const struct trace_line *line,
		   const struct trace_call *call, struct trace_argument *argument)
{
	for (uint32_t i = 0; i < call->fields; i++) {
		const struct trace_field *field = &call->field[i];

		if (!(field->direction & TRACE_IN))
			continue;
		if (field->kind == TRACE_ID)
			map_id(player, field, argument->bytes);
		else if (field->kind == TRACE_FD)
			map_fd(player, line, field, argument->bytes);
		else if (field->kind == TRACE_ADDRESS)
			provide_memory(player, self, line, field, argument->bytes);
	}
	if (!strcmp(line->call, "VFIO_DEVICE_SET_IRQS"))
		map_eventfds(player, argument);
}

/* A new descriptor in a payload (the migration data fd): from here on it is the recorded one's. */
static void bind_data_fd(struct player *player, const struct trace_line *line, const json_t *ours)
{
	const json_t *recorded = json_object_get(json_object_get(line->out, "payload"), "data_fd");
	const json_t *fd = json_object_get(json_object_get(ours, "payload"), "data_fd");

	if (json_integer_value(recorded) < 0 || !json_is_integer(fd) || json_integer_value(fd) < 0)
		return;
	player_fd_bind(player, json_integer_value(recorded), (int)json_integer_value(fd));
	/* And a stream begins. */
	if (player->env.reads)
		player->env.reads->len = 0;
}

static bool compare(struct player *player, const struct trace_line *line,
		    const struct trace_call *call, const struct trace_argument *argument,
		    int64_t ret)
{
	const struct trace_acceptor *acceptor = player->env.acceptor;
	struct trace_difference difference;
	json_t *ours;
	bool equal;

	if (!trace_compare_result(line, ret, acceptor, &difference))
		return player_differs(player, line, &difference);
	ours = trace_call_encode(call, argument, TRACE_OUT);
	equal = trace_compare_out(line, call, ours, &player->ids, acceptor, &difference);
	if (equal && ret >= 0)
		bind_data_fd(player, line, ours);
	json_decref(ours);
	return equal || player_differs(player, line, &difference);
}

/*
 * The kernel answers 0 to any range of an HWPT, and looks no further than the first hole
 * (drivers/iommu/iommufd/io_pagetable.c iommu_read_and_clear_dirty): by its answer alone a
 * request for another range would not be found out. Programs ask about what they have mapped.
 */
static bool asks_for_mappings(struct player *player, struct actor *self,
			      const struct trace_line *line, const struct trace_call *call,
			      const struct trace_argument *argument)
{
	const struct iommu_hwpt_get_dirty_bitmap *cmd = (const void *)argument->bytes;
	const struct trace_acceptor *acceptor = player->env.acceptor;
	struct trace_difference difference;
	uint64_t first, last;

	if (call->request != IOMMU_HWPT_GET_DIRTY_BITMAP || line->ret < 0)
		return true;
	if (!uapi_hwpt_mappings(player->env.process, self, player_fd(player, line->fd),
				cmd->hwpt_id, cmd->iova, cmd->length, &first, &last))
		return player_complains(player, line, "in.iova: nothing is mapped in this range");
	return (trace_compare_number(line, "in.iova", cmd->iova, first, acceptor, &difference) &&
		trace_compare_number(line, "in.length", cmd->length, last - cmd->iova + 1, acceptor,
				     &difference)) ||
	       player_differs(player, line, &difference);
}

/* The third argument of ioctl(). */
static void *pass(const struct trace_call *call, const struct trace_argument *argument)
{
	if (call->form == TRACE_VALUE)
		return (void *)(uintptr_t)le64_get(argument->bytes);
	return call->size ? argument->bytes : NULL;
}

static bool perform(struct player *player, struct actor *self, const struct trace_line *line,
		    const struct trace_call *call, struct trace_argument *argument)
{
	int ret = uapi_ioctl(player->env.process, self, player_fd(player, line->fd), call->request,
			     pass(call, argument));

	if (!compare(player, line, call, argument, ret))
		return false;
	if (ret >= 0 && !strcmp(line->call, "VFIO_GROUP_GET_DEVICE_FD"))
		player_fd_bind(player, line->ret, ret);
	if (ret >= 0 && call->request == IOMMU_DESTROY)
		trace_relation_forget(&player->ids, (uint64_t)json_integer_value(
							    json_object_get(line->in, "id")));
	return true;
}

bool player_ioctl(struct player *player, struct actor *self, const struct trace_line *line,
		  const struct trace_call *call)
{
	struct trace_difference difference;
	struct trace_argument argument;
	const char *why = trace_call_decode(call, line->in, &argument);
	bool equal = false;

	if (why) {
		player_complains(player, line, "expected %s", why);
	} else if (!trace_compare_in(line, call, &argument, &difference)) {
		player_differs(player, line, &difference);
	} else {
		map_in(player, self, line, call, &argument);
		equal = asks_for_mappings(player, self, line, call, &argument) &&
			perform(player, self, line, call, &argument);
	}
	trace_argument_release(&argument);
	return equal;
}
