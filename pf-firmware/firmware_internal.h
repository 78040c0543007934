/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_PF_FIRMWARE_FIRMWARE_INTERNAL_H
#define VFSIM_PF_FIRMWARE_FIRMWARE_INTERNAL_H

#include "model/nic/firmware_block.h"
#include "model/nic/flow_director.h"
#include "model/nic/vlan.h"
#include "pf-firmware/firmware.h"
#include "pf-firmware/mailbox_format.h"
#include "pf-firmware/pf_command_format.h"
#include "pf-firmware/state_format.h"
#include "virtchnl/virtchnl.h"

/* A stream being loaded: it may come in parts of any size. */
struct state_load {
	uint64_t got;     /* bytes taken */
	uint64_t total;   /* from the header */
	uint32_t refused; /* STATE_REFUSED_* */
	uint32_t crc;
	uint32_t seen;     /* bit per enum state_record */
	uint32_t type;     /* record whose body comes */
	uint32_t head_got; /* bytes of header or record header in `head` */
	uint32_t body_len, body_got;
	bool in_body, done;
	uint8_t head[STATE_HEADER_BYTES];
};

/* Upper bound of a stream without padding. */
#define STATE_MAX_BYTES 16384u

struct fw_vf {
	struct firmware *fw;
	uint32_t index;
	uint8_t mac[6]; /* of the PF's driver, or the device's own */
	bool mac_by_pf;
	bool trusted;         /* it may have any address and hear what is for others */
	bool may_tag;         /* its queues may have PASIDs */
	uint32_t queue_pairs; /* that it has; resets leave them to it */
	uint32_t first_pairs; /* that it begins with, and is sure of */
	uint32_t life;        /* as struct virtchnl_vf has it */
	struct virtchnl_agreed agreed;
	bool resetting;
	struct event activate;
	struct mailbox_message asked; /* its message that is not yet written back */
	/* Forwarding: the message is with the PF's driver, or waits to get there. */
	bool with_pf, in_line;
	struct fw_vf *next_in_line;
	/* Queues that are to be drained before somebody is answered. */
	bool disable_waits;
	struct vf_queues disabling;
	/* State service. */
	uint8_t *stream; /* STATE_MAX_BYTES: being saved, or record bodies being loaded */
	uint32_t stream_len;
	bool saved; /* `stream` is whole */
	struct state_load load;
};

/* What a PF command may wait for. */
enum pf_wait {
	PF_WAITS_NOT,
	PF_WAITS_DRAIN,  /* the VF to be drained; a reset ends it, too */
	PF_WAITS_LANDED, /* writes that the VF has sent to land; no reset keeps them from it */
	PF_WAITS_QUEUES, /* queues of the VF to be drained; a reset ends it, too */
};

/* Instead of a return value: the command completes later, by command->wait. */
#define PF_LATER UINT16_MAX

/* A PF command under way; `desc` is what will be written back. */
struct pf_command {
	struct firmware *fw;
	struct fw_vf *vf;
	const struct mailbox_message *message;
	struct aq_desc desc;
	uint32_t answer_len; /* bytes of the message's buffer to write to the host */
	enum pf_wait wait;   /* with PF_LATER */
};

struct pf_row {
	uint16_t opcode;
	const char *name;
	bool for_vf; /* param0 is a VF that is enabled */
	bool state;  /* takes the time of a part of a state or log */
	uint16_t (*handle)(struct pf_command *command);
};

struct firmware {
	struct firmware_cfg cfg;
	struct nic *nic;
	struct sim *sim;
	struct fw_vf *vf;
	uint8_t *streams;
	/* The message being worked on. */
	struct event work;
	struct mailbox_message current;
	uint64_t begin_ps;
	bool busy;
	bool current_void; /* its VF was reset meanwhile */
	bool hung;         /* until the watchdog fires */
	struct event watchdog;
	/* A PF command that waits for a VF: what will be written back then. */
	enum pf_wait pf_waits;
	uint32_t pf_waits_for;
	struct aq_desc pf_desc;
	uint32_t pf_answer_len;
	/* VFs whose message waits for room in the PF's receive queue. */
	struct fw_vf *line_first, *line_last;
	bool link_news; /* that its driver is not yet told */
};

/* --- firmware.c --- */

/* Take the next message, if there is one and nothing else to do. */
void firmware_next(struct firmware *fw);
/* struct nic_firmware_ops, vf_drained */
void firmware_vf_drained(void *fw, uint32_t vf);

/* -ENOSPC: it is lost, the VF's driver does not empty its receive queue. */
int firmware_answer(struct fw_vf *vf, uint32_t opcode, int32_t status, const void *data,
		    uint32_t len_bytes);
/* What is known of the VF is another's from now on. */
void firmware_new_life(struct fw_vf *vf);
/* Back to what a VF is after reset; its filters go. */
void firmware_forget_vf(struct fw_vf *vf);

/* --- watchdog.c --- */
void watchdog_init(struct firmware *fw);

/* --- policy.c: flags are VF_POLICY_*, VIRTCHNL_*_PROMISC --- */

/* `flags`: VF_POLICY_*; rates and VLAN are those of `asked`. */
void firmware_set_policy(struct fw_vf *vf, uint32_t flags, const struct nic_vf_policy *asked);
/* As far as the VF is trusted. */
void firmware_set_promiscuous(struct fw_vf *vf, uint32_t flags);

/* May a queue of the VF have the PASID now? */
bool firmware_may_tag(const struct fw_vf *vf, uint32_t pasid);

/* --- resources.c --- */

/* Queue pairs that a VF begins with, and is sure to have. */
uint32_t resources_first_pairs(const struct firmware *fw);
/* How many the VF could have: those it has and those that no VF has or is sure of. */
uint32_t resources_most_pairs(const struct fw_vf *vf);

/* --- mailbox.c --- */

/* What virtchnl must know of the VF. */
void firmware_vf_get(const struct fw_vf *vf, struct virtchnl_vf *known);
/* The VF's message was taken: its descriptor is written back. */
void firmware_ack(struct fw_vf *vf);
/* How long the message takes. */
uint64_t mailbox_time(const struct firmware *fw, const struct mailbox_message *message);
void mailbox_handle(struct fw_vf *vf, const struct mailbox_message *message);
/* LINK_CHANGE, as the port has it. */
void mailbox_tell_link(struct fw_vf *vf);
void mailbox_tell_reset(struct fw_vf *vf);
/* A queue of the VF has drained. */
void mailbox_queues_drained(struct fw_vf *vf);

/* --- forward.c: the PF's driver answers --- */

/* The VF's message is in vf->asked. */
void forward_message(struct fw_vf *vf);
void forward_link(struct firmware *fw);
/* There may be room in the PF's receive queue. */
void forward_go_on(struct firmware *fw);
/* The VF was reset. */
void forward_forget(struct fw_vf *vf);

/* --- operation.c: what virtchnl wants done --- */

/* AQ_RC_*, or VF_OPERATION_LATER. */
uint16_t operation_do(struct fw_vf *vf, struct vf_operation *operation);
/* Is what VF_QUEUES_DISABLE waits for drained now? It is complete then. */
bool operation_queues_drained(struct fw_vf *vf);
/* Can it be what was agreed on? */
bool firmware_agreed_ok(const struct virtchnl_agreed *agreed);
/* It holds from now on, for the hardware too. */
void firmware_agree(struct fw_vf *vf, const struct virtchnl_agreed *agreed);
/* Give the VF's RSS to the hardware: after a reset, a message, a loaded state. */
void firmware_apply_rss(struct fw_vf *vf);

/* --- pf_command.c --- */

uint64_t pf_command_time(const struct firmware *fw, const struct mailbox_message *message);
void pf_command_handle(struct firmware *fw, const struct mailbox_message *message);
/* `vf` has come to what a command may have waited for: then that is complete. */
void pf_command_event(struct firmware *fw, uint32_t vf, enum pf_wait what, uint16_t retval);
/* The firmware has lost it: AQ_RC_EIO. */
void pf_command_abort(struct firmware *fw, const struct mailbox_message *message);
/* The PF was reset: nobody waits for a command any more. */
void pf_command_forget(struct firmware *fw);

uint16_t pf_rings(struct pf_command *command); /* rings.c */

/* --- vf_command.c: what a PF's driver does for a VF whose message it has --- */

extern const struct pf_row vf_rows[];
extern const uint32_t vf_row_count;

/* --- state.c: what is in a VF's state; state_stream.c: how it is carried --- */

/* One record's body, read or written by the same function. */
struct state_codec {
	uint8_t *at, *end;
	bool load;
	bool bad;     /* a loaded value that no device can have, or a body of the wrong length */
	bool no_room; /* what this device has not left now */
};

void codec_bytes(struct state_codec *codec, void *data, uint32_t len_bytes);
void codec_u32(struct state_codec *codec, uint32_t *value);
void codec_u64(struct state_codec *codec, uint64_t *value);
void codec_bool(struct state_codec *codec, bool *value);
/* A loaded value must not exceed `max`. */
void codec_index(struct state_codec *codec, uint32_t *value, uint32_t max);

struct state_record_info {
	uint32_t type;
	const char *name;
	/* Carry the record. On load with `apply` false: only check. */
	void (*carry)(struct fw_vf *vf, struct state_codec *codec, bool apply);
};

/* Can the device have such a rule? */
bool firmware_rule_ok(const struct nic *nic, const struct flow_rule *rule);

extern const struct state_record_info state_records[];
extern const uint32_t state_record_count;

uint32_t state_running_bytes(struct fw_vf *vf);
uint32_t state_total_bytes(struct fw_vf *vf);
/* Build the part that may be saved while running, or all. */
void state_save(struct fw_vf *vf, bool whole);
void state_load_begin(struct fw_vf *vf);
/* Take a part; 0 or STATE_REFUSED_*. */
uint32_t state_load_part(struct fw_vf *vf, const uint8_t *data, uint32_t len_bytes);

#endif
