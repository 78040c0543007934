/* SPDX-License-Identifier: Apache-2.0 */
/* A run as a person wants to read it, within 100 columns. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/calendar.h"
#include "system/config/units.h"
#include "system/result.h"

struct report {
	FILE *out;
	bool colour;
};

enum ink { INK_PLAIN, INK_BOLD, INK_GREEN, INK_RED, INK_DIM };

static void ink(const struct report *report, enum ink which)
{
	static const char *const code[] = {"\033[0m", "\033[1m", "\033[1;32m", "\033[1;31m",
					   "\033[2m"};

	if (report->colour)
		fputs(code[which], report->out);
}

static void heading(const struct report *report, const char *text)
{
	fputc('\n', report->out);
	ink(report, INK_BOLD);
	fprintf(report->out, "%s\n", text);
	ink(report, INK_PLAIN);
}

/* 1048576 as 1,048,576. */
static const char *grouped(uint64_t value, char text[32])
{
	char digits[24];
	size_t len = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, value), to = 0;

	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			text[to++] = ',';
		text[to++] = digits[i];
	}
	text[to] = '\0';
	return text;
}

static const char *bytes_text(uint64_t bytes, char text[32])
{
	static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes;
	uint32_t i = 0;

	while (value >= 1024 && i < 4) {
		value /= 1024;
		i++;
	}
	snprintf(text, 32, i ? "%.1f %s" : "%.0f %s", value, unit[i]);
	return text;
}

static const char *time_text(uint64_t ps, char text[32])
{
	static const struct {
		uint64_t ps;
		const char *name;
	} unit[] = {{PS_PER_S, "s"}, {PS_PER_MS, "ms"}, {PS_PER_US, "us"}, {PS_PER_NS, "ns"}};
	uint32_t i = 0;

	while (i < 3 && ps < unit[i].ps)
		i++;
	snprintf(text, 32, "%.3f %s", (double)ps / (double)unit[i].ps, unit[i].name);
	return text;
}

static const char *rate_text(uint64_t bps, char text[32])
{
	if (!bps)
		return "unbounded";
	return unit_format(UNIT_BPS, bps, text, 32);
}

static void print_head(const struct report *report, const struct run_result *result)
{
	char time[32];
	int gap = 80 - (int)strlen(result->name);

	ink(report, INK_BOLD);
	fprintf(report->out, "%s", result->name);
	ink(report, result->passed ? INK_GREEN : INK_RED);
	fprintf(report->out, "%*s\n", gap > 5 ? gap : 5, result->passed ? "PASS" : "FAIL");
	ink(report, INK_PLAIN);
	if (result->what[0])
		fprintf(report->out, "%s\n", result->what);
	ink(report, INK_DIM);
	fprintf(report->out,
		"seed %" PRIu64 ", %s engine, %s simulated in %.2f s, digest %016" PRIx64 "\n",
		result->seed, result->engine, time_text(result->sim_time_ps, time), result->wall_s,
		result->digest);
	ink(report, INK_PLAIN);
	if (!result->error[0])
		return;
	ink(report, INK_RED);
	fprintf(report->out, "%s\n", result->error);
	ink(report, INK_PLAIN);
}

static void print_hosts(const struct report *report, const struct machine_cfg *machine)
{
	char memory[32], wire[32], link[32], latency[32];
	FILE *out = report->out;

	fprintf(out, "  %-11s ", machine->hosts_count > 1 ? "hosts" : "host");
	for (uint32_t i = 0; i < machine->hosts_count; i++)
		fprintf(out, "%s%s", i ? ", " : "", machine->hosts[i]);
	fprintf(out, ": %s of memory%s\n", bytes_text(machine->memory_bytes, memory),
		machine->hosts_count > 1 ? " each" : "");
	fprintf(out,
		"  %-11s PCIe gen%" PRIu64 " x%" PRIu64 ", %" PRIu64 " of %" PRIu64 " VFs, %" PRIu64
		" queue pair%s and %" PRIu64 " vectors each\n",
		"NIC", machine->link.generation, machine->link.lanes, machine->nic.vfs,
		machine->nic.total_vfs, machine->nic.queue_pairs,
		machine->nic.queue_pairs > 1 ? "s" : "", machine->nic.msix_vectors);
	fprintf(out, "  %-11s SMMUv3, %" PRIu64 "-entry TLB, cache_dirty: %s\n", "IOMMU",
		machine->timing.smmu.tlb_entries, machine->smmu.cache_dirty ? "yes" : "no");
	fprintf(out, "  %-11s dirty_clear: %s, %s unmap\n", "kernel",
		machine->kernel.dirty_clear ? "invalidate" : "linux-7.3",
		machine->kernel.strict ? "strict" : "lazy");
	if (machine->wire.peer != PEER_HOST)
		fprintf(out, "  %-11s wire %s, %s, to a %s\n", "network",
			rate_text(machine->wire.rate_bps, wire),
			time_text(machine->wire.latency_ps, latency),
			wire_peer_names[machine->wire.peer]);
	if (machine->hosts_count > 1)
		fprintf(out, "  %-11s wire %s, %s; migration link %s\n", "network",
			rate_text(machine->wire.rate_bps, wire),
			time_text(machine->wire.latency_ps, latency),
			rate_text(machine->migration_link.rate_bps, link));
}

/* Of more than that half as many are. */
#define GUESTS_SHOWN 16u

static void print_guests(const struct report *report, const struct scenario_cfg *cfg)
{
	char memory[32];

	uint32_t shown = cfg->guests_count > GUESTS_SHOWN ? GUESTS_SHOWN / 2 : cfg->guests_count;

	for (uint32_t i = 0; i < shown; i++) {
		const struct guest_config *guest = &cfg->guests[i];
		const struct migration_config *move = cfg->migration;

		fprintf(report->out, "  %-11s guest with %s, VF %" PRIu64 " of %s", guest->name,
			bytes_text(guest->memory_bytes, memory), guest->vf, guest->host);
		if (move && !strcmp(move->guest, guest->name))
			fprintf(report->out, ", %s to VF %" PRIu64 " of %s",
				move->trips > 1 ? "moves back and forth" : "moves", move->vf,
				move->to);
		if (guest->viommu)
			fprintf(report->out, ", behind a virtual IOMMU");
		if (guest->map_storm)
			fprintf(report->out, ", %" PRIu64 " threads of its VMM map and unmap",
				guest->map_storm->threads);
		fputc('\n', report->out);
	}
	if (shown < cfg->guests_count)
		fprintf(report->out, "  %-11s and %u guests more\n", "", cfg->guests_count - shown);
}

static void print_test_masters(const struct report *report, const struct scenario_cfg *cfg)
{
	char window[32];

	for (uint32_t i = 0; i < cfg->masters_count; i++) {
		const struct master_config *master = &cfg->masters[i];

		fprintf(report->out, "  %-11s test master, stream 0x%" PRIx64 ", %s", master->name,
			master->stream, master_stage_names[master->stage]);
		if (master->substreams)
			fprintf(report->out, ", %" PRIu64 " substreams with", master->substreams);
		fprintf(report->out, " a window of %s\n", bytes_text(master->window_bytes, window));
	}
}

static void print_machine(const struct report *report, const struct scenario_cfg *cfg)
{
	heading(report, "machine");
	print_hosts(report, &cfg->machine);
	print_guests(report, cfg);
	print_test_masters(report, cfg);
	fprintf(report->out, "  %-11s profile %s%s: %s\n", "timing", cfg->machine.profile,
		cfg->machine.timing.estimate ? ", ESTIMATED" : "", cfg->machine.timing.source);
}

static void print_rounds(const struct report *report, const struct result_migration *migration,
			 bool completed)
{
	char pages[32], bytes[32], time[32];

	fprintf(report->out, "  round   pages dirty    bytes sent          time\n");
	for (uint32_t i = 0; i < migration->rounds; i++) {
		const struct result_round *round = &migration->round[i];

		fprintf(report->out, "  %5" PRIu64 " %13s %13s %13s%s\n", round->number,
			grouped(round->dirty_pages, pages), bytes_text(round->bytes, bytes),
			time_text(round->time_ps, time),
			completed && i + 1 == migration->rounds ? "   guest stopped" : "");
	}
}

static void print_source(const struct report *report, const char *name,
			 const struct oracle_tracking *source)
{
	char reported[32], written[32], over[32], lost[32];

	fprintf(report->out, "  %-11s %14s %14s %14s %9s%s\n", name,
		grouped(source->reported, reported), grouped(source->written, written),
		grouped(source->overreported, over), grouped(source->lost, lost),
		source->relied_on ? "" : "   read beside, not relied on");
}

/* What was said of the pages that the device wrote, and how much of it was so. */
static void print_tracking(const struct report *report, const struct result_migration *migration)
{
	fprintf(report->out, "  %-11s %14s %14s %14s %9s\n", "tracking", "pages reported",
		"pages written", "over-reported", "lost");
	for (uint32_t relied = 2; relied--;)
		for (uint32_t i = 0; i < DIRTY_SOURCES; i++)
			if (migration->tracking[i].bitmaps &&
			    migration->tracking[i].relied_on == relied)
				print_source(report, dirty_source_names[i],
					     &migration->tracking[i]);
}

static void print_migration(const struct report *report, const struct result_migration *migration)
{
	bool completed = !strcmp(migration->outcome, outcome_names[0]);
	char text[32];
	FILE *out = report->out;

	print_rounds(report, migration, completed);
	if (completed) {
		fprintf(out, "  downtime %s", time_text(migration->downtime_ps, text));
		fprintf(out, " of %s", time_text(migration->total_ps, text));
		fprintf(out, " (%s); device state %s\n", migration->method,
			bytes_text(migration->state_bytes, text));
	} else {
		fprintf(out, "  %s after %s (%s): the guest goes on at %s\n", migration->outcome,
			time_text(migration->total_ps, text), migration->method, migration->from);
	}
}

static void print_migrations(const struct report *report, const struct run_result *result)
{
	const struct result_migration *migration = &result->migration;
	char text[64];

	if (!migration->happened)
		return;
	for (uint32_t i = 0; i <= result->earlier_count; i++) {
		const struct result_migration *move =
			i < result->earlier_count ? &result->earlier[i] : migration;

		snprintf(text, sizeof(text), "migration %u: %s to %s", i + 1, move->from, move->to);
		heading(report, result->earlier_count ? text : "migration");
		print_migration(report, move);
	}
	print_tracking(report, migration);
}

static uint64_t lost_total(const struct oracle_packets *packets)
{
	uint64_t lost = 0;

	for (uint32_t cause = 0; cause < PACKET_DROP_COUNT; cause++)
		lost += packets->lost[cause];
	return lost;
}

static void print_phase(const struct report *report, const char *name,
			const struct oracle_packets *packets, uint64_t time_ps)
{
	char sent[32], received[32], lost[32], time[32];

	fprintf(report->out, "  %-11s %10s %12s %10s %14s\n", name, grouped(packets->sent, sent),
		grouped(packets->received, received), grouped(lost_total(packets), lost),
		time_text(time_ps, time));
}

static void print_packets(const struct report *report, const struct run_result *result)
{
	const struct oracle_packets *packets = &result->packets;
	const char *comma = "";

	if (!packets->sent)
		return;
	heading(report, "packets");
	fprintf(report->out, "  %-11s %10s %12s %10s %14s\n", "", "sent", "received", "lost",
		"during");
	for (uint32_t i = 0; i < result->phases; i++)
		print_phase(report, result->phase[i].name, &result->phase[i].packets,
			    result->phase[i].time_ps);
	print_phase(report, "all", packets, result->sim_time_ps);
	if (!lost_total(packets))
		return;
	fprintf(report->out, "  lost by cause: ");
	for (uint32_t cause = 0; cause < PACKET_DROP_COUNT; cause++) {
		if (!packets->lost[cause])
			continue;
		fprintf(report->out, "%s%s %" PRIu64, comma, packet_drop_name(cause),
			packets->lost[cause]);
		comma = ", ";
	}
	fputc('\n', report->out);
}

static void print_masters(const struct report *report, const struct run_result *result)
{
	char reads[32], writes[32], refused[32], moves[32], dirty[32], faults[32], asked[32];

	if (!result->masters)
		return;
	heading(report, "masters");
	fprintf(report->out, "  %-11s %11s %11s %9s %12s %12s %12s %12s\n", "", "reads", "writes",
		"refused", "pages moved", "dirty pages", "page faults", "pages asked");
	for (uint32_t i = 0; i < result->masters; i++) {
		const struct result_master *master = &result->master[i];

		fprintf(report->out, "  %-11s %11s %11s %9s %12s %12s %12s %12s\n", master->name,
			grouped(master->reads, reads), grouped(master->writes, writes),
			grouped(master->refused, refused), grouped(master->moves, moves),
			grouped(master->dirty_pages, dirty), grouped(master->page_faults, faults),
			grouped(master->page_requests, asked));
	}
}

static void print_check(const struct report *report, enum oracle_check_id id,
			const struct result_check *check)
{
	const struct oracle_finding *finding = &check->finding;
	static const char *const word[] = {"pass", "FAIL", "-"};
	bool good = check->as_expected;

	ink(report,
	    good ? finding->verdict == ORACLE_NOT_APPLICABLE ? INK_DIM : INK_GREEN : INK_RED);
	fprintf(report->out, "  %-4s", word[finding->verdict]);
	ink(report, INK_PLAIN);
	fprintf(report->out, "  %-15s ", oracle_checks[id].name);
	if (finding->verdict == ORACLE_NOT_APPLICABLE) {
		fprintf(report->out, "does not apply\n");
	} else if (finding->verdict == ORACLE_FAIL) {
		fprintf(report->out, "%" PRIu64 " violation%s%s\n%24s%s\n", finding->count,
			finding->count > 1 ? "s, the first:" : ":",
			check->expected_fail ? " (expected)" : "", "", finding->detail);
	} else {
		fprintf(report->out, "%s\n", finding->detail);
	}
	if (check->expected_fail && !good)
		fprintf(report->out, "%24sexpected to fail\n", "");
}

static void print_checks(const struct report *report, const struct run_result *result)
{
	heading(report, "checks");
	for (uint32_t id = 0; id < CHECK_COUNT; id++)
		print_check(report, id, &result->check[id]);
}

static void print_statements(const struct report *report, const struct run_result *result)
{
	if (!result->statements)
		return;
	heading(report, "expected");
	for (uint32_t i = 0; i < result->statements; i++) {
		const struct result_statement *statement = &result->statement[i];

		ink(report, statement->held ? INK_GREEN : INK_RED);
		fprintf(report->out, "  %-4s", statement->held ? "yes" : "NO");
		ink(report, INK_PLAIN);
		fprintf(report->out, "  %s\n", statement->text);
		if (!statement->held)
			fprintf(report->out, "%8sfound: %s\n", "", statement->found);
	}
}

static void print_sockets(const struct report *report, const struct run_result *result)
{
	char count[32];

	if (!result->sockets)
		return;
	heading(report, "sockets");
	for (uint32_t i = 0; i < result->sockets; i++)
		fprintf(report->out, "  %-32s %14s transactions\n", result->socket[i].name,
			grouped(result->socket[i].transactions, count));
}

void result_print(const struct run_result *result, const struct scenario_cfg *cfg, FILE *out,
		  bool colour)
{
	struct report report = {out, colour};

	print_head(&report, result);
	if (cfg)
		print_machine(&report, cfg);
	print_migrations(&report, result);
	print_packets(&report, result);
	print_masters(&report, result);
	print_checks(&report, result);
	print_statements(&report, result);
	print_sockets(&report, result);
	if (result->notes || (!result->passed && result->reproduce[0]))
		fputc('\n', out);
	for (uint32_t i = 0; i < result->notes; i++)
		fprintf(out, "%s\n", result->note[i]);
	if (!result->passed && result->reproduce[0])
		fprintf(out, "again: %s\n", result->reproduce);
}
