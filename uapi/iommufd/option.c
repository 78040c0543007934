// SPDX-License-Identifier: Apache-2.0
/* Settings of a context and of its IOASes: IOMMU_OPTION, IOAS_CHANGE_PROCESS, VFIO_IOAS. */
#include <errno.h>

#include "uapi/iommufd/iommufd_internal.h"

static int option_rlimit_mode(struct iommufd_ctx *ctx, struct iommu_option *cmd)
{
	if (cmd->object_id)
		return -EOPNOTSUPP;
	if (cmd->op == IOMMU_OPTION_OP_GET) {
		cmd->val64 = ctx->account_mm;
		return 0;
	}
	if (cmd->op != IOMMU_OPTION_OP_SET)
		return -EOPNOTSUPP;
	/* A limited process is one without privileges. */
	if (ctx->file.kernel->cfg.memlock_pages)
		return -EPERM;
	for (uint32_t id = 1; id < ctx->capacity; id++) {
		if (ctx->objects[id])
			return -EBUSY;
	}
	if (cmd->val64 > 1)
		return -EINVAL;
	ctx->account_mm = cmd->val64;
	return 0;
}

static int option_huge_pages(struct iommufd_ctx *ctx, struct actor *self, struct iommu_option *cmd)
{
	struct iommufd_ioas *ioas = iommufd_object_get(ctx, cmd->object_id, IOMMUFD_IOAS);
	int rc = 0;

	if (!ioas)
		return -ENOENT;
	if (cmd->op == IOMMU_OPTION_OP_GET)
		cmd->val64 = !ioas->iopt.disable_large_pages;
	else if (cmd->op != IOMMU_OPTION_OP_SET)
		rc = -EOPNOTSUPP;
	else if (cmd->val64 == 0)
		rc = iopt_disable_large_pages(&ioas->iopt, self);
	else if (cmd->val64 == 1)
		iopt_enable_large_pages(&ioas->iopt, self);
	else
		rc = -EINVAL;
	iommufd_object_put(ctx, &ioas->object);
	return rc;
}

int iommufd_option(struct ioctl_call *call)
{
	struct iommu_option *cmd = (void *)call->cmd;
	struct iommufd_ctx *ctx = iommufd_ctx_of(call);
	int rc;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	switch (cmd->option_id) {
	case IOMMU_OPTION_RLIMIT_MODE:
		rc = option_rlimit_mode(ctx, cmd);
		break;
	case IOMMU_OPTION_HUGE_PAGES:
		rc = option_huge_pages(ctx, call->task.self, cmd);
		break;
	default:
		return -EOPNOTSUPP;
	}
	return rc ? rc : ioctl_respond(call);
}

/* The next IOAS from `*id` on. */
static struct iommufd_ioas *next_ioas(const struct iommufd_ctx *ctx, uint32_t *id)
{
	for (; *id < ctx->capacity; ++*id) {
		struct iommufd_object *object = ctx->objects[*id];

		if (object && object->published && object->type == IOMMUFD_IOAS) {
			++*id;
			return CONTAINER_OF(object, struct iommufd_ioas, object);
		}
	}
	return NULL;
}

/* Can another process take the mappings over? Only files are the same to both. */
static int check_areas(const struct io_pagetable *iopt)
{
	for (uint32_t i = 0; i < iopt->areas; i++) {
		if (!iopt->area[i]->pages)
			return -EBUSY;
		if (iopt->area[i]->pages->source != IOPT_FILE)
			return -EINVAL;
	}
	return 0;
}

int iommufd_ioas_change_process(struct ioctl_call *call)
{
	const struct iommu_ioas_change_process *cmd = (const void *)call->cmd;
	struct iommufd_ctx *ctx = iommufd_ctx_of(call);
	struct iommufd_ioas *ioas;
	int rc = 0;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	down_write(call->task.self, &ctx->ioas_creation);
	/* All are held at once, in the order of their numbers: copies may be anywhere. */
	for (uint32_t id = 1; (ioas = next_ioas(ctx, &id));) {
		ioas->object.users++;
		down_write(call->task.self, &ioas->iopt.iova);
	}
	for (uint32_t id = 1; !rc && (ioas = next_ioas(ctx, &id));)
		rc = check_areas(&ioas->iopt);
	for (uint32_t id = 1; !rc && (ioas = next_ioas(ctx, &id));) {
		for (uint32_t i = 0; i < ioas->iopt.areas; i++)
			iopt_pages_change_process(ioas->iopt.area[i]->pages, call->task.process);
	}
	for (uint32_t id = 1; (ioas = next_ioas(ctx, &id));) {
		up_write(&ioas->iopt.iova);
		ioas->object.users--;
	}
	up_write(&ctx->ioas_creation);
	return rc;
}

int iommufd_vfio_ioas(struct ioctl_call *call)
{
	struct iommu_vfio_ioas *cmd = (void *)call->cmd;
	struct iommufd_ctx *ctx = iommufd_ctx_of(call);
	struct iommufd_ioas *ioas;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	switch (cmd->op) {
	case IOMMU_VFIO_IOAS_GET:
		if (!ctx->vfio_ioas)
			return -ENODEV;
		cmd->ioas_id = ctx->vfio_ioas->id;
		return ioctl_respond(call);
	case IOMMU_VFIO_IOAS_SET:
		ioas = iommufd_object_get(ctx, cmd->ioas_id, IOMMUFD_IOAS);
		if (!ioas)
			return -ENOENT;
		ctx->vfio_ioas = &ioas->object;
		iommufd_object_put(ctx, &ioas->object);
		return 0;
	case IOMMU_VFIO_IOAS_CLEAR:
		ctx->vfio_ioas = NULL;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}
