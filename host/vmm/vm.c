/* SPDX-License-Identifier: Apache-2.0 */
#include "host/vmm/vm_internal.h"

#include "base/trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int vm_create(const struct vm_cfg *cfg, const struct vm_env *env, struct actor *self,
	      struct vm **out)
{
	struct vm *vm;
	int ret;

	if (!cfg->ram_bytes || (cfg->ram_bytes | cfg->ram_base) % DRAM_PAGE_SIZE)
		return -EINVAL;
	vm = calloc(1, sizeof(*vm));
	if (!vm)
		return -ENOMEM;
	vm->cfg = *cfg;
	vm->env = *env;
	snprintf(vm->name, sizeof(vm->name), "%s", cfg->name);
	vm->cfg.name = vm->name;
	ret = dirty_log_init(&vm->log, vm_pages(vm));
	if (ret)
		goto fail_log;
	vm->process = uapi_process_create(env->kernel, vm->name, &uapi_user_ops_direct, NULL);
	if (vm->process && env->program)
		env->program(env->program_ctx, vm->process);
	ret = vm->process ? vm_open_all(vm, self) : -ENOMEM;
	if (ret)
		goto fail_open;
	*out = vm;
	return 0;
fail_open:
	vm_quit(vm, self);
	dirty_log_fini(&vm->log);
fail_log:
	free(vm);
	return ret;
}

void vm_quit(struct vm *vm, struct actor *self)
{
	vm_tracking_quit(vm, self);
	if (vm->process)
		uapi_process_exit(vm->process, self);
	vm->process = NULL;
	vm_spaces_free(vm);
}

void vm_destroy(struct vm *vm, struct actor *self)
{
	if (!vm)
		return;
	if (vm->guest && vm->running)
		guest_pause(vm->guest, self);
	vm_quit(vm, self);
	dirty_log_fini(&vm->log);
	free(vm);
}

void vm_set_guest(struct vm *vm, struct guest *guest)
{
	vm->guest = guest;
	if (!guest)
		return;
	guest->part.host = vm->env.part.host;
	guest_attach(guest, vm, &vm_machine_ops);
	vm_deliver_pending(vm);
}

/* The state that lies between RUNNING and STOP, where the device offers it. */
static int set_quiet(struct vm *vm, struct actor *self, uint32_t recover)
{
	if (!(vm->migration_flags & VFIO_MIGRATION_P2P))
		return 0;
	return vm_set_device_state(vm, self, VFIO_DEVICE_STATE_RUNNING_P2P, recover, NULL);
}

int vm_start(struct vm *vm, struct actor *self)
{
	int ret = 0;

	if (vm->migration_flags) {
		ret = set_quiet(vm, self, VFIO_DEVICE_STATE_ERROR);
		if (!ret)
			ret = vm_set_device_state(vm, self, VFIO_DEVICE_STATE_RUNNING,
						  VFIO_DEVICE_STATE_ERROR, NULL);
	}
	if (ret)
		return ret;
	vm->running = true;
	trace_emit(&vm->env.part, TRACE_VM_STATE, vm->cfg.number, 1);
	if (vm->guest)
		guest_run(vm->guest);
	return 0;
}

int vm_stop(struct vm *vm, struct actor *self)
{
	int ret;

	if (vm->guest)
		guest_pause(vm->guest, self);
	vm->running = false;
	trace_emit(&vm->env.part, TRACE_VM_STATE, vm->cfg.number, 0);
	if (!vm->migration_flags)
		return 0;
	ret = set_quiet(vm, self, VFIO_DEVICE_STATE_STOP);
	return ret ? ret
		   : vm_set_device_state(vm, self, VFIO_DEVICE_STATE_STOP, VFIO_DEVICE_STATE_ERROR,
					 NULL);
}

bool vm_running(const struct vm *vm)
{
	return vm->running;
}

int vm_reset_device(struct vm *vm, struct actor *self)
{
	int ret = uapi_ioctl(vm->process, self, vm->device, VFIO_DEVICE_RESET, NULL);

	return ret < 0 ? ret : 0;
}

struct uapi_process *vm_process(struct vm *vm)
{
	return vm->process;
}

int vm_device_fd(const struct vm *vm)
{
	return vm->device;
}

const struct vm_cfg *vm_cfg_get(const struct vm *vm)
{
	return &vm->cfg;
}

struct dram *vm_dram(const struct vm *vm)
{
	return vm->env.dram;
}

void vm_dirty_log_enable(struct vm *vm, bool enable)
{
	dirty_log_enable(&vm->log, enable);
}

uint64_t vm_dirty_log_read(struct vm *vm, uint64_t *bitmap)
{
	return dirty_log_read(&vm->log, bitmap);
}
