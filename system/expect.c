/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scenario's statements: each is put into words, looked up, and judged. What
 * the oracle's checks must say is judged with them (monitor.c) and told here.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "system/config/units.h"
#include "system/scenario_internal.h"

/* A sentence that grows, and what was found instead of it. */
struct sentence {
	struct result_statement *to;
	const char *joint; /* what stands between two of its parts */
};

static void append(char *text, size_t size, const char *format, va_list args)
{
	size_t used = strlen(text);

	vsnprintf(text + used, size - used, format, args);
}

__attribute__((format(printf, 2, 3))) static void say(struct sentence *sentence, const char *format,
						      ...)
{
	va_list args;

	va_start(args, format);
	append(sentence->to->text, sizeof(sentence->to->text), format, args);
	va_end(args);
}

__attribute__((format(printf, 2, 3))) static void found(struct sentence *sentence,
							const char *format, ...)
{
	va_list args;

	va_start(args, format);
	append(sentence->to->found, sizeof(sentence->to->found), format, args);
	va_end(args);
}

static void begin(struct scenario *scenario, struct sentence *sentence)
{
	struct run_result *result = scenario->result;

	*sentence = (struct sentence){&result->statement[result->statements++], ""};
	*sentence->to = (struct result_statement){.held = true};
}

/* ", received at least 5", where a bound is given. */
static void judge_bound(struct sentence *sentence, const char *what, enum unit unit,
			const struct bound *bound, uint64_t value)
{
	char wanted[32], is[32];

	if (bound->relation == BOUND_NONE)
		return;
	unit_format(unit, bound->value, wanted, sizeof(wanted));
	unit_format(unit, value, is, sizeof(is));
	say(sentence, "%s%s %s%s", sentence->joint, what, bound_words[bound->relation], wanted);
	found(sentence, "%s%s %s", sentence->to->found[0] ? ", " : "", what, is);
	sentence->to->held &= bound_holds(bound, value);
	sentence->joint = ", ";
}

static void judge_check(struct scenario *scenario, const struct expect_config *expect)
{
	uint32_t id = (uint32_t)expect->check - 1;
	const struct result_check *check = &scenario->result->check[id];
	struct sentence sentence;

	begin(scenario, &sentence);
	say(&sentence, "%s %s", oracle_checks[id].name,
	    expect->verdict == EXPECT_FAIL ? "fails" : "passes");
	if (expect->min)
		say(&sentence, " with at least %" PRIu64 " violations", expect->min);
	if (check->finding.verdict == ORACLE_FAIL)
		found(&sentence, "%" PRIu64 " violations", check->finding.count);
	else
		found(&sentence, "%s", oracle_verdict_names[check->finding.verdict]);
	sentence.to->held = check->as_expected;
}

static const char *outcome_word(int outcome)
{
	static const char *const word[] = {
		[MIGRATION_COMPLETED] = "is completed",
		[MIGRATION_CANCELLED] = "is cancelled",
		[MIGRATION_NOT_CONVERGED] = "does not converge and is given up",
		[MIGRATION_FAILED] = "fails",
	};

	return word[outcome];
}

static void judge_migration(struct scenario *scenario, const struct expect_config *expect)
{
	const struct run_result *result = scenario->result;
	const struct result_migration *last = &result->migration;
	bool happened = last->happened && !scenario->mover;
	bool completed = happened && scenario->migration.outcome == MIGRATION_COMPLETED;
	uint64_t downtime_ps = completed ? last->downtime_ps : 0;
	struct sentence sentence;

	for (uint32_t i = 0; i < result->earlier_count; i++)
		downtime_ps = MAX(downtime_ps, result->earlier[i].downtime_ps);
	begin(scenario, &sentence);
	say(&sentence, "the migration of %s %s", scenario->cfg->migration->guest,
	    outcome_word(expect->migration - 1));
	found(&sentence, "%s",
	      happened ? outcome_word(scenario->migration.outcome) : "did not end");
	sentence.to->held = happened && scenario->migration.outcome ==
						(enum migration_outcome)(expect->migration - 1);
	sentence.joint = ", ";
	judge_bound(&sentence, "trips", UNIT_COUNT, &expect->trips,
		    result->earlier_count + completed);
	judge_bound(&sentence, "rounds", UNIT_COUNT, &expect->rounds, last->rounds);
	if (!scenario->options->engine->untimed)
		judge_bound(&sentence, "downtime", UNIT_PS, &expect->downtime_ps, downtime_ps);
}

static bool names(const char *wanted, const char *name)
{
	return !wanted || !strcmp(wanted, name);
}

/* What became of `flows` flows, from number `first` on. */
static void add_flows(const struct scenario *scenario, uint64_t first, uint64_t flows,
		      struct oracle_flow *sum, uint64_t *rate_bps)
{
	for (uint64_t i = first; i < first + flows; i++) {
		struct oracle_flow flow = oracle_flow_counts(scenario->monitor.oracle, i);

		sum->sent += flow.sent;
		sum->received += flow.received;
		sum->lost += flow.lost;
		*rate_bps += oracle_flow_rate(&flow);
	}
}

static void judge_packets(struct scenario *scenario, const struct packets_expect *expect)
{
	const struct scenario_cfg *cfg = scenario->cfg;
	struct oracle_flow sum = {0};
	uint64_t rate_bps = 0;
	struct sentence sentence;

	for (uint32_t i = 0; i < cfg->traffic_count; i++) {
		const struct traffic_config *traffic = &cfg->traffic[i];

		if (names(expect->from, traffic->from) && names(expect->to, traffic->to))
			add_flows(scenario, traffic_first_flow(cfg, i), traffic->flows, &sum,
				  &rate_bps);
		if (traffic->echo && names(expect->from, traffic->to) &&
		    names(expect->to, traffic->from))
			add_flows(scenario, traffic_first_echo(cfg, i), traffic->flows, &sum,
				  &rate_bps);
	}
	begin(scenario, &sentence);
	say(&sentence, "packets%s%s%s%s: ", expect->from ? " from " : "",
	    expect->from ? expect->from : "", expect->to ? " to " : "",
	    expect->to ? expect->to : "");
	judge_bound(&sentence, "sent", UNIT_COUNT, &expect->sent, sum.sent);
	judge_bound(&sentence, "received", UNIT_COUNT, &expect->received, sum.received);
	judge_bound(&sentence, "lost", UNIT_COUNT, &expect->lost, sum.lost);
	judge_bound(&sentence, "rate", UNIT_BPS, &expect->rate_bps, rate_bps);
}

static void judge_guest(struct scenario *scenario, const struct expect_config *expect)
{
	const struct run_guest *guest = scenario_guest(scenario, expect->guest);
	const char *host = guest->host ? guest->host->name : "no host";
	struct sentence sentence;

	begin(scenario, &sentence);
	say(&sentence, "%s ", expect->guest);
	if (expect->runs_on) {
		bool runs = guest->running_at_end;

		say(&sentence, "runs on %s", expect->runs_on);
		found(&sentence, "%s %s", runs ? "runs on" : "does not run on", host);
		sentence.to->held = runs && !strcmp(host, expect->runs_on);
		sentence.joint = ", ";
	}
	judge_bound(&sentence, "resets recovered from", UNIT_COUNT, &expect->resets, guest->resets);
	judge_bound(&sentence, "found malicious", UNIT_COUNT, &expect->malicious, guest->malicious);
	if (scenario->options->engine->untimed)
		return;
	judge_bound(&sentence, "reads under way at a reset", UNIT_COUNT, &expect->reads_cut,
		    guest->reads_cut);
	judge_bound(&sentence, "writes under way at a reset", UNIT_COUNT, &expect->writes_cut,
		    guest->writes_cut);
}

static void judge_iommu(struct scenario *scenario, const struct iommu_expect *expect)
{
	const struct run_facts *facts = &scenario->facts;
	struct sentence sentence;

	begin(scenario, &sentence);
	say(&sentence, "IOMMU: ");
	judge_bound(&sentence, "maps", UNIT_COUNT, &expect->maps, facts->maps);
	judge_bound(&sentence, "unmaps", UNIT_COUNT, &expect->unmaps, facts->unmaps);
	judge_bound(&sentence, "faults", UNIT_COUNT, &expect->faults, facts->faults);
	judge_bound(&sentence, "events lost", UNIT_COUNT, &expect->events_lost, facts->events_lost);
	judge_bound(&sentence, "invalidations timed out", UNIT_COUNT, &expect->atc_timeouts,
		    facts->atc_timeouts);
	judge_bound(&sentence, "page requests", UNIT_COUNT, &expect->page_requests,
		    facts->page_requests);
	judge_bound(&sentence, "page requests lost", UNIT_COUNT, &expect->page_requests_lost,
		    facts->page_requests_lost);
}

static void judge_spaces(struct scenario *scenario, const struct spaces_expect *expect)
{
	struct space_facts facts = scenario_space_facts(scenario, expect);
	struct sentence sentence;

	begin(scenario, &sentence);
	say(&sentence, "address spaces%s%s", expect->guest ? " of " : "",
	    expect->guest ? expect->guest : "");
	if (expect->pasid)
		say(&sentence, ", PASID %" PRIu64, expect->pasid);
	say(&sentence, ": ");
	judge_bound(&sentence, "used", UNIT_COUNT, &expect->used, facts.used);
	judge_bound(&sentence, "received", UNIT_COUNT, &expect->received, facts.received);
	judge_bound(&sentence, "strays", UNIT_COUNT, &expect->strays, facts.strays);
	judge_bound(&sentence, "events", UNIT_COUNT, &expect->events, facts.events);
}

static void judge_master(struct scenario *scenario, const struct master_expect *expect)
{
	const struct run_result *result = scenario->result;
	struct result_master none = {0};
	const struct result_master *master = &none;
	struct sentence sentence;

	for (uint32_t i = 0; i < result->masters; i++)
		if (!strcmp(result->master[i].name, expect->name))
			master = &result->master[i];
	begin(scenario, &sentence);
	say(&sentence, "%s: ", expect->name);
	judge_bound(&sentence, "refused", UNIT_COUNT, &expect->refused, master->refused);
	judge_bound(&sentence, "page faults", UNIT_COUNT, &expect->page_faults,
		    master->page_faults);
	judge_bound(&sentence, "page requests", UNIT_COUNT, &expect->page_requests,
		    master->page_requests);
	judge_bound(&sentence, "answers", UNIT_COUNT, &expect->page_answers, master->page_answers);
	judge_bound(&sentence, "answers of the kernel", UNIT_COUNT, &expect->kernel_answers,
		    master->kernel_answers);
	judge_bound(&sentence, "groups unanswered", UNIT_COUNT, &expect->page_unanswered,
		    master->page_groups - master->page_answers);
	judge_bound(&sentence, "pages moved", UNIT_COUNT, &expect->moves, master->moves);
	judge_bound(&sentence, "dirty pages", UNIT_COUNT, &expect->dirty_pages,
		    master->dirty_pages);
}

static void judge_wire(struct scenario *scenario, const struct wire_expect *expect)
{
	const struct wire_backend_counters *counters = &scenario->far_end->counters;
	struct far_end_account account;
	struct sentence sentence;

	far_end_account(scenario->far_end, &account);
	begin(scenario, &sentence);
	say(&sentence, "%s: ", scenario->far_end->part.name);
	judge_bound(&sentence, "frames in", UNIT_COUNT, &expect->frames_in, counters->frames_in);
	judge_bound(&sentence, "frames out", UNIT_COUNT, &expect->frames_out, counters->frames_out);
	judge_bound(&sentence, "ignored", UNIT_COUNT, &expect->ignored, counters->ignored);
	judge_bound(&sentence, "damaged", UNIT_COUNT, &expect->damaged, account.damaged);
	judge_bound(&sentence, "duplicated", UNIT_COUNT, &expect->duplicated, account.duplicated);
	judge_bound(&sentence, "reordered", UNIT_COUNT, &expect->reordered, account.reordered);
	judge_bound(&sentence, "missing", UNIT_COUNT, &expect->missing, account.missing);
}

static void judge_host(struct scenario *scenario, const struct expect_config *expect)
{
	const struct host *host = machine_host(scenario->machine, expect->host);
	struct sentence sentence;

	begin(scenario, &sentence);
	say(&sentence, "%s: ", expect->host);
	judge_bound(&sentence, "memory left in use", UNIT_BYTES, &expect->memory_left_bytes,
		    scenario->facts.left_pages[host->index] * DRAM_PAGE_SIZE);
}

static void judge(struct scenario *scenario, const struct expect_config *expect)
{
	if (expect->check)
		judge_check(scenario, expect);
	else if (expect->migration)
		judge_migration(scenario, expect);
	else if (expect->packets)
		judge_packets(scenario, expect->packets);
	else if (expect->guest)
		judge_guest(scenario, expect);
	else if (expect->iommu)
		judge_iommu(scenario, expect->iommu);
	else if (expect->spaces)
		judge_spaces(scenario, expect->spaces);
	else if (expect->master)
		judge_master(scenario, expect->master);
	else if (expect->wire)
		judge_wire(scenario, expect->wire);
	else
		judge_host(scenario, expect);
}

void scenario_judge(struct scenario *scenario)
{
	/* Who writes nothing about it wants the guest to have moved. */
	const struct expect_config completed = {.migration = 1 + MIGRATION_COMPLETED};
	const struct scenario_cfg *cfg = scenario->cfg;
	struct run_result *result = scenario->result;
	bool told = !cfg->migration;

	for (uint32_t i = 0; i < cfg->expect_count; i++) {
		told |= cfg->expect[i].migration != 0;
		judge(scenario, &cfg->expect[i]);
	}
	if (!told)
		judge(scenario, &completed);
	for (uint32_t i = 0; i < result->statements; i++)
		result->passed &= result->statement[i].held;
}
