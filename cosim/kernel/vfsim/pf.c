// SPDX-License-Identifier: GPL-2.0-only
#include "cosim/kernel/vfsim/pf.h"

#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/iopoll.h>
#include <linux/mutex.h>

/* BAR 0: the admin send queue */
#define PF_ATQBAL 0x80000
#define PF_ATQBAH 0x80100
#define PF_ATQLEN 0x80200
#define PF_ATQH   0x80300
#define PF_ATQT   0x80400

#define AQ_ENTRIES   32
#define AQ_ENABLE    BIT(31)
#define AQ_INDEX     GENMASK(9, 0)
#define AQ_FLAG_DD   BIT(0)
#define AQ_FLAG_LB   BIT(9) /* the buffer is larger than 512 bytes */
#define AQ_FLAG_RD   BIT(10)
#define AQ_FLAG_BUF  BIT(12)
#define AQ_FLAG_SI   BIT(13)
#define AQ_RC_EINVAL 14

#define AQC_VF_SUSPEND    0xff10
#define AQC_VF_RESUME     0xff11
#define AQC_VF_P2P        0xff12
#define AQC_VF_STATE_SIZE 0xff13
#define AQC_VF_STATE_SAVE 0xff14
#define AQC_VF_STATE_LOAD 0xff15

#define BUFFER_BYTES 32768
#define TIMEOUT_US   (5 * USEC_PER_SEC)

struct aq_desc {
	__le16 flags, opcode, datalen, retval;
	__le32 cookie_high, cookie_low, param0, param1, addr_high, addr_low;
};

struct vfsim_pf {
	struct pci_dev *pdev;
	void __iomem *bar;
	struct mutex lock; /* one command at a time */
	struct aq_desc *ring;
	void *buffer;
	dma_addr_t ring_dma, buffer_dma;
	u32 next;
};

static struct aq_desc command(u16 opcode, u32 vf, u32 param1)
{
	return (struct aq_desc){
		.flags = cpu_to_le16(AQ_FLAG_SI),
		.opcode = cpu_to_le16(opcode),
		.param0 = cpu_to_le32(vf),
		.param1 = cpu_to_le32(param1),
	};
}

/* The buffer goes with it, `len` bytes of it. */
static void give_buffer(struct vfsim_pf *pf, struct aq_desc *desc, size_t len, u16 flags)
{
	desc->flags |= cpu_to_le16(AQ_FLAG_BUF | AQ_FLAG_LB | flags);
	desc->datalen = cpu_to_le16(len);
	desc->addr_high = cpu_to_le32(upper_32_bits(pf->buffer_dma));
	desc->addr_low = cpu_to_le32(lower_32_bits(pf->buffer_dma));
}

/* With the lock; `desc` is what the device has made of it. */
static int run(struct vfsim_pf *pf, struct aq_desc *desc)
{
	struct aq_desc *slot = &pf->ring[pf->next];
	u32 head;

	lockdep_assert_held(&pf->lock);
	*slot = *desc;
	pf->next = (pf->next + 1) % AQ_ENTRIES;
	writel(pf->next, pf->bar + PF_ATQT);
	if (readl_poll_timeout(pf->bar + PF_ATQH, head, (head & AQ_INDEX) == pf->next, 50,
			       TIMEOUT_US)) {
		dev_err(&pf->pdev->dev, "admin command 0x%04x: no answer\n",
			le16_to_cpu(desc->opcode));
		return -ETIMEDOUT;
	}
	dma_rmb();
	*desc = *slot;
	if (!(desc->flags & cpu_to_le16(AQ_FLAG_DD)))
		return -EIO;
	if (!desc->retval)
		return 0;
	return le16_to_cpu(desc->retval) == AQ_RC_EINVAL ? -EINVAL : -EIO;
}

static int simple(struct vfsim_pf *pf, u16 opcode, u32 vf, u32 param1)
{
	struct aq_desc desc = command(opcode, vf, param1);
	int ret;

	mutex_lock(&pf->lock);
	ret = run(pf, &desc);
	mutex_unlock(&pf->lock);
	return ret;
}

int vfsim_pf_stop_dma(struct vfsim_pf *pf, u32 vf)
{
	return simple(pf, AQC_VF_P2P, vf, 0);
}

int vfsim_pf_start_dma(struct vfsim_pf *pf, u32 vf)
{
	return simple(pf, AQC_VF_P2P, vf, 1);
}

int vfsim_pf_suspend(struct vfsim_pf *pf, u32 vf)
{
	return simple(pf, AQC_VF_SUSPEND, vf, 0);
}

int vfsim_pf_resume(struct vfsim_pf *pf, u32 vf)
{
	return simple(pf, AQC_VF_RESUME, vf, 0);
}

int vfsim_pf_state_size(struct vfsim_pf *pf, u32 vf, u32 *running, u32 *whole)
{
	struct aq_desc desc = command(AQC_VF_STATE_SIZE, vf, 0);
	int ret;

	mutex_lock(&pf->lock);
	ret = run(pf, &desc);
	mutex_unlock(&pf->lock);
	*running = le32_to_cpu(desc.param0);
	*whole = le32_to_cpu(desc.param1);
	return ret;
}

ssize_t vfsim_pf_state_save(struct vfsim_pf *pf, u32 vf, u32 at, void *data, size_t len)
{
	struct aq_desc desc = command(AQC_VF_STATE_SAVE, vf, at);
	size_t got;
	int ret;

	len = min_t(size_t, len, BUFFER_BYTES);
	give_buffer(pf, &desc, len, 0);
	mutex_lock(&pf->lock);
	ret = run(pf, &desc);
	got = le16_to_cpu(desc.datalen);
	if (!ret && got <= len)
		memcpy(data, pf->buffer, got);
	mutex_unlock(&pf->lock);
	if (ret)
		return ret;
	return got <= len ? got : -EIO;
}

/* `*missing`: bytes that the device still expects. */
static int load_part(struct vfsim_pf *pf, u32 vf, u32 at, const void *data, size_t len,
		     u32 *missing)
{
	struct aq_desc desc = command(AQC_VF_STATE_LOAD, vf, at);
	int ret;

	give_buffer(pf, &desc, len, AQ_FLAG_RD);
	mutex_lock(&pf->lock);
	memcpy(pf->buffer, data, len);
	ret = run(pf, &desc);
	mutex_unlock(&pf->lock);
	*missing = le32_to_cpu(desc.param1);
	return ret;
}

int vfsim_pf_state_load(struct vfsim_pf *pf, u32 vf, const u8 *data, size_t len)
{
	u32 missing = 1;
	size_t part;
	int ret = 0;

	for (size_t at = 0; !ret && at < len && missing; at += part) {
		part = min_t(size_t, len - at, BUFFER_BYTES);
		ret = load_part(pf, vf, at, data + at, part, &missing);
	}
	if (ret)
		return ret;
	return missing ? -EINVAL : 0;
}

static void queue_begin(struct vfsim_pf *pf)
{
	writel(0, pf->bar + PF_ATQLEN);
	writel(0, pf->bar + PF_ATQH);
	writel(0, pf->bar + PF_ATQT);
	writel(lower_32_bits(pf->ring_dma), pf->bar + PF_ATQBAL);
	writel(upper_32_bits(pf->ring_dma), pf->bar + PF_ATQBAH);
	writel(AQ_ENABLE | AQ_ENTRIES, pf->bar + PF_ATQLEN);
}

static int get_memory(struct vfsim_pf *pf)
{
	struct device *dev = &pf->pdev->dev;
	int ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));

	if (ret)
		return ret;
	pf->bar = pcim_iomap_region(pf->pdev, 0, "vfsim");
	if (IS_ERR(pf->bar))
		return PTR_ERR(pf->bar);
	pf->ring =
		dmam_alloc_coherent(dev, AQ_ENTRIES * sizeof(*pf->ring), &pf->ring_dma, GFP_KERNEL);
	pf->buffer = dmam_alloc_coherent(dev, BUFFER_BYTES, &pf->buffer_dma, GFP_KERNEL);
	return pf->ring && pf->buffer ? 0 : -ENOMEM;
}

static int vfsim_pf_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct vfsim_pf *pf = devm_kzalloc(&pdev->dev, sizeof(*pf), GFP_KERNEL);
	int ret;

	if (!pf)
		return -ENOMEM;
	pf->pdev = pdev;
	ret = pcim_enable_device(pdev);
	if (!ret)
		ret = devm_mutex_init(&pdev->dev, &pf->lock);
	if (!ret)
		ret = get_memory(pf);
	if (ret)
		return ret;
	pci_set_master(pdev);
	queue_begin(pf);
	pci_set_drvdata(pdev, pf);
	return 0;
}

/* A read that completes says that the device has seen the write: no DMA follows. */
static void vfsim_pf_remove(struct pci_dev *pdev)
{
	struct vfsim_pf *pf = pci_get_drvdata(pdev);

	pci_disable_sriov(pdev);
	writel(0, pf->bar + PF_ATQLEN);
	readl(pf->bar + PF_ATQLEN);
	pci_clear_master(pdev);
}

static int vfsim_pf_sriov_configure(struct pci_dev *pdev, int vfs)
{
	int ret;

	if (!vfs) {
		pci_disable_sriov(pdev);
		return 0;
	}
	ret = pci_enable_sriov(pdev, vfs);
	return ret ? ret : vfs;
}

static const struct pci_device_id vfsim_pf_ids[] = {{PCI_DEVICE(PCI_VENDOR_ID_INTEL, 0x1572)}, {}};
MODULE_DEVICE_TABLE(pci, vfsim_pf_ids);

struct pci_driver vfsim_pf_driver = {
	.name = "vfsim-pf",
	.id_table = vfsim_pf_ids,
	.probe = vfsim_pf_probe,
	.remove = vfsim_pf_remove,
	.sriov_configure = vfsim_pf_sriov_configure,
};
