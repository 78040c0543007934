/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "system/result.h"

void result_note(struct run_result *result, const char *format, ...)
{
	va_list args;

	if (result->notes == RESULT_NOTES)
		return;
	va_start(args, format);
	vsnprintf(result->note[result->notes], sizeof(result->note[0]), format, args);
	va_end(args);
	result->notes++;
}

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *sockets_json(const struct run_result *result)
{
	json_t *object = json_object();

	for (uint32_t i = 0; i < result->sockets; i++)
		json_object_set_new(object, result->socket[i].name,
				    number(result->socket[i].transactions));
	return object;
}

static json_t *checks_json(const struct run_result *result)
{
	json_t *array = json_array();

	for (uint32_t id = 0; id < CHECK_COUNT; id++) {
		const struct oracle_finding *finding = &result->check[id].finding;
		json_t *check = json_object();

		json_object_set_new(check, "name", json_string(oracle_checks[id].name));
		json_object_set_new(check, "verdict",
				    json_string(oracle_verdict_names[finding->verdict]));
		json_object_set_new(check, "count", number(finding->count));
		json_object_set_new(check, "detail", json_string(finding->detail));
		json_array_append_new(array, check);
	}
	return array;
}

static json_t *rounds_json(const struct result_migration *migration)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < migration->rounds; i++) {
		const struct result_round *round = &migration->round[i];
		json_t *object = json_object();

		json_object_set_new(object, "n", number(round->number));
		json_object_set_new(object, "dirty_pages", number(round->dirty_pages));
		json_object_set_new(object, "bytes", number(round->bytes));
		json_object_set_new(object, "time_ps", number(round->time_ps));
		json_array_append_new(array, object);
	}
	return array;
}

/* Each source that was asked: the one relied on, and what was read beside it. */
static json_t *tracking_json(const struct result_migration *migration)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < DIRTY_SOURCES; i++) {
		const struct oracle_tracking *source = &migration->tracking[i];
		json_t *object;

		if (!source->bitmaps)
			continue;
		object = json_object();
		json_object_set_new(object, "source", json_string(dirty_source_names[i]));
		json_object_set_new(object, "relied_on", json_boolean(source->relied_on));
		json_object_set_new(object, "bitmaps", number(source->bitmaps));
		json_object_set_new(object, "pages_reported", number(source->reported));
		json_object_set_new(object, "pages_written", number(source->written));
		json_object_set_new(object, "pages_overreported", number(source->overreported));
		json_object_set_new(object, "pages_lost", number(source->lost));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *move_json(const struct result_migration *migration)
{
	json_t *object = json_object();

	json_object_set_new(object, "from", json_string(migration->from));
	json_object_set_new(object, "to", json_string(migration->to));
	json_object_set_new(object, "outcome", json_string(migration->outcome));
	json_object_set_new(object, "method", json_string(migration->method));
	json_object_set_new(object, "rounds", rounds_json(migration));
	json_object_set_new(object, "downtime_ps", number(migration->downtime_ps));
	json_object_set_new(object, "total_ps", number(migration->total_ps));
	return object;
}

/* The last move, with what the run has of all moves; null when there was none. */
static json_t *migration_json(const struct run_result *result)
{
	const struct result_migration *migration = &result->migration;
	json_t *object, *earlier = json_array();

	if (!migration->happened) {
		json_decref(earlier);
		return json_null();
	}
	object = move_json(migration);
	json_object_set_new(object, "pages_lost", number(migration->pages_lost));
	json_object_set_new(object, "pages_overreported", number(migration->pages_overreported));
	json_object_set_new(object, "tracking", tracking_json(migration));
	for (uint32_t i = 0; i < result->earlier_count; i++)
		json_array_append_new(earlier, move_json(&result->earlier[i]));
	json_object_set_new(object, "earlier", earlier);
	return object;
}

static json_t *statements_json(const struct run_result *result)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < result->statements; i++) {
		const struct result_statement *statement = &result->statement[i];
		json_t *object = json_object();

		json_object_set_new(object, "statement", json_string(statement->text));
		json_object_set_new(object, "found", json_string(statement->found));
		json_object_set_new(object, "held", json_boolean(statement->held));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *packets_json(const struct oracle_packets *packets)
{
	json_t *object = json_object(), *lost = json_object();

	for (uint32_t cause = 0; cause < PACKET_DROP_COUNT; cause++)
		if (packets->lost[cause])
			json_object_set_new(lost, packet_drop_name(cause),
					    number(packets->lost[cause]));
	json_object_set_new(object, "sent", number(packets->sent));
	json_object_set_new(object, "received", number(packets->received));
	json_object_set_new(object, "lost", lost);
	json_object_set_new(object, "duplicated", number(packets->duplicated));
	json_object_set_new(object, "reordered", number(packets->reordered));
	return object;
}

static json_t *masters_json(const struct run_result *result)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < result->masters; i++) {
		const struct result_master *master = &result->master[i];
		json_t *object = json_object();

		json_object_set_new(object, "name", json_string(master->name));
		json_object_set_new(object, "reads", number(master->reads));
		json_object_set_new(object, "writes", number(master->writes));
		json_object_set_new(object, "refused", number(master->refused));
		json_object_set_new(object, "stray", number(master->stray));
		json_object_set_new(object, "wrong", number(master->wrong));
		json_object_set_new(object, "moves", number(master->moves));
		json_object_set_new(object, "dirty_reads", number(master->dirty_reads));
		json_object_set_new(object, "dirty_pages", number(master->dirty_pages));
		json_object_set_new(object, "page_faults", number(master->page_faults));
		json_object_set_new(object, "page_requests", number(master->page_requests));
		json_object_set_new(object, "page_groups", number(master->page_groups));
		json_object_set_new(object, "page_answers", number(master->page_answers));
		json_object_set_new(object, "page_invalid", number(master->page_invalid));
		json_object_set_new(object, "page_retries", number(master->page_retries));
		json_object_set_new(object, "kernel_answers", number(master->kernel_answers));
		json_array_append_new(array, object);
	}
	return array;
}

json_t *result_json(const struct run_result *result)
{
	json_t *object = json_object();
	char digest[24];

	snprintf(digest, sizeof(digest), "%016" PRIx64, result->digest);
	json_object_set_new(object, "name", json_string(result->name));
	json_object_set_new(object, "verdict", json_string(result->passed ? "pass" : "fail"));
	json_object_set_new(object, "seed", number(result->seed));
	json_object_set_new(object, "engine", json_string(result->engine));
	json_object_set_new(object, "digest", json_string(digest));
	json_object_set_new(object, "sim_time_ps", number(result->sim_time_ps));
	json_object_set_new(object, "wall_s", json_real(result->wall_s));
	json_object_set_new(object, "sockets", sockets_json(result));
	json_object_set_new(object, "checks", checks_json(result));
	json_object_set_new(object, "migration", migration_json(result));
	if (result->masters)
		json_object_set_new(object, "masters", masters_json(result));
	json_object_set_new(object, "expected", statements_json(result));
	json_object_set_new(object, "packets", packets_json(&result->packets));
	if (result->error[0])
		json_object_set_new(object, "error", json_string(result->error));
	return object;
}
