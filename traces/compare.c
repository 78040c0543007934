/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/compare.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct trace_pair {
	uint64_t recorded;
	uint64_t ours;
};

static struct trace_pair *find_pair(const struct trace_relation *relation, uint64_t recorded)
{
	for (uint32_t i = 0; i < relation->count; i++)
		if (relation->pair[i].recorded == recorded)
			return &relation->pair[i];
	return NULL;
}

static bool is_image(const struct trace_relation *relation, uint64_t ours)
{
	for (uint32_t i = 0; i < relation->count; i++)
		if (relation->pair[i].ours == ours)
			return true;
	return false;
}

bool trace_relation_bind(struct trace_relation *relation, uint64_t recorded, uint64_t ours)
{
	struct trace_pair *pair = find_pair(relation, recorded);

	if (pair)
		return pair->ours == ours;
	if (is_image(relation, ours))
		return false;
	if (relation->count == relation->capacity) {
		uint32_t capacity = relation->capacity ? 2 * relation->capacity : 16;
		struct trace_pair *more = realloc(relation->pair, capacity * sizeof(*more));

		if (!more)
			return false;
		relation->pair = more;
		relation->capacity = capacity;
	}
	relation->pair[relation->count++] = (struct trace_pair){recorded, ours};
	return true;
}

bool trace_relation_find(const struct trace_relation *relation, uint64_t recorded, uint64_t *ours)
{
	const struct trace_pair *pair = find_pair(relation, recorded);

	if (pair)
		*ours = pair->ours;
	return pair != NULL;
}

void trace_relation_forget(struct trace_relation *relation, uint64_t recorded)
{
	struct trace_pair *pair = find_pair(relation, recorded);

	if (pair)
		*pair = relation->pair[--relation->count];
}

void trace_relation_release(struct trace_relation *relation)
{
	free(relation->pair);
	*relation = (struct trace_relation){0};
}

/* A value as the reader is shown it, cut when it is long. */
static void show(const json_t *value, char *text, size_t size)
{
	char *dump = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	snprintf(text, size, "%s", dump ? dump : "nothing");
	if (dump && strlen(dump) >= size)
		memcpy(text + size - 4, "…", 4);
	free(dump);
}

/* What a comparison goes along with as it descends. */
struct comparison {
	const struct trace_line *line;
	const struct trace_call *call;
	struct trace_relation *ids; /* NULL: ids must be the same number */
	const struct trace_acceptor *acceptor;
	struct trace_difference *difference;
};

static bool accepted(const struct comparison *comparison)
{
	const struct trace_acceptor *acceptor = comparison->acceptor;

	return acceptor &&
	       acceptor->accepts(acceptor->ctx, comparison->line, comparison->difference);
}

/* Tell a difference; true when it was to be expected, so that the comparison goes on. */
static bool differs(const struct comparison *comparison, const char *path, const json_t *recorded,
		    const json_t *ours)
{
	struct trace_difference *difference = comparison->difference;

	snprintf(difference->field, sizeof(difference->field), "%s", path);
	show(recorded, difference->recorded, sizeof(difference->recorded));
	show(ours, difference->ours, sizeof(difference->ours));
	return accepted(comparison);
}

/* A syscall's: -1 and the error's name, or what it returned. */
static void show_result(char *text, size_t size, int64_t ret, int error)
{
	const char *name = trace_errno_name(error);

	if (name)
		snprintf(text, size, "%" PRId64 " (%s)", ret, name);
	else
		snprintf(text, size, "%" PRId64, ret);
}

/* An open file: its number is free, but not whether it is one. */
static bool returns_fd(const struct trace_line *line)
{
	return !strcmp(line->call, "open") || !strcmp(line->call, "VFIO_GROUP_GET_DEVICE_FD");
}

bool trace_compare_result(const struct trace_line *line, int64_t ret,
			  const struct trace_acceptor *acceptor,
			  struct trace_difference *difference)
{
	struct comparison comparison = {line, NULL, NULL, acceptor, difference};
	int error = ret < 0 ? (int)-ret : 0;
	int64_t ours = ret < 0 ? -1 : ret;
	bool same_ret = returns_fd(line) && line->ret >= 0 ? ours >= 0 : ours == line->ret;

	if (same_ret && line->error == error)
		return true;
	snprintf(difference->field, sizeof(difference->field), "%s", same_ret ? "errno" : "ret");
	show_result(difference->recorded, sizeof(difference->recorded), line->ret, line->error);
	show_result(difference->ours, sizeof(difference->ours), ours, error);
	return accepted(&comparison);
}

bool trace_compare_number(const struct trace_line *line, const char *field, uint64_t recorded,
			  uint64_t ours, const struct trace_acceptor *acceptor,
			  struct trace_difference *difference)
{
	struct comparison comparison = {line, NULL, NULL, acceptor, difference};

	if (recorded == ours)
		return true;
	snprintf(difference->field, sizeof(difference->field), "%s", field);
	snprintf(difference->recorded, sizeof(difference->recorded), "%" PRIu64, recorded);
	snprintf(difference->ours, sizeof(difference->ours), "%" PRIu64, ours);
	return accepted(&comparison);
}

static bool compare_integer(const struct comparison *comparison, const char *path,
			    const char *member, const json_t *recorded, const json_t *ours)
{
	json_int_t a = json_integer_value(recorded), b = json_integer_value(ours);
	bool equal = a == b;

	switch (trace_call_member_kind(comparison->call, member)) {
	case TRACE_FD:
		equal = (a < 0) == (b < 0);
		break;
	case TRACE_ADDRESS:
		equal = true;
		break;
	case TRACE_ID:
		if (comparison->ids)
			equal = trace_relation_bind(comparison->ids, (uint64_t)a, (uint64_t)b);
		break;
	case TRACE_NUMBER:
	case TRACE_STATE:
		break;
	}
	return equal || differs(comparison, path, recorded, ours);
}

static bool compare_value(const struct comparison *comparison, const char *path, const char *member,
			  const json_t *recorded, const json_t *ours);

static bool compare_object(const struct comparison *comparison, const char *path,
			   const char *member, json_t *recorded, const json_t *ours)
{
	const char *key;
	json_t *value;

	json_object_foreach(recorded, key, value)
	{
		char deeper_path[128], deeper[128];

		snprintf(deeper_path, sizeof(deeper_path), "%s.%s", path, key);
		snprintf(deeper, sizeof(deeper), "%s%s%s", member, *member ? "." : "", key);
		if (!compare_value(comparison, deeper_path, deeper, value,
				   json_object_get(ours, key)))
			return false;
	}
	return true;
}

static bool compare_array(const struct comparison *comparison, const char *path, const char *member,
			  const json_t *recorded, const json_t *ours)
{
	if (json_array_size(recorded) != json_array_size(ours))
		return differs(comparison, path, recorded, ours);
	for (size_t i = 0; i < json_array_size(recorded); i++) {
		char deeper[128];

		snprintf(deeper, sizeof(deeper), "%s[%zu]", path, i);
		if (!compare_value(comparison, deeper, member, json_array_get(recorded, i),
				   json_array_get(ours, i)))
			return false;
	}
	return true;
}

static bool compare_value(const struct comparison *comparison, const char *path, const char *member,
			  const json_t *recorded, const json_t *ours)
{
	if (!ours || json_typeof(recorded) != json_typeof(ours))
		return differs(comparison, path, recorded, ours);
	if (json_is_object(recorded))
		return compare_object(comparison, path, member, (json_t *)recorded, ours);
	if (json_is_array(recorded))
		return compare_array(comparison, path, member, recorded, ours);
	if (json_is_integer(recorded))
		return compare_integer(comparison, path, member, recorded, ours);
	return json_equal(recorded, ours) || differs(comparison, path, recorded, ours);
}

bool trace_compare_out(const struct trace_line *line, const struct trace_call *call,
		       const json_t *ours, struct trace_relation *ids,
		       const struct trace_acceptor *acceptor, struct trace_difference *difference)
{
	struct comparison comparison = {line, call, ids, acceptor, difference};

	return compare_value(&comparison, "out", "", line->out, ours);
}

bool trace_compare_in(const struct trace_line *line, const struct trace_call *call,
		      const struct trace_argument *argument, struct trace_difference *difference)
{
	struct comparison comparison = {line, call, NULL, NULL, difference};
	json_t *ours = trace_call_encode(call, argument, TRACE_IN);
	const char *key;
	json_t *value;
	bool equal = true;

	/* A recording may say more than the structure holds (file_size); not less, not other. */
	json_object_foreach(ours, key, value)
	{
		char path[128];

		snprintf(path, sizeof(path), "in.%s", key);
		if (trace_call_member_kind(call, key) == TRACE_ADDRESS || !equal)
			continue;
		equal = json_object_get(line->in, key)
				? compare_value(&comparison, path, key, value,
						json_object_get(line->in, key))
				: differs(&comparison, path, NULL, value);
	}
	json_decref(ours);
	return equal;
}
