/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding out what the SMMU can do, and bringing it up: reads and writes in the
 * order of Linux 7.3's arm_smmu_device_hw_probe and arm_smmu_device_reset.
 */
#include <errno.h>
#include <stdlib.h>

#include "uapi/smmu-driver/smmu_driver_internal.h"

#define QUEUE_MAX_LOG2_BYTES 22u /* MAX_PAGE_ORDER pages: the largest that are contiguous */
#define BATCH_LOG2           6u  /* of BATCH_COMMANDS */
#define STRTAB_SPLIT_BITS    8u
#define CACHE_WB             1u
#define SH_INNER             3u
#define VA_BITS              48u
/* Less than what a stage 2 table of four levels is for; Linux would build one of three. */
#define STAGE2_LEAST_OAS 44u

static int probe_idr0(struct smmu_driver *driver, uint32_t idr0)
{
	uint64_t endian = field_get(IDR0_TTENDIAN, idr0);

	if (endian != IDR0_TTENDIAN_MIXED && endian != IDR0_TTENDIAN_LE)
		return -ENODEV;
	/* Domains of this driver are stage 1. */
	if (!(idr0 & IDR0_S1P) || !(field_get(IDR0_TTF, idr0) & IDR0_TTF_AARCH64))
		return -ENODEV;
	driver->strtab.two_level = field_get(IDR0_ST_LEVEL, idr0) == IDR0_ST_LEVEL_2LVL;
	driver->hyp = idr0 & IDR0_HYP;
	driver->ats = idr0 & IDR0_ATS;
	driver->pri = idr0 & IDR0_PRI;
	driver->coherent = idr0 & IDR0_COHACC;
	driver->msi_sync = (idr0 & IDR0_MSI) && driver->coherent;
	driver->stalls = field_get(IDR0_STALL_MODEL, idr0) != IDR0_STALL_MODEL_NONE;
	driver->asid_bits = idr0 & IDR0_ASID16 ? 16 : 8;
	driver->two_level_cd = idr0 & IDR0_CD2L;
	if (idr0 & IDR0_S2P)
		driver->vmid_bits = idr0 & IDR0_VMID16 ? 16 : 8;
	driver->info.dirty_tracking =
		driver->coherent && field_get(IDR0_HTTU, idr0) >= IDR0_HTTU_ACCESS_DIRTY;
	return 0;
}

static int probe_idr1(struct smmu_driver *driver, uint32_t idr1)
{
	if (idr1 & (IDR1_TABLES_PRESET | IDR1_QUEUES_PRESET | IDR1_REL))
		return -ENODEV;
	driver->attr_ovr = idr1 & IDR1_ATTR_TYPES_OVR;
	driver->cmdq_log2 = (uint8_t)MIN(field_get(IDR1_CMDQS, idr1),
					 QUEUE_MAX_LOG2_BYTES - (unsigned)__builtin_ctz(CMD_BYTES));
	/* A batch and its SYNC must fit. */
	if (driver->cmdq_log2 <= BATCH_LOG2)
		return -ENODEV;
	driver->evtq_log2 =
		(uint8_t)MIN(field_get(IDR1_EVENTQS, idr1),
			     QUEUE_MAX_LOG2_BYTES - (unsigned)__builtin_ctz(EVENT_BYTES));
	driver->priq_log2 = (uint8_t)MIN(field_get(IDR1_PRIQS, idr1),
					 QUEUE_MAX_LOG2_BYTES - (unsigned)__builtin_ctz(PRI_BYTES));
	driver->info.pasid_bits = (uint8_t)field_get(IDR1_SSIDSIZE, idr1);
	driver->sid_bits = (uint8_t)field_get(IDR1_SIDSIZE, idr1);
	if (driver->sid_bits <= STRTAB_SPLIT_BITS)
		driver->strtab.two_level = false;
	return 0;
}

static int probe_idr5(struct smmu_driver *driver, uint32_t idr5)
{
	static const uint8_t oas_bits[] = {32, 36, 40, 42, 44, 48};
	uint64_t oas = MIN(field_get(IDR5_OAS, idr5), IDR5_OAS_48);

	if (!(idr5 & IDR5_GRAN4K))
		return -ENODEV;
	driver->oas_field = (uint8_t)oas;
	driver->oas_bits = oas_bits[oas];
	if (driver->oas_bits < STAGE2_LEAST_OAS)
		driver->vmid_bits = 0;
	driver->info.page_sizes = level_bytes(3) | level_bytes(2) | level_bytes(1);
	driver->info.aperture_last = BIT(VA_BITS) - 1;
	return 0;
}

static int hw_probe(struct smmu_driver *driver, struct actor *self)
{
	struct smmu_driver_info *info = &driver->info;
	int err;

	info->idr[0] = driver_reg_read(driver, self, SMMU_IDR0);
	err = probe_idr0(driver, info->idr[0]);
	if (err)
		return err;
	info->idr[1] = driver_reg_read(driver, self, SMMU_IDR1);
	err = probe_idr1(driver, info->idr[1]);
	if (err)
		return err;
	info->idr[3] = driver_reg_read(driver, self, SMMU_IDR3);
	info->idr[5] = driver_reg_read(driver, self, SMMU_IDR5);
	err = probe_idr5(driver, info->idr[5]);
	if (err)
		return err;
	info->iidr = driver_reg_read(driver, self, SMMU_IIDR);
	return 0;
}

static int init_structures(struct smmu_driver *driver)
{
	int err = driver_queue_init(driver, &driver->cmdq.q, driver->cmdq_log2, CMD_BYTES);

	if (!err)
		err = driver_queue_init(driver, &driver->evtq.q, driver->evtq_log2, EVENT_BYTES);
	if (!err && driver->pri)
		err = driver_queue_init(driver, &driver->priq.q, driver->priq_log2, PRI_BYTES);
	if (!err)
		err = strtab_init(driver);
	driver->asids = calloc((UINT64_C(1) << driver->asid_bits) / 64, sizeof(driver->asids[0]));
	if (driver->vmid_bits) {
		driver->vmids =
			calloc((UINT64_C(1) << driver->vmid_bits) / 64, sizeof(driver->vmids[0]));
		err = err ? err : driver->vmids ? 0 : -ENOMEM;
	}
	return err ? err : driver->asids ? 0 : -ENOMEM;
}

/* An SMMU that something else left running is made to abort before it is stopped. */
static int disable(struct smmu_driver *driver, struct actor *self)
{
	if (driver_reg_read(driver, self, SMMU_CR0) & CR0_SMMUEN) {
		uint32_t gbpa = driver_reg_read(driver, self, SMMU_GBPA);

		sim_log(&driver->env.part, LOG_WARNING, "SMMU currently enabled! Resetting...");
		driver_reg_write(driver, self, SMMU_GBPA,
				 gbpa | (uint32_t)(GBPA_ABORT | GBPA_UPDATE));
	}
	return driver_reg_write_sync(driver, self, SMMU_CR0, SMMU_CR0ACK, 0);
}

static int enable(struct smmu_driver *driver, struct actor *self, uint32_t *enables, uint32_t bit)
{
	*enables |= bit;
	return driver_reg_write_sync(driver, self, SMMU_CR0, SMMU_CR0ACK, *enables);
}

static void queue_registers(struct smmu_driver *driver, struct actor *self, struct driver_queue *q,
			    uint32_t base, uint32_t prod)
{
	q->prod_register = prod;
	driver_reg_write64(driver, self, base, Q_BASE_RA | (q->pa & Q_BASE_ADDR) | q->log2);
	driver_reg_write(driver, self, prod, q->prod);
	driver_reg_write(driver, self, prod + 4, q->cons);
}

/* Nothing that an earlier owner left in the caches survives. */
static int invalidate_all(struct smmu_driver *driver, struct actor *self)
{
	int err = cmdq_issue_sync(driver, self, command_cfgi_all());

	if (!err && driver->hyp)
		err = cmdq_issue_sync(driver, self, command_tlbi(CMD_TLBI_EL2_ALL, 0, 0, false));
	if (!err)
		err = cmdq_issue_sync(driver, self, command_tlbi(CMD_TLBI_NSNH_ALL, 0, 0, false));
	return err;
}

static void on_event(void *arg, uint64_t now)
{
	struct smmu_driver *driver = arg;

	irq_thread_wake(&driver->evtq.thread);
}

static void on_gerror(void *arg, uint64_t now)
{
	struct smmu_driver *driver = arg;

	irq_thread_wake(&driver->gerror);
}

static void on_page_request(void *arg, uint64_t now)
{
	struct smmu_driver *driver = arg;

	irq_thread_wake(&driver->priq.thread);
}

/* The page request queue's, where there is one. */
static int setup_priq_irq(struct smmu_driver *driver, struct actor *self)
{
	const struct cpu_port *cpu = &driver->env.cpu;
	int err;

	driver_reg_write64(driver, self, SMMU_PRIQ_IRQ_CFG0, 0);
	err = irq_thread_start(driver, &driver->priq.thread, "priq", priq_thread);
	if (!err)
		err = cpu->ops->irq_register(cpu->ctx, driver->cfg.priq_irq, on_page_request,
					     driver);
	return err;
}

static int setup_irqs(struct smmu_driver *driver, struct actor *self)
{
	const struct cpu_port *cpu = &driver->env.cpu;
	uint64_t enables = IRQ_CTRL_EVENTQ_IRQEN | IRQ_CTRL_GERROR_IRQEN;
	int err = driver_reg_write_sync(driver, self, SMMU_IRQ_CTRL, SMMU_IRQ_CTRLACK, 0);

	if (err)
		return err;
	/* Wires, not MSIs. */
	driver_reg_write64(driver, self, SMMU_GERROR_IRQ_CFG0, 0);
	driver_reg_write64(driver, self, SMMU_EVENTQ_IRQ_CFG0, 0);
	err = irq_thread_start(driver, &driver->evtq.thread, "evtq", evtq_thread);
	if (!err)
		err = irq_thread_start(driver, &driver->gerror, "gerror", gerror_thread);
	if (!err)
		err = cpu->ops->irq_register(cpu->ctx, driver->cfg.event_irq, on_event, driver);
	if (!err)
		err = cpu->ops->irq_register(cpu->ctx, driver->cfg.gerror_irq, on_gerror, driver);
	if (!err && driver->pri) {
		enables |= IRQ_CTRL_PRIQ_IRQEN;
		err = setup_priq_irq(driver, self);
	}
	if (err)
		return err;
	return driver_reg_write_sync(driver, self, SMMU_IRQ_CTRL, SMMU_IRQ_CTRLACK,
				     (uint32_t)enables);
}

static int reset(struct smmu_driver *driver, struct actor *self)
{
	uint32_t enables = 0;
	int err = disable(driver, self);

	if (err)
		return err;
	driver_reg_write(
		driver, self, SMMU_CR1,
		(uint32_t)(field_put(CR1_TABLE_SH, SH_INNER) | field_put(CR1_TABLE_OC, CACHE_WB) |
			   field_put(CR1_TABLE_IC, CACHE_WB) | field_put(CR1_QUEUE_SH, SH_INNER) |
			   field_put(CR1_QUEUE_OC, CACHE_WB) | field_put(CR1_QUEUE_IC, CACHE_WB)));
	driver_reg_write(driver, self, SMMU_CR2, (uint32_t)(CR2_PTM | CR2_RECINVSID));
	strtab_registers(driver, self);
	queue_registers(driver, self, &driver->cmdq.q, SMMU_CMDQ_BASE, SMMU_CMDQ_PROD);
	err = enable(driver, self, &enables, (uint32_t)CR0_CMDQEN);
	if (!err)
		err = invalidate_all(driver, self);
	if (err)
		return err;
	queue_registers(driver, self, &driver->evtq.q, SMMU_EVENTQ_BASE, SMMU_EVENTQ_PROD);
	err = enable(driver, self, &enables, (uint32_t)CR0_EVENTQEN);
	if (!err && driver->pri) {
		queue_registers(driver, self, &driver->priq.q, SMMU_PRIQ_BASE, SMMU_PRIQ_PROD);
		err = enable(driver, self, &enables, (uint32_t)CR0_PRIQEN);
	}
	if (!err && driver->ats)
		err = enable(driver, self, &enables, (uint32_t)CR0_ATSCHK);
	if (!err)
		err = setup_irqs(driver, self);
	return err ? err : enable(driver, self, &enables, (uint32_t)CR0_SMMUEN);
}

/* What only IOMMU_GET_HW_INFO asks for (arm_smmu_hw_info). */
static void read_info(struct smmu_driver *driver, struct actor *self)
{
	driver->info.idr[2] = driver_reg_read(driver, self, SMMU_IDR2);
	driver->info.idr[4] = driver_reg_read(driver, self, SMMU_IDR4);
	driver->info.aidr = driver_reg_read(driver, self, SMMU_AIDR);
}

static int bring_up(struct smmu_driver *driver, struct actor *self)
{
	int err = hw_probe(driver, self);

	if (!err)
		err = init_structures(driver);
	if (err)
		return err;
	err = reset(driver, self);
	if (!err)
		err = flush_init(driver);
	if (err) /* it must not go on using what is freed now */
		driver_reg_write_sync(driver, self, SMMU_CR0, SMMU_CR0ACK, 0);
	else
		read_info(driver, self);
	return err;
}

int smmu_driver_probe(const struct smmu_driver_cfg *cfg, const struct smmu_driver_env *env,
		      struct actor *self, struct smmu_driver **driver)
{
	struct smmu_driver *made = calloc(1, sizeof(*made));
	int err;

	if (!made)
		return -ENOMEM;
	made->cfg = *cfg;
	made->env = *env;
	err = bring_up(made, self);
	if (err)
		smmu_driver_remove(made);
	else
		*driver = made;
	return err;
}

void smmu_driver_remove(struct smmu_driver *driver)
{
	const struct cpu_port *cpu;

	if (!driver)
		return;
	cpu = &driver->env.cpu;
	cpu->ops->irq_register(cpu->ctx, driver->cfg.event_irq, NULL, NULL);
	cpu->ops->irq_register(cpu->ctx, driver->cfg.gerror_irq, NULL, NULL);
	if (driver->pri)
		cpu->ops->irq_register(cpu->ctx, driver->cfg.priq_irq, NULL, NULL);
	irq_thread_stop(&driver->evtq.thread);
	irq_thread_stop(&driver->priq.thread);
	priq_fini(driver);
	irq_thread_stop(&driver->gerror);
	irq_thread_stop(&driver->flusher);
	strtab_fini(driver);
	phys_free(driver, driver->cmdq.q.pa, driver->cmdq.q.pages);
	phys_free(driver, driver->evtq.q.pa, driver->evtq.q.pages);
	phys_free(driver, driver->priq.q.pa, driver->priq.q.pages);
	for (uint32_t i = 0; i < driver->streams; i++) {
		cd_release(driver, driver->stream[i]);
		free(driver->stream[i]);
	}
	free(driver->stream);
	free(driver->asids);
	free(driver->vmids);
	free(driver);
}

const struct smmu_driver_info *smmu_driver_info(const struct smmu_driver *driver)
{
	return &driver->info;
}
