// SPDX-License-Identifier: GPL-2.0-only
#include "cosim/kernel/vfsim/stream.h"

#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>

/* More is no state of this device's. */
#define MOST_BYTES (1u << 20)

int vfsim_stream_reserve(struct vfsim_stream *stream, size_t bytes)
{
	u8 *data;

	if (bytes <= stream->room)
		return 0;
	if (bytes > MOST_BYTES)
		return -ENOMEM;
	bytes = roundup_pow_of_two(bytes);
	data = kvrealloc(stream->data, bytes, GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!data)
		return -ENOMEM;
	stream->data = data;
	stream->room = bytes;
	return 0;
}

/* At the end of what there is: of pre-copy more may come (-ENOMSG), else it is the end. */
static ssize_t stream_read(struct file *file, char __user *to, size_t count, loff_t *pos)
{
	struct vfsim_stream *stream = file->private_data;
	ssize_t ret;

	if (pos)
		return -ESPIPE;
	mutex_lock(&stream->lock);
	count = min(count, stream->len - stream->at);
	if (stream->kind == STREAM_DEAD)
		ret = -ENODEV;
	else if (!count)
		ret = stream->kind == STREAM_PRE_COPY ? -ENOMSG : 0;
	else
		ret = copy_to_user(to, stream->data + stream->at, count) ? -EFAULT : count;
	if (ret > 0)
		stream->at += ret;
	mutex_unlock(&stream->lock);
	return ret;
}

static ssize_t stream_write(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
	struct vfsim_stream *stream = file->private_data;
	ssize_t ret;

	if (pos)
		return -ESPIPE;
	count = min_t(size_t, count, MOST_BYTES);
	mutex_lock(&stream->lock);
	ret = stream->kind == STREAM_RESUMING ? vfsim_stream_reserve(stream, stream->len + count)
					      : -ENODEV;
	if (!ret)
		ret = copy_from_user(stream->data + stream->len, from, count) ? -EFAULT : count;
	if (ret > 0)
		stream->len += ret;
	mutex_unlock(&stream->lock);
	return ret;
}

static long stream_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	const size_t least = offsetofend(struct vfio_precopy_info, dirty_bytes);
	struct vfsim_stream *stream = file->private_data;
	struct vfio_precopy_info info = {};
	int ret = 0;

	if (cmd != VFIO_MIG_GET_PRECOPY_INFO)
		return -ENOTTY;
	if (copy_from_user(&info, (void __user *)arg, least))
		return -EFAULT;
	if (info.argsz < least)
		return -EINVAL;
	mutex_lock(&stream->lock);
	info.initial_bytes = stream->initial - min(stream->at, stream->initial);
	info.dirty_bytes = stream->len - max(stream->at, stream->initial);
	if (stream->kind != STREAM_PRE_COPY)
		ret = stream->kind == STREAM_DEAD ? -ENODEV : -EINVAL;
	mutex_unlock(&stream->lock);
	if (ret)
		return ret;
	return copy_to_user((void __user *)arg, &info, least) ? -EFAULT : 0;
}

static int stream_release(struct inode *inode, struct file *file)
{
	struct vfsim_stream *stream = file->private_data;

	kvfree(stream->data);
	mutex_destroy(&stream->lock);
	kfree(stream);
	return 0;
}

static const struct file_operations saving_ops = {
	.owner = THIS_MODULE,
	.read = stream_read,
	.unlocked_ioctl = stream_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = stream_release,
};

static const struct file_operations resuming_ops = {
	.owner = THIS_MODULE,
	.write = stream_write,
	.release = stream_release,
};

struct vfsim_stream *vfsim_stream_new(enum stream_kind kind)
{
	bool resuming = kind == STREAM_RESUMING;
	struct vfsim_stream *stream = kzalloc(sizeof(*stream), GFP_KERNEL_ACCOUNT);
	struct file *file;

	if (!stream)
		return ERR_PTR(-ENOMEM);
	file = anon_inode_getfile("vfsim-migration", resuming ? &resuming_ops : &saving_ops, stream,
				  resuming ? O_WRONLY : O_RDONLY);
	if (IS_ERR(file)) {
		kfree(stream);
		return ERR_CAST(file);
	}
	stream_open(file->f_inode, file);
	mutex_init(&stream->lock);
	stream->kind = kind;
	stream->file = file;
	return stream;
}

void vfsim_stream_end(struct vfsim_stream *stream)
{
	mutex_lock(&stream->lock);
	stream->kind = STREAM_DEAD;
	mutex_unlock(&stream->lock);
	fput(stream->file);
}
