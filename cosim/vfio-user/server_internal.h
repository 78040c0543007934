/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_COSIM_VFIO_USER_SERVER_INTERNAL_H
#define VFSIM_COSIM_VFIO_USER_SERVER_INTERNAL_H

/*
 * What the server's files share. A device has at most one client; all that is the client's
 * (struct vfu_client_state, maps, eventfds) goes with it, in one place: device_drop.
 */

#include "cosim/vfio-user/server.h"
#include "cosim/vfio-user/transport_internal.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- The loop --- */

/* Something that epoll tells of; `fd` -1: not watched. */
struct vfu_source {
	void (*ready)(struct vfu_source *source, uint32_t events);
	int fd;
	uint32_t events;
};

struct vfu_watch {
	struct vfu_source source;
	struct vfu_server *server;
	void (*ready)(void *ctx, short revents);
	void *ctx;
	struct vfu_watch *next;
};

struct vfu_server {
	struct vfu_server_cfg cfg;
	int epoll;
	struct vfu_device *devices;
	struct vfu_watch *watches;
	uint64_t handled;   /* what vfu_server_wait returns */
	uint64_t lost_seen; /* of vfu_guard_lost */
	bool dead_watches;
};

/* Watch `fd`, or change what for. -errno. */
int vfu_source_set(struct vfu_server *server, struct vfu_source *source, int fd, uint32_t events);
void vfu_source_clear(struct vfu_server *server, struct vfu_source *source);

/* --- Memory --- */

/*
 * A window onto a client's file. If the client makes the file shorter, an access to what is gone
 * finds zeros in its place instead of ending this process, and `lost` is set.
 */
struct vfu_guard {
	uint8_t *start;
	size_t bytes, block; /* the file's pages */
	int prot;
	volatile bool lost;
	struct vfu_guard *next;
};
void vfu_guard_add(struct vfu_guard *guard);
void vfu_guard_remove(struct vfu_guard *guard);
/* How often that happened in this process. */
uint64_t vfu_guard_lost(void);

struct vfu_window {
	struct vfu_dma_map map;
	struct vfu_guard guard; /* the mapping; not in use without a file descriptor */
};

/* --- Interrupts --- */

struct vfu_vector {
	int eventfd; /* -1: none */
	bool may_block, masked, pending;
};

struct vfu_irq {
	struct vfu_irq_cfg cfg;
	struct vfu_vector *vector;
};

/* An eventfd by which the client masks or unmasks INTx. */
struct vfu_irqfd {
	struct vfu_source source;
	struct vfu_device *device;
	bool mask;
};

/* --- A device --- */

/* What the client can take. */
struct vfu_agreed {
	bool version;
	bool write_multiple, twin_socket;
	uint64_t msg_fds, data_bytes;
};

/* A command of ours that the client is to reply to. */
struct vfu_command {
	struct vfu_command *next;
	uint16_t id, command;
	uint32_t len_bytes;
	void (*written)(void *ctx, int error);
	void (*read)(void *ctx, int error, const void *data);
	void *ctx;
};

/* The command of the client that the device has not answered. */
struct vfu_open {
	bool open;
	bool left;   /* by the client */
	bool within; /* the op is being called */
	int error;
	struct vfio_user_header header;
	struct vfu_access access;
	void (*perform)(void *ctx, struct vfu_access *access);
	uint8_t *payload;             /* of the message, which is held */
	uint64_t writes, writes_done; /* of REGION_WRITE_MULTI: begun */
};

struct vfu_link {
	struct vfu_source source;
	struct vfu_stream stream;
	struct vfu_device *device;
};

struct vfu_device {
	struct vfu_device *next;
	struct vfu_server *server;
	char *name;
	struct vfu_device_cfg cfg; /* its pointers are ours, or NULL */
	struct vfu_device_ops ops;
	void *ctx;
	struct vfu_listener listener;
	struct vfu_source accept;
	struct vfu_counters counters;

	/* The client's. */
	struct vfu_link main, twin;
	struct vfu_agreed agreed;
	int broken; /* why it is to be dropped: an errno */
	bool more;  /* there may be messages that have come and were not handled */
	uint32_t complaints;
	struct vfu_window **window; /* by address */
	uint32_t windows, window_room;
	struct vfu_irq irq[VFU_IRQS];
	struct vfu_irqfd irqfd[2]; /* mask, unmask */
	bool intx;                 /* the level, the device's own */
	struct vfu_open open;
	struct vfu_command *commands;
	uint32_t command_count;
	uint16_t next_id;

	uint8_t *answer; /* where a reply to an access is made */
	size_t answer_bytes;
};

void vfu_log(const struct vfu_device *device, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* About what the client does; a talkative one is cut short. */
void vfu_complain(struct vfu_device *device, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The client is of no use any more: it is dropped as soon as nobody is within its messages. */
void vfu_break(struct vfu_device *device, int error);
/* Handle what has come, up to an access that stays open. */
void vfu_device_run(struct vfu_device *device);
void vfu_device_drop(struct vfu_device *device);
void vfu_device_free(struct vfu_device *device);
/* There is no client, nor anything left open of the last one: the next may come. */
void vfu_device_let_in(struct vfu_device *device);

/* --- Commands --- */

/* What a handler answers with. */
struct vfu_reply {
	struct iovec payload[2];
	uint8_t room[64]; /* for small ones */
	int fd;           /* to be sent, stays its owner's; -1: none */
	bool close_fd;    /* it has no other owner */
};

enum { VFU_LATER = -1 };

/* One command. The handler returns 0, an errno for the client, or VFU_LATER. */
struct vfu_command_row {
	const char *name;
	uint32_t min_bytes; /* of its payload */
	uint32_t max_fds;
	int (*handle)(struct vfu_device *device, struct vfu_message *message,
		      struct vfu_reply *reply);
};

int vfu_handle_version(struct vfu_device *device, struct vfu_message *message,
		       struct vfu_reply *reply);
int vfu_handle_dma_map(struct vfu_device *device, struct vfu_message *message,
		       struct vfu_reply *reply);
int vfu_handle_dma_unmap(struct vfu_device *device, struct vfu_message *message,
			 struct vfu_reply *reply);
int vfu_handle_device_info(struct vfu_device *device, struct vfu_message *message,
			   struct vfu_reply *reply);
int vfu_handle_region_info(struct vfu_device *device, struct vfu_message *message,
			   struct vfu_reply *reply);
int vfu_handle_region_io_fds(struct vfu_device *device, struct vfu_message *message,
			     struct vfu_reply *reply);
int vfu_handle_irq_info(struct vfu_device *device, struct vfu_message *message,
			struct vfu_reply *reply);
int vfu_handle_set_irqs(struct vfu_device *device, struct vfu_message *message,
			struct vfu_reply *reply);
int vfu_handle_region_read(struct vfu_device *device, struct vfu_message *message,
			   struct vfu_reply *reply);
int vfu_handle_region_write(struct vfu_device *device, struct vfu_message *message,
			    struct vfu_reply *reply);
int vfu_handle_write_multi(struct vfu_device *device, struct vfu_message *message,
			   struct vfu_reply *reply);
int vfu_handle_reset(struct vfu_device *device, struct vfu_message *message,
		     struct vfu_reply *reply);
int vfu_handle_feature(struct vfu_device *device, struct vfu_message *message,
		       struct vfu_reply *reply);
int vfu_handle_data_read(struct vfu_device *device, struct vfu_message *message,
			 struct vfu_reply *reply);
int vfu_handle_data_write(struct vfu_device *device, struct vfu_message *message,
			  struct vfu_reply *reply);

/* A message of the client's; it is consumed unless the access it began stays open. */
void vfu_dispatch(struct vfu_device *device, struct vfu_link *link, struct vfu_message *message);
/* Reply to the command of `header`, or with an error. */
void vfu_reply(struct vfu_device *device, const struct vfio_user_header *header, int error,
	       const struct vfu_reply *reply);
/* A small reply: a copy of `bytes` at `data`. */
int vfu_reply_copy(struct vfu_reply *reply, const void *data, size_t bytes);
void vfu_reply_clear(struct vfu_reply *reply);

/* A reply to a command of ours. */
void vfu_command_replied(struct vfu_device *device, const struct vfu_message *message);
/* The client goes: whoever waits for a reply hears of it. */
void vfu_commands_fail(struct vfu_device *device);

/* Of a client that goes. */
void vfu_windows_drop(struct vfu_device *device);
void vfu_irqs_drop(struct vfu_device *device);
/* If one was lost: the client is broken. */
void vfu_windows_check(struct vfu_device *device);

/* The vectors of a device. -ENOMEM. */
int vfu_irqs_init(struct vfu_device *device);
void vfu_irqs_fini(struct vfu_device *device);

#ifdef __cplusplus
}
#endif
#endif
