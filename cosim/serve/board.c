/* SPDX-License-Identifier: Apache-2.0 */
#include "cosim/serve/board.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "iommu/pmcg_format.h"
#include "iommu/smmu_format.h"
#include "iommu/smmu_registers_format.h"
#include "system/wire/pace.h"

/* Microseconds until an SMMU that is turned off has ended what was under way. */
#define RESET_STEPS 100000u

/* GICv2m's frame of QEMU's virt machine and the local APICs' of a PC; where virt's PCIe memory is,
 * of which the first GiB is enough (carrier.c). */
const struct board_plan board_plans[] = {
	[BOARD_X86_64] = {.name = "x86_64", .message_base = 0xfee00000, .message_bytes = 0x100000},
	[BOARD_ARM64] = {.name = "arm64",
			 .translated = true,
			 .message_base = 0x08020000,
			 .message_bytes = 0x1000,
			 .window_base = UINT64_C(0x8000000000),
			 .window_bytes = BOARD_WINDOW_BYTES,
			 .carrier = true},
	[BOARD_ARCHS] = {0},
};

/* One function: whose memory it reaches, and who hears its messages. */
struct slot {
	struct board *board;
	struct guest_memory memory;
	struct board_client client;
	char name[24];
};

struct board {
	struct board_cfg cfg;
	struct sim *sim;
	struct machine *machine;
	struct host *host;
	uint32_t functions;
	uint32_t stream_step;
	struct slot *slot; /* by function; after them the SMMU's and its counters' */
	int boot_error;
	bool booted;
};

/* ---- memory ---- */

static uint32_t slot_of_stream(const struct board *board, uint32_t stream_id)
{
	uint32_t number = (stream_id - BOARD_FIRST_RID) / board->stream_step;

	/* With a PF, VFs begin at their offset from it. */
	if (board->cfg.sriov && number)
		number -= MACHINE_FIRST_VF_OFFSET - 1;
	return MIN(number, board_smmu_index(board));
}

static struct guest_memory *memory_of(struct board *board, const struct bus_req *req)
{
	uint32_t at = req->attr.from_device ? slot_of_stream(board, req->attr.stream_id)
					    : board_smmu_index(board);

	return &board->slot[at].memory;
}

static void memory_send(void *ctx, struct bus_req *req)
{
	guest_memory_send(memory_of(ctx, req), req);
}

static bool memory_access(void *ctx, struct bus_req *req)
{
	return guest_memory_access(memory_of(ctx, req), req);
}

/* Only the SMMU reads words. */
static struct bus_word memory_read64(void *ctx, uint64_t addr)
{
	struct board *board = ctx;

	return guest_memory_read64(&board->slot[board_smmu_index(board)].memory, addr);
}

static void slot_message(void *ctx, uint64_t addr, uint32_t data)
{
	const struct slot *slot = ctx;

	if (slot->client.message)
		slot->client.message(slot->client.ctx, addr, data);
}

static void slot_refused(void *ctx, const struct bus_req *req)
{
	static const char *const done[] = {[BUS_READ] = "reads",
					   [BUS_WRITE] = "writes",
					   [BUS_CAS64] = "updates",
					   [BUS_ATS] = "translates"};
	const struct slot *slot = ctx;

	journal_tell(slot->board->cfg.journal, JOURNAL_OUTSIDE,
		     "%s %s %u bytes at 0x%" PRIx64 ", which is no memory of its guest's",
		     slot->name, done[req->op], req->len_bytes, req->addr);
}

static void slot_init(struct board *board, uint32_t index, const char *name)
{
	struct slot *slot = &board->slot[index];
	const struct guest_memory_cfg cfg = {
		.message_base = board->cfg.plan->message_base,
		.message_bytes = board->cfg.plan->message_bytes,
		.latency_ps = board->cfg.machine->timing.memory.latency_ps,
	};
	struct guest_memory_env env = {.part = {board->sim, slot->name, 0},
				       .message = slot_message,
				       .refused = slot_refused,
				       .ctx = slot};

	slot->board = board;
	snprintf(slot->name, sizeof(slot->name), "%s", name);
	guest_memory_init(&slot->memory, &cfg, &env);
}

/* ---- wired interrupts ---- */

/* An edge; who serves it asks for the level (board_smmu_wants_attention). */
static void smmu_raised(void *ctx, uint32_t line)
{
	const struct board *board = ctx;
	uint32_t at = line == SMMU_IRQ_PMCG ? board_pmcg_index(board) : board_smmu_index(board);
	const struct board_client *client = &board->slot[at].client;

	if (client->interrupt)
		client->interrupt(client->ctx);
}

/* ---- the machine ---- */

static void boot_body(struct actor *self, void *arg)
{
	static const struct host_boot_options options = {.no_kernel = true, .no_pf_driver = true};
	struct board *board = arg;

	board->boot_error = host_boot(board->host, self, &options);
	board->booted = true;
}

int board_boot(struct board *board)
{
	struct actor *actor;

	if (board->cfg.sriov)
		return 0;
	actor = actor_start(board->sim, "boot", boot_body, board);
	if (!actor)
		return -ENOMEM;
	board->cfg.engine->run(board->machine->engine, TIME_NEVER, &board->booted);
	if (!board->booted) {
		actor_destroy(actor);
		return -EIO;
	}
	actor_forget(actor);
	return board->boot_error;
}

static bool build_machine(struct board *board)
{
	const struct board_cfg *cfg = &board->cfg;
	const struct machine_board plug = {
		.memory = {.ctx = board,
			   .send = memory_send,
			   .access = memory_access,
			   .read64 = memory_read64},
		.irq = {board, smmu_raised},
		.message_pa = cfg->plan->message_base,
		.message_bytes = cfg->plan->message_bytes,
		.window_base = cfg->sriov ? cfg->plan->window_base : 0,
		.window_bytes = cfg->sriov ? cfg->plan->window_bytes : 0,
		.first_rid =
			cfg->sriov ? machine_pf_rid(cfg->machine) : machine_vf_rid(cfg->machine),
		.stream_base = BOARD_FIRST_RID,
		.stream_step = board->stream_step,
	};
	const struct machine_options options = {.board = &plug, .far_end = cfg->far_end};

	board->machine = machine_create(cfg->machine, board->sim, cfg->engine, &options);
	if (!board->machine)
		return false;
	board->machine->options.board = NULL;
	board->host = &board->machine->host[0];
	return true;
}

static bool build_slots(struct board *board)
{
	const struct nic_config *nic = &board->cfg.machine->nic;
	char name[16];

	board->functions = (uint32_t)(board->cfg.sriov ? 1 + nic->total_vfs : nic->vfs);
	board->stream_step = board->cfg.sriov ? 1 : BOARD_DEVICE_STEP;
	board->slot = calloc(board_pmcg_index(board) + 1, sizeof(board->slot[0]));
	if (!board->slot)
		return false;
	for (uint32_t i = 0; i < board->functions; i++)
		slot_init(board, i, board_function_name(board, i, name, sizeof(name)));
	slot_init(board, board_smmu_index(board), "smmu");
	slot_init(board, board_pmcg_index(board), "pmcg");
	return true;
}

struct board *board_create(const struct board_cfg *cfg, struct sim *sim)
{
	struct board *board = calloc(1, sizeof(*board));

	if (!board)
		return NULL;
	board->cfg = *cfg;
	board->sim = sim;
	if (build_slots(board) && build_machine(board))
		return board;
	board_destroy(board);
	return NULL;
}

void board_destroy(struct board *board)
{
	if (!board)
		return;
	machine_destroy(board->machine);
	for (uint32_t i = 0; board->slot && i <= board_pmcg_index(board); i++)
		guest_memory_fini(&board->slot[i].memory);
	free(board->slot);
	free(board);
}

void board_reset_vfs(struct board *board)
{
	for (uint32_t vf = 0; vf < board->cfg.machine->nic.total_vfs; vf++)
		firmware_reset_vf(board->host->firmware, vf);
}

struct machine *board_machine(struct board *board)
{
	return board->machine;
}

uint32_t board_functions(const struct board *board)
{
	return board->functions;
}

uint32_t board_smmu_index(const struct board *board)
{
	return board->functions;
}

uint32_t board_pmcg_index(const struct board *board)
{
	return board->functions + 1;
}

static bool is_pf(const struct board *board, uint32_t index)
{
	return board->cfg.sriov && !index;
}

/* Of a function that is no PF. */
static uint32_t vf_number(const struct board *board, uint32_t index)
{
	return board->cfg.sriov ? index - 1 : index;
}

const char *board_function_name(const struct board *board, uint32_t index, char *name, size_t size)
{
	if (is_pf(board, index))
		snprintf(name, size, "pf");
	else
		snprintf(name, size, "vf%u", vf_number(board, index));
	return name;
}

uint16_t board_rid(const struct board *board, uint32_t index)
{
	if (is_pf(board, index))
		return machine_pf_rid(board->cfg.machine);
	return (uint16_t)(machine_vf_rid(board->cfg.machine) + vf_number(board, index));
}

uint16_t board_guest_rid(const struct board *board, uint32_t index)
{
	uint32_t first = board->cfg.sriov ? machine_pf_rid(board->cfg.machine)
					  : machine_vf_rid(board->cfg.machine);

	return (uint16_t)(BOARD_FIRST_RID + (board_rid(board, index) - first) * board->stream_step);
}

uint32_t board_vf_ids(const struct board *board)
{
	struct pcie_device_cfg cfg;

	pcie_device_cfg_x710(&cfg);
	return cfg.vf.vendor_id | (uint32_t)cfg.vf.device_id << 16;
}

void board_attach(struct board *board, uint32_t index, const struct board_client *client)
{
	board->slot[index].client = *client;
}

void board_unheard(struct board *board)
{
	board->cfg.journal->unheard++;
}

struct guest_memory *board_memory(struct board *board, uint32_t index)
{
	return &board->slot[index].memory;
}

/* ---- accesses ---- */

struct access {
	struct bus_req req;
	bool done;
};

static void access_done(struct bus_req *req, uint64_t now)
{
	CONTAINER_OF(req, struct access, req)->done = true;
}

/* Whatever else is due until then happens, too. */
static bool perform(struct board *board, bool write, uint64_t addr, uint32_t len, void *data)
{
	struct bus_port port = fabric_bus_port(&board->host->fabric);
	struct access access = {.req = {.op = write ? BUS_WRITE : BUS_READ,
					.addr = addr,
					.len_bytes = len,
					.data = data,
					.done = access_done}};
	struct sim_part part = {board->sim, "board", 0};

	bus_send(&port, &access.req);
	board->cfg.engine->run(board->machine->engine, TIME_NEVER, &access.done);
	sim_assert(&part, access.done);
	if (access.req.status == BUS_OK)
		return true;
	if (!write)
		memset(data, 0xff, len);
	return false;
}

static uint64_t config_pa(const struct board *board, uint32_t index, uint32_t offset)
{
	return HOST_ECAM_PA + ((uint64_t)board_rid(board, index) << 12) + offset;
}

bool board_config(struct board *board, uint32_t index, bool write, uint32_t offset, uint32_t len,
		  void *data)
{
	bool ok = perform(board, write, config_pa(board, index, offset), len, data);

	journal_note(board->cfg.journal, board->slot[index].name, "config", write, offset, len,
		     data);
	return ok;
}

/* Of the PF, which its guest has placed. */
static uint64_t pf_bar_pa(struct board *board, uint32_t bar)
{
	uint64_t pa = 0, at = config_pa(board, 0, PCI_BASE_ADDRESS_0 + 4 * bar);

	perform(board, false, at, 4, &pa);
	perform(board, false, at + 4, 4, (uint8_t *)&pa + 4);
	return le64_get(&pa) & PCI_BASE_ADDRESS_MEM_MASK;
}

static const struct pci_function *vf_function(const struct board *board, uint32_t index)
{
	return pci_bus_vf(&board->host->pci_bus, machine_pf_rid(board->cfg.machine),
			  vf_number(board, index));
}

uint64_t board_bar_bytes(const struct board *board, uint32_t index, uint32_t bar)
{
	struct pcie_device_cfg cfg;

	if (board->cfg.sriov) {
		pcie_device_cfg_x710(&cfg);
		return index ? 0 : cfg.pf.bar_bytes[bar];
	}
	return vf_function(board, index)->bar[bar].size_bytes;
}

bool board_bar(struct board *board, uint32_t index, bool write, uint32_t bar, uint64_t offset,
	       uint32_t len, void *data)
{
	static const char *const bar_name[PCIE_BARS] = {"bar0", "bar1", "bar2",
							"bar3", "bar4", "bar5"};
	uint64_t pa =
		board->cfg.sriov ? pf_bar_pa(board, bar) : vf_function(board, index)->bar[bar].pa;
	bool ok = perform(board, write, pa + offset, len, data);

	journal_note(board->cfg.journal, board->slot[index].name, bar_name[bar], write, offset, len,
		     data);
	return ok;
}

bool board_smmu(struct board *board, bool write, uint64_t offset, uint32_t len, void *data)
{
	bool ok = perform(board, write, HOST_SMMU_PA + offset, len, data);

	journal_note(board->cfg.journal, "smmu", "register", write, offset, len, data);
	return ok;
}

bool board_pmcg(struct board *board, bool write, uint64_t offset, uint32_t len, void *data)
{
	bool ok = perform(board, write, HOST_PMCG_PA + offset, len, data);

	journal_note(board->cfg.journal, "pmcg", "register", write, offset, len, data);
	return ok;
}

bool board_window(struct board *board, bool write, uint64_t offset, uint32_t len, void *data)
{
	uint64_t addr = board->cfg.plan->window_base + offset;
	bool ok = perform(board, write, addr, len, data);

	journal_note(board->cfg.journal, "aperture", "address", write, addr, len, data);
	return ok;
}

/* What follows is not the guest's: no concern of the journal. */
static uint32_t look_at(struct board *board, uint64_t pa)
{
	uint32_t value = 0;

	perform(board, false, pa, sizeof(value), &value);
	return le32_get(&value);
}

static void put_at(struct board *board, uint64_t pa, uint32_t value)
{
	uint8_t data[4];

	le32_put(data, value);
	perform(board, true, pa, sizeof(data), data);
}

void board_smmu_reset(struct board *board)
{
	put_at(board, HOST_SMMU_PA + SMMU_IRQ_CTRL, 0);
	put_at(board, HOST_SMMU_PA + SMMU_CR0, 0);
	for (uint32_t i = 0; i < RESET_STEPS && look_at(board, HOST_SMMU_PA + SMMU_CR0ACK); i++)
		board_pass(board, PS_PER_US);
	put_at(board, HOST_SMMU_PA + SMMU_GBPA,
	       (uint32_t)(GBPA_UPDATE | field_put(GBPA_SHCFG, STE1_SHCFG_INCOMING)));
}

bool board_smmu_wants_attention(struct board *board)
{
	static const struct {
		uint32_t enable, produced, consumed; /* IRQ_CTRL's bit, and registers that differ */
	} cause[] = {
		{IRQ_CTRL_GERROR_IRQEN, SMMU_GERROR, SMMU_GERRORN},
		{IRQ_CTRL_EVENTQ_IRQEN, SMMU_EVENTQ_PROD, SMMU_EVENTQ_CONS},
		{IRQ_CTRL_PRIQ_IRQEN, SMMU_PRIQ_PROD, SMMU_PRIQ_CONS},
	};
	uint32_t enabled = look_at(board, HOST_SMMU_PA + SMMU_IRQ_CTRL);

	for (size_t i = 0; i < ARRAY_LEN(cause); i++)
		if (enabled & cause[i].enable &&
		    look_at(board, HOST_SMMU_PA + cause[i].produced) !=
			    look_at(board, HOST_SMMU_PA + cause[i].consumed))
			return true;
	return false;
}

/* The rest is UNKNOWN after a reset, IHI 0070, 10.5.2. */
void board_pmcg_reset(struct board *board)
{
	put_at(board, HOST_PMCG_PA + PMCG_CR, 0);
	put_at(board, HOST_PMCG_PA + PMCG_IRQ_CTRL, 0);
}

/* No more counters than bits of these halves. */
bool board_pmcg_wants_attention(struct board *board)
{
	return look_at(board, HOST_PMCG_PA + PMCG_IRQ_CTRL) &&
	       look_at(board, HOST_PMCG_PA + PMCG_OVSSET) &
		       look_at(board, HOST_PMCG_PA + PMCG_INTENSET);
}

/* ---- time ---- */

void board_run(struct board *board, uint64_t until_ps)
{
	static const bool never;

	pace_run_until(board->sim, board->cfg.engine, board->machine->engine, until_ps, &never);
}

void board_pass(struct board *board, uint64_t ps)
{
	board_run(board, sim_now(board->sim) + ps);
}
