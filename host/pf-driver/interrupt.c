/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PF's interrupt: vector 0 has all of the PF's causes. Its handler wakes a thread, which reads
 * the causes (and so clears them), looks after each, and arms the vector again; what has come
 * meanwhile raises it at once (X710 datasheet, PFINT_ICR0 and PFINT_DYN_CTL0).
 */
#include "host/pf-driver/pf_driver_internal.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>

#define VECTOR 0u

static void fired(void *arg, uint64_t now)
{
	struct pf_driver *d = arg;

	d->interrupted = true;
	waitq_wake(&d->irq);
}

static void arm(struct pf_driver *d, struct actor *self)
{
	pf_reg_write(d, self, PFINT_DYN_CTL0,
		     (uint32_t)(DYN_CTL_INTENA | DYN_CTL_CLEARPBA | DYN_CTL_ITR_INDX));
}

static void look(struct pf_driver *d, struct actor *self)
{
	uint32_t causes = pf_reg_read(d, self, PFINT_ICR0);

	if (causes & ICR0_MAL_DETECT)
		pf_driver_mdd_check(d, self);
	if (causes & ICR0_ADMINQ)
		pf_mailbox_receive(d, self);
}

static void thread(struct actor *self, void *arg)
{
	struct pf_driver *d = arg;

	while (!d->stopping) {
		if (!d->interrupted) {
			actor_wait(self, &d->irq, TIME_NEVER);
			continue;
		}
		d->interrupted = false;
		look(d, self);
		arm(d, self);
	}
}

/* Where the PF's table has vector 0; 0: nowhere. */
static uint64_t find_entry(struct pf_driver *d, struct actor *self, uint16_t capability)
{
	const struct pci_function *pf = pci_bus_find(d->env.bus, d->cfg.pf_rid);
	uint32_t table =
		pci_config_read(d->env.bus, self, d->cfg.pf_rid, capability + PCI_MSIX_TABLE, 4);

	return pf->bar[table & PCI_MSIX_TABLE_BIR].pa + (table & PCI_MSIX_TABLE_OFFSET) +
	       VECTOR * PCI_MSIX_ENTRY_SIZE;
}

static void write_entry(struct pf_driver *d, struct actor *self, uint32_t offset, uint64_t value)
{
	d->env.cpu.ops->mmio_write(d->env.cpu.ctx, self, d->msix_pa + offset, 4, (uint32_t)value);
}

static int start_thread(struct pf_driver *d)
{
	char name[64];

	snprintf(name, sizeof(name), "%s.irq", d->env.part.name);
	d->thread = actor_start(d->env.part.sim, name, thread, d);
	return d->thread ? 0 : -ENOMEM;
}

int pf_interrupt_init(struct pf_driver *d, struct actor *self)
{
	const struct cpu_port *cpu = &d->env.cpu;
	uint16_t capability = pci_find_capability(d->env.bus, self, d->cfg.pf_rid, PCI_CAP_ID_MSIX);
	int ret;

	/* Without interrupts nobody hears of malicious VFs, and no message comes. */
	if (!capability)
		return d->features & PF_FEATURE_FORWARDS ? -ENODEV : 0;
	d->msix_pa = find_entry(d, self, capability);
	ret = cpu->ops->msi_register(cpu->ctx, d->cfg.pf_rid, VECTOR, fired, d);
	if (!ret)
		ret = start_thread(d);
	if (ret)
		return ret;
	/* The PF's stream is in an identity domain: a message's address is the doorbell's own. */
	write_entry(d, self, PCI_MSIX_ENTRY_LOWER_ADDR, cpu->msi_doorbell_pa);
	write_entry(d, self, PCI_MSIX_ENTRY_UPPER_ADDR, cpu->msi_doorbell_pa >> 32);
	write_entry(d, self, PCI_MSIX_ENTRY_DATA, VECTOR);
	write_entry(d, self, PCI_MSIX_ENTRY_VECTOR_CTRL, 0);
	pci_config_write(d->env.bus, self, d->cfg.pf_rid, capability + PCI_MSIX_FLAGS, 2,
			 PCI_MSIX_FLAGS_ENABLE);
	pf_reg_write(d, self, PFINT_ICR0_ENA, (uint32_t)(ICR0_ADMINQ | ICR0_MAL_DETECT));
	arm(d, self);
	return 0;
}

void pf_interrupt_fini(struct pf_driver *d, struct actor *self)
{
	const struct cpu_port *cpu = &d->env.cpu;

	if (!d->thread)
		return;
	pf_reg_write(d, self, PFINT_ICR0_ENA, 0);
	pf_reg_write(d, self, PFINT_DYN_CTL0, 0);
	/* A read that completes comes behind what was raised before. */
	pf_reg_read(d, self, PFINT_ICR0);
	d->stopping = true;
	waitq_wake(&d->irq);
	actor_join(self, d->thread);
	d->thread = NULL;
	cpu->ops->msi_register(cpu->ctx, d->cfg.pf_rid, VECTOR, NULL, NULL);
}
