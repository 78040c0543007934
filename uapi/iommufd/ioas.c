// SPDX-License-Identifier: Apache-2.0
/* IOMMU_IOAS_*: an I/O address space as the program describes it. */
#include <errno.h>
#include <stdlib.h>

#include "uapi/iommufd/iommufd_internal.h"

#define MAP_FLAGS  (IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_WRITEABLE | IOMMU_IOAS_MAP_READABLE)
#define MAX_PIECES 512u

static void ioas_destroy(struct iommufd_object *object, struct actor *self)
{
	struct iommufd_ioas *ioas = CONTAINER_OF(object, struct iommufd_ioas, object);
	uint64_t unmapped;
	int rc = iopt_unmap(&ioas->iopt, self, 0, UINT64_MAX, &unmapped);

	sim_assert(&ioas->iopt.kernel->env.part, !rc);
	iopt_fini(&ioas->iopt);
}

int iommufd_ioas_alloc(struct ioctl_call *call)
{
	struct iommu_ioas_alloc *cmd = (void *)call->cmd;
	struct iommufd_ctx *ctx = iommufd_ctx_of(call);
	struct iommufd_ioas *ioas;
	int rc;

	if (cmd->flags)
		return -EOPNOTSUPP;
	ioas = iommufd_object_new(ctx, sizeof(*ioas), IOMMUFD_IOAS, ioas_destroy);
	if (!ioas)
		return -ENOMEM;
	ioas->ctx = ctx;
	iopt_init(&ioas->iopt, ctx->file.kernel);
	cmd->out_ioas_id = ioas->object.id;
	rc = ioctl_respond(call);
	if (rc) {
		iommufd_abort(ctx, &ioas->object, call->task.self, true);
		return rc;
	}
	down_read(call->task.self, &ctx->ioas_creation);
	iommufd_publish(ctx, &ioas->object);
	up_read(&ctx->ioas_creation);
	return 0;
}

/* Write what fits of the ranges that are not reserved, and count them all. */
static int list_ranges(struct ioctl_call *call, const struct io_pagetable *iopt)
{
	struct iommu_ioas_iova_ranges *cmd = (void *)call->cmd;
	uint64_t first = 0, last;
	uint32_t room = cmd->num_iovas;

	cmd->num_iovas = 0;
	cmd->out_iova_alignment = iopt->alignment;
	while (iopt_ranges_hole(&iopt->reserved, &first, &last)) {
		struct iommu_iova_range range = {.start = first, .last = last};

		if (cmd->num_iovas < room &&
		    user_copy_to(&call->task, cmd->allowed_iovas + cmd->num_iovas * sizeof(range),
				 &range, sizeof(range)))
			return -EFAULT;
		cmd->num_iovas++;
		if (last == UINT64_MAX)
			break;
		first = last + 1;
	}
	if (ioctl_respond(call))
		return -EFAULT;
	return cmd->num_iovas > room ? -EMSGSIZE : 0;
}

int iommufd_ioas_iova_ranges(struct ioctl_call *call)
{
	const struct iommu_ioas_iova_ranges *cmd = (const void *)call->cmd;
	struct iommufd_ctx *ctx = iommufd_ctx_of(call);
	struct iommufd_ioas *ioas;
	int rc;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	ioas = iommufd_object_get(ctx, cmd->ioas_id, IOMMUFD_IOAS);
	if (!ioas)
		return -ENOENT;
	down_read(call->task.self, &ioas->iopt.iova);
	rc = list_ranges(call, &ioas->iopt);
	up_read(&ioas->iopt.iova);
	iommufd_object_put(ctx, &ioas->object);
	return rc;
}

static int load_allowed(struct ioctl_call *call, struct iopt_ranges *allowed)
{
	const struct iommu_ioas_allow_iovas *cmd = (const void *)call->cmd;

	for (uint32_t i = 0; i < cmd->num_iovas; i++) {
		struct iommu_iova_range range;
		int rc;

		if (user_copy_from(&call->task, &range, cmd->allowed_iovas + i * sizeof(range),
				   sizeof(range)))
			return -EFAULT;
		if (range.start >= range.last || iopt_ranges_meet(allowed, range.start, range.last))
			return -EINVAL;
		rc = iopt_ranges_add(allowed, range.start, range.last, NULL);
		if (rc)
			return rc;
	}
	return 0;
}

/* Take the new ranges unless one is reserved; the old or the refused ones are left in *allowed. */
static int swap_allowed(struct io_pagetable *iopt, struct iopt_ranges *allowed)
{
	struct iopt_ranges old = iopt->allowed;

	for (uint32_t i = 0; i < allowed->count; i++) {
		if (iopt_ranges_meet(&iopt->reserved, allowed->range[i].first,
				     allowed->range[i].last))
			return -EADDRINUSE;
	}
	iopt->allowed = *allowed;
	*allowed = old;
	return 0;
}

int iommufd_ioas_allow_iovas(struct ioctl_call *call)
{
	const struct iommu_ioas_allow_iovas *cmd = (const void *)call->cmd;
	struct iommufd_ctx *ctx = iommufd_ctx_of(call);
	struct iopt_ranges allowed = {0};
	struct iommufd_ioas *ioas;
	int rc;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	ioas = iommufd_object_get(ctx, cmd->ioas_id, IOMMUFD_IOAS);
	if (!ioas)
		return -ENOENT;
	rc = load_allowed(call, &allowed);
	if (!rc) {
		down_write(call->task.self, &ioas->iopt.iova);
		rc = swap_allowed(&ioas->iopt, &allowed);
		up_write(&ioas->iopt.iova);
	}
	iopt_ranges_free(&allowed);
	iommufd_object_put(ctx, &ioas->object);
	return rc;
}

static uint32_t map_prot(uint32_t flags)
{
	return (flags & IOMMU_IOAS_MAP_WRITEABLE ? SMMU_PROT_WRITE : 0) |
	       (flags & IOMMU_IOAS_MAP_READABLE ? SMMU_PROT_READ : 0);
}

/* Map one piece of `pages`, whose reference is used up. */
static int map_pages(struct iommufd_ctx *ctx, struct iommufd_ioas *ioas, struct actor *self,
		     struct iopt_pages *pages, uint64_t start_byte, uint64_t length, uint32_t flags,
		     uint64_t *iova)
{
	struct iopt_piece piece = {.pages = pages, .start_byte = start_byte, .length = length};
	int rc;

	if (ctx->account_mm && pages->account == ACCOUNT_USER)
		pages->account = ACCOUNT_MM;
	rc = iopt_map(&ioas->iopt, self, &piece, 1, iova, map_prot(flags),
		      !(flags & IOMMU_IOAS_MAP_FIXED_IOVA));
	if (rc)
		iopt_pages_put(pages, self);
	return rc;
}

/* What MAP and MAP_FILE check before they look anything up. */
static int check_map(uint32_t flags, uint64_t iova, uint64_t length)
{
	if (iova == UINT64_MAX || length == UINT64_MAX)
		return -EOVERFLOW;
	return map_prot(flags) ? 0 : -EINVAL;
}

int iommufd_ioas_map(struct ioctl_call *call)
{
	struct iommu_ioas_map *cmd = (void *)call->cmd;
	struct iommufd_ctx *ctx = iommufd_ctx_of(call);
	struct iopt_pages *pages;
	struct iommufd_ioas *ioas;
	uint64_t iova = cmd->iova;
	int rc;

	if ((cmd->flags & ~MAP_FLAGS) || cmd->__reserved)
		return -EOPNOTSUPP;
	rc = check_map(cmd->flags, cmd->iova, cmd->length);
	if (rc)
		return rc;
	ioas = iommufd_object_get(ctx, cmd->ioas_id, IOMMUFD_IOAS);
	if (!ioas)
		return -ENOENT;
	rc = iopt_pages_user(call->task.process, cmd->user_va, cmd->length,
			     cmd->flags & IOMMU_IOAS_MAP_WRITEABLE, &pages);
	if (!rc)
		rc = map_pages(ctx, ioas, call->task.self, pages, cmd->user_va % PAGE_BYTES,
			       cmd->length, cmd->flags, &iova);
	if (!rc) {
		cmd->iova = iova;
		rc = ioctl_respond(call);
	}
	iommufd_object_put(ctx, &ioas->object);
	return rc;
}

static int file_pages(struct ioctl_call *call, struct iopt_pages **pages)
{
	const struct iommu_ioas_map_file *cmd = (const void *)call->cmd;
	struct uapi_file *file;

	if (!cmd->length)
		return -EINVAL;
	if (cmd->start + (cmd->length - 1) < cmd->start)
		return -EOVERFLOW;
	file = process_file(call->task.process, cmd->fd);
	if (!file)
		return -EBADF;
	return iopt_pages_file(call->task.process, file, cmd->start, cmd->length,
			       cmd->flags & IOMMU_IOAS_MAP_WRITEABLE, pages);
}

int iommufd_ioas_map_file(struct ioctl_call *call)
{
	struct iommu_ioas_map_file *cmd = (void *)call->cmd;
	struct iommufd_ctx *ctx = iommufd_ctx_of(call);
	struct iopt_pages *pages;
	struct iommufd_ioas *ioas;
	uint64_t iova = cmd->iova;
	int rc;

	if (cmd->flags & ~MAP_FLAGS)
		return -EOPNOTSUPP;
	rc = check_map(cmd->flags, cmd->iova, cmd->length);
	if (rc)
		return rc;
	ioas = iommufd_object_get(ctx, cmd->ioas_id, IOMMUFD_IOAS);
	if (!ioas)
		return -ENOENT;
	rc = file_pages(call, &pages);
	if (!rc)
		rc = map_pages(ctx, ioas, call->task.self, pages, cmd->start % PAGE_BYTES,
			       cmd->length, cmd->flags, &iova);
	if (!rc) {
		cmd->iova = iova;
		rc = ioctl_respond(call);
	}
	iommufd_object_put(ctx, &ioas->object);
	return rc;
}

static void put_pieces(struct iopt_piece *piece, uint32_t pieces, struct actor *self)
{
	for (uint32_t i = 0; i < pieces; i++)
		iopt_pages_put(piece[i].pages, self);
	free(piece);
}

/* The pieces that [iova, iova + length) of an address space is made of. -ENOENT: it has a hole. */
static int get_pieces(struct io_pagetable *iopt, uint64_t iova, uint64_t length,
		      struct iopt_piece **piece, uint32_t *pieces)
{
	uint64_t last = iova + (length - 1);
	struct iopt_area *area;

	if (iopt_contiguous(iopt, iova, last) != length)
		return -ENOENT;
	*piece = calloc(iopt->areas, sizeof(**piece));
	if (!*piece)
		return -ENOMEM;
	for (area = iopt_area_first(iopt, iova, last); area && area->iova <= last;
	     area = iopt_area_next(iopt, area)) {
		struct iopt_piece *one = &(*piece)[(*pieces)++];
		uint64_t from = MAX(iova, area->iova);

		one->pages = area->pages;
		one->start_byte = area->start_byte + (from - area->iova);
		one->length = MIN(last, area->last) - from + 1;
		iopt_pages_get(one->pages);
	}
	return 0;
}

static int copy_source(struct ioctl_call *call, struct iopt_piece **piece, uint32_t *pieces)
{
	const struct iommu_ioas_copy *cmd = (const void *)call->cmd;
	struct iommufd_ctx *ctx = iommufd_ctx_of(call);
	struct iommufd_ioas *source = iommufd_object_get(ctx, cmd->src_ioas_id, IOMMUFD_IOAS);
	int rc;

	if (!source)
		return -ENOENT;
	if (!cmd->length) {
		rc = -EINVAL;
	} else if (cmd->src_iova + (cmd->length - 1) < cmd->src_iova) {
		rc = -EOVERFLOW;
	} else {
		down_read(call->task.self, &source->iopt.iova);
		rc = get_pieces(&source->iopt, cmd->src_iova, cmd->length, piece, pieces);
		up_read(&source->iopt.iova);
	}
	iommufd_object_put(ctx, &source->object);
	return rc;
}

static int copy_to(struct ioctl_call *call, struct iopt_piece *piece, uint32_t pieces)
{
	struct iommu_ioas_copy *cmd = (void *)call->cmd;
	struct iommufd_ctx *ctx = iommufd_ctx_of(call);
	struct iommufd_ioas *target = iommufd_object_get(ctx, cmd->dst_ioas_id, IOMMUFD_IOAS);
	uint64_t iova = cmd->dst_iova;
	int rc;

	if (!target) {
		put_pieces(piece, pieces, call->task.self);
		return -ENOENT;
	}
	rc = iopt_map(&target->iopt, call->task.self, piece, pieces, &iova, map_prot(cmd->flags),
		      !(cmd->flags & IOMMU_IOAS_MAP_FIXED_IOVA));
	if (rc) {
		put_pieces(piece, pieces, call->task.self);
	} else {
		free(piece); /* the references are the areas' now */
		cmd->dst_iova = iova;
		rc = ioctl_respond(call);
	}
	iommufd_object_put(ctx, &target->object);
	return rc;
}

int iommufd_ioas_copy(struct ioctl_call *call)
{
	const struct iommu_ioas_copy *cmd = (const void *)call->cmd;
	struct iopt_piece *piece = NULL;
	uint32_t pieces = 0;
	int rc;

	if (cmd->flags & ~MAP_FLAGS)
		return -EOPNOTSUPP;
	if (cmd->length == UINT64_MAX || cmd->src_iova == UINT64_MAX || cmd->dst_iova == UINT64_MAX)
		return -EOVERFLOW;
	if (!map_prot(cmd->flags))
		return -EINVAL;
	rc = copy_source(call, &piece, &pieces);
	return rc ? rc : copy_to(call, piece, pieces);
}

static int unmap_range(struct iommufd_ioas *ioas, struct actor *self, uint64_t iova,
		       uint64_t length, uint64_t *unmapped)
{
	int rc;

	if (iova == 0 && length == UINT64_MAX)
		return iopt_unmap(&ioas->iopt, self, 0, UINT64_MAX, unmapped);
	if (iova == UINT64_MAX || length == UINT64_MAX)
		return -EOVERFLOW;
	if (!length)
		return -EINVAL;
	if (iova + (length - 1) < iova)
		return -EOVERFLOW;
	rc = iopt_unmap(&ioas->iopt, self, iova, iova + (length - 1), unmapped);
	/* Only "everything" may be nothing. */
	return rc ? rc : *unmapped ? 0 : -ENOENT;
}

int iommufd_ioas_unmap(struct ioctl_call *call)
{
	struct iommu_ioas_unmap *cmd = (void *)call->cmd;
	struct iommufd_ctx *ctx = iommufd_ctx_of(call);
	struct iommufd_ioas *ioas = iommufd_object_get(ctx, cmd->ioas_id, IOMMUFD_IOAS);
	uint64_t unmapped;
	int rc;

	if (!ioas)
		return -ENOENT;
	rc = unmap_range(ioas, call->task.self, cmd->iova, cmd->length, &unmapped);
	if (!rc) {
		cmd->length = unmapped;
		rc = ioctl_respond(call);
	}
	iommufd_object_put(ctx, &ioas->object);
	return rc;
}
