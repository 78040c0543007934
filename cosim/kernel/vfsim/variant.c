// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each arc of the migration protocol is a request to the PF (linux/vfio.h, enum
 * vfio_device_mig_state); which arcs lead from one state to another is the kernel's to say.
 */
#include "cosim/kernel/vfsim/variant.h"

#include <linux/file.h>
#include <linux/vfio_pci_core.h>

#include "cosim/kernel/vfsim/pf.h"
#include "cosim/kernel/vfsim/stream.h"

struct vfsim_vf {
	struct vfio_pci_core_device core;
	struct vfsim_pf *pf;
	u32 index;
	struct mutex lock;
	enum vfio_device_mig_state state;
	struct vfsim_stream *saving, *resuming;
	unsigned long was_reset; /* bit 0: what is said here of the VF is from before */
};

static struct vfsim_vf *vf_of(struct vfio_device *vdev)
{
	return container_of(vdev, struct vfsim_vf, core.vdev);
}

static void end_session(struct vfsim_stream **stream)
{
	if (*stream)
		vfsim_stream_end(*stream);
	*stream = NULL;
}

static void end_sessions(struct vfsim_vf *vf)
{
	end_session(&vf->saving);
	end_session(&vf->resuming);
}

/* A reset must not wait for this lock: who takes it next acts on it. */
static void lock_state(struct vfsim_vf *vf)
{
	mutex_lock(&vf->lock);
	if (!test_and_clear_bit(0, &vf->was_reset))
		return;
	end_sessions(vf);
	vf->state = VFIO_DEVICE_STATE_RUNNING;
}

/* ---- sessions ---- */

/* Append what the device can say now. With the stream's lock. */
static int save_parts(struct vfsim_vf *vf, struct vfsim_stream *stream, bool running)
{
	u32 running_bytes, bytes;
	int ret = vfsim_pf_state_size(vf->pf, vf->index, &running_bytes, &bytes);

	if (running)
		bytes = running_bytes;
	if (!ret)
		ret = vfsim_stream_reserve(stream, bytes);
	while (!ret && stream->len < bytes) {
		ssize_t got = vfsim_pf_state_save(vf->pf, vf->index, stream->len,
						  stream->data + stream->len, bytes - stream->len);

		if (got <= 0)
			return got ? got : -EIO;
		stream->len += got;
	}
	return ret;
}

static int save_locked(struct vfsim_vf *vf, struct vfsim_stream *stream, bool running)
{
	int ret;

	mutex_lock(&stream->lock);
	ret = save_parts(vf, stream, running);
	if (!ret)
		stream->kind = running ? STREAM_PRE_COPY : STREAM_COMPLETE;
	if (running)
		stream->initial = stream->len;
	mutex_unlock(&stream->lock);
	return ret;
}

static struct file *begin_saving(struct vfsim_vf *vf, bool running)
{
	struct vfsim_stream *stream = vfsim_stream_new(STREAM_PRE_COPY);
	int ret;

	if (IS_ERR(stream))
		return ERR_CAST(stream);
	ret = save_locked(vf, stream, running);
	if (ret) {
		vfsim_stream_end(stream);
		return ERR_PTR(ret);
	}
	vf->saving = stream;
	return get_file(stream->file);
}

static struct file *finish_saving(struct vfsim_vf *vf)
{
	int ret = vfsim_pf_suspend(vf->pf, vf->index);

	if (!ret)
		ret = save_locked(vf, vf->saving, false);
	return ERR_PTR(ret);
}

static struct file *begin_resuming(struct vfsim_vf *vf)
{
	struct vfsim_stream *stream = vfsim_stream_new(STREAM_RESUMING);

	if (IS_ERR(stream))
		return ERR_CAST(stream);
	vf->resuming = stream;
	return get_file(stream->file);
}

static struct file *load(struct vfsim_vf *vf)
{
	struct vfsim_stream *stream = vf->resuming;
	int ret;

	mutex_lock(&stream->lock);
	ret = vfsim_pf_state_load(vf->pf, vf->index, stream->data, stream->len);
	mutex_unlock(&stream->lock);
	if (!ret)
		end_session(&vf->resuming);
	return ERR_PTR(ret);
}

static struct file *end_saving(struct vfsim_vf *vf)
{
	end_session(&vf->saving);
	return NULL;
}

/* ---- arcs ---- */

static struct file *quiesce(struct vfsim_vf *vf)
{
	return ERR_PTR(vfsim_pf_stop_dma(vf->pf, vf->index));
}

static struct file *unquiesce(struct vfsim_vf *vf)
{
	return ERR_PTR(vfsim_pf_start_dma(vf->pf, vf->index));
}

static struct file *suspend(struct vfsim_vf *vf)
{
	return ERR_PTR(vfsim_pf_suspend(vf->pf, vf->index));
}

static struct file *resume(struct vfsim_vf *vf)
{
	return ERR_PTR(vfsim_pf_resume(vf->pf, vf->index));
}

static struct file *begin_pre_copy(struct vfsim_vf *vf)
{
	return begin_saving(vf, true);
}

static struct file *begin_stop_copy(struct vfsim_vf *vf)
{
	return begin_saving(vf, false);
}

#define STATE(name) VFIO_DEVICE_STATE_##name

static const struct {
	enum vfio_device_mig_state from, to;
	struct file *(*take)(struct vfsim_vf *vf);
} arcs[] = {
	{STATE(RUNNING), STATE(RUNNING_P2P), quiesce},
	{STATE(PRE_COPY), STATE(PRE_COPY_P2P), quiesce},
	{STATE(RUNNING_P2P), STATE(RUNNING), unquiesce},
	{STATE(PRE_COPY_P2P), STATE(PRE_COPY), unquiesce},
	{STATE(RUNNING_P2P), STATE(STOP), suspend},
	{STATE(STOP), STATE(RUNNING_P2P), resume},
	{STATE(RUNNING), STATE(PRE_COPY), begin_pre_copy},
	{STATE(RUNNING_P2P), STATE(PRE_COPY_P2P), begin_pre_copy},
	{STATE(PRE_COPY_P2P), STATE(STOP_COPY), finish_saving},
	{STATE(STOP), STATE(STOP_COPY), begin_stop_copy},
	{STATE(STOP_COPY), STATE(STOP), end_saving},
	{STATE(PRE_COPY), STATE(RUNNING), end_saving},
	{STATE(PRE_COPY_P2P), STATE(RUNNING_P2P), end_saving},
	{STATE(STOP), STATE(RESUMING), begin_resuming},
	{STATE(RESUMING), STATE(STOP), load},
};

static struct file *take_arc(struct vfsim_vf *vf, enum vfio_device_mig_state to)
{
	for (u32 i = 0; i < ARRAY_SIZE(arcs); i++)
		if (arcs[i].from == vf->state && arcs[i].to == to)
			return arcs[i].take(vf);
	WARN_ON(true);
	return ERR_PTR(-EINVAL);
}

/* The device did not do what it never refuses: nobody knows what the VF does now. */
static void note_failure(struct vfsim_vf *vf, int err)
{
	if (err != -EIO && err != -ETIMEDOUT)
		return;
	end_sessions(vf);
	vf->state = VFIO_DEVICE_STATE_ERROR;
}

static struct file *vfsim_set_state(struct vfio_device *vdev, enum vfio_device_mig_state to)
{
	struct vfsim_vf *vf = vf_of(vdev);
	struct file *file = NULL;

	lock_state(vf);
	while (vf->state != to) {
		enum vfio_device_mig_state next;
		int ret = vfio_mig_get_next_state(vdev, vf->state, to, &next);

		if (file)
			fput(file);
		file = ret ? ERR_PTR(ret) : take_arc(vf, next);
		if (IS_ERR(file)) {
			note_failure(vf, PTR_ERR(file));
			break;
		}
		vf->state = next;
	}
	mutex_unlock(&vf->lock);
	return file;
}

static int vfsim_get_state(struct vfio_device *vdev, enum vfio_device_mig_state *state)
{
	struct vfsim_vf *vf = vf_of(vdev);

	lock_state(vf);
	*state = vf->state;
	mutex_unlock(&vf->lock);
	return 0;
}

static int vfsim_get_data_size(struct vfio_device *vdev, unsigned long *bytes)
{
	struct vfsim_vf *vf = vf_of(vdev);
	u32 running, whole;
	int ret = vfsim_pf_state_size(vf->pf, vf->index, &running, &whole);

	*bytes = whole;
	return ret;
}

static const struct vfio_migration_ops vfsim_migration_ops = {
	.migration_set_state = vfsim_set_state,
	.migration_get_state = vfsim_get_state,
	.migration_get_data_size = vfsim_get_data_size,
};

/* ---- the device ---- */

static int vfsim_init_dev(struct vfio_device *vdev)
{
	struct vfsim_vf *vf = vf_of(vdev);
	struct pci_dev *pdev = to_pci_dev(vdev->dev);
	void *pf = pci_iov_get_pf_drvdata(pdev, &vfsim_pf_driver);
	int index = pci_iov_vf_id(pdev);

	if (IS_ERR(pf))
		return PTR_ERR(pf);
	if (index < 0)
		return index;
	vf->pf = pf;
	vf->index = index;
	mutex_init(&vf->lock);
	vdev->migration_flags =
		VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P | VFIO_MIGRATION_PRE_COPY;
	vdev->mig_ops = &vfsim_migration_ops;
	return vfio_pci_core_init_dev(vdev);
}

static void vfsim_release_dev(struct vfio_device *vdev)
{
	mutex_destroy(&vf_of(vdev)->lock);
	vfio_pci_core_release_dev(vdev);
}

static int vfsim_open_device(struct vfio_device *vdev)
{
	struct vfsim_vf *vf = vf_of(vdev);
	int ret = vfio_pci_core_enable(&vf->core);

	if (ret)
		return ret;
	lock_state(vf);
	vf->state = VFIO_DEVICE_STATE_RUNNING;
	mutex_unlock(&vf->lock);
	vfio_pci_core_finish_enable(&vf->core);
	return 0;
}

static void vfsim_close_device(struct vfio_device *vdev)
{
	struct vfsim_vf *vf = vf_of(vdev);

	lock_state(vf);
	end_sessions(vf);
	mutex_unlock(&vf->lock);
	vfio_pci_core_close_device(vdev);
}

static const struct vfio_device_ops vfsim_ops = {
	.name = "vfsim-vfio-pci",
	.init = vfsim_init_dev,
	.release = vfsim_release_dev,
	.open_device = vfsim_open_device,
	.close_device = vfsim_close_device,
	.ioctl = vfio_pci_core_ioctl,
	.get_region_info_caps = vfio_pci_ioctl_get_region_info,
	.device_feature = vfio_pci_core_ioctl_feature,
	.read = vfio_pci_core_read,
	.write = vfio_pci_core_write,
	.mmap = vfio_pci_core_mmap,
	.request = vfio_pci_core_request,
	.match = vfio_pci_core_match,
	.match_token_uuid = vfio_pci_core_match_token_uuid,
	.bind_iommufd = vfio_iommufd_physical_bind,
	.unbind_iommufd = vfio_iommufd_physical_unbind,
	.attach_ioas = vfio_iommufd_physical_attach_ioas,
	.detach_ioas = vfio_iommufd_physical_detach_ioas,
};

static int vfsim_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct vfsim_vf *vf;
	int ret;

	if (!pdev->is_virtfn)
		return -EINVAL;
	vf = vfio_alloc_device(vfsim_vf, core.vdev, &pdev->dev, &vfsim_ops);
	if (IS_ERR(vf))
		return PTR_ERR(vf);
	dev_set_drvdata(&pdev->dev, &vf->core);
	ret = vfio_pci_core_register_device(&vf->core);
	if (ret)
		vfio_put_device(&vf->core.vdev);
	return ret;
}

static struct vfsim_vf *drvdata(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *core = pci_get_drvdata(pdev);

	return container_of(core, struct vfsim_vf, core);
}

static void vfsim_remove(struct pci_dev *pdev)
{
	struct vfsim_vf *vf = drvdata(pdev);

	vfio_pci_core_unregister_device(&vf->core);
	vfio_put_device(&vf->core.vdev);
}

static void vfsim_reset_done(struct pci_dev *pdev)
{
	set_bit(0, &drvdata(pdev)->was_reset);
}

static const struct pci_error_handlers vfsim_errors = {
	.reset_done = vfsim_reset_done,
	.error_detected = vfio_pci_core_aer_err_detected,
};

static const struct pci_device_id vfsim_ids[] = {
	{PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_INTEL, 0x1889)}, {}};
MODULE_DEVICE_TABLE(pci, vfsim_ids);

struct pci_driver vfsim_vfio_pci_driver = {
	.name = "vfsim-vfio-pci",
	.id_table = vfsim_ids,
	.probe = vfsim_probe,
	.remove = vfsim_remove,
	.err_handler = &vfsim_errors,
	.driver_managed_dma = true,
};
