/* SPDX-License-Identifier: Apache-2.0 */
/* Error logging of functions (PCI Express Base Specification, 6.2.5; VFs: 9.4.2). */
#include "model/pcie/aer.h"

#include "model/pcie/bridge_internal.h"
#include "model/pcie/device_internal.h"

/* What an endpoint of ours can detect; a VF has only what is a function's own (9.4.2.1). */
#define FUNCTION_ERRORS                                                                            \
	(BIT(AER_POISONED) | BIT(AER_COMPLETION_TIMEOUT) | BIT(AER_COMPLETER_ABORT) |              \
	 BIT(AER_UNEXPECTED) | BIT(AER_UNSUPPORTED))
#define ALL_ERRORS  (FUNCTION_ERRORS | BIT(AER_DATA_LINK) | BIT(AER_OVERFLOW) | BIT(AER_MALFORMED))
#define ROOT_ERRORS (ALL_ERRORS | BIT(AER_ACS_VIOLATION) | BIT(AER_SURPRISE_DOWN))
#define FATAL_BY_DEFAULT                                                                           \
	(BIT(AER_DATA_LINK) | BIT(AER_OVERFLOW) | BIT(AER_MALFORMED) | BIT(AER_SURPRISE_DOWN))
#define ALL_CORRECTABLE (BIT(AER_BAD_TLP) | BIT(AER_REPLAY_TIMEOUT) | BIT(AER_ADVISORY))

#define AER_STATUS(register, place, bits)                                                          \
	{                                                                                          \
		.name = (register), .offset = (place), .size = 4, .w1c = (bits), .sticky = (bits)  \
	}
#define AER_ROOT_ROW(register, place)                                                              \
	.name = (register), .offset = (place), .size = 4, .on_write = pcie_bridge_written
#define AER_CHOICE(register, place, bits, value)                                                   \
	{                                                                                          \
		.name = (register), .offset = (place), .size = 4, .reset = (value), .rw = (bits),  \
		.sticky = (bits)                                                                   \
	}
/* No ECRC, one header: of the capabilities and control register the pointer alone. */
#define AER_LOGS                                                                                   \
	{.name = "AER_CAPABILITIES_CONTROL",                                                       \
	 .offset = AER_CONTROL,                                                                    \
	 .size = 4,                                                                                \
	 .ro = AER_FIRST_ERROR,                                                                    \
	 .sticky = AER_FIRST_ERROR},                                                               \
	{                                                                                          \
		.name = "AER_HEADER_LOG", .offset = AER_HEADER_LOG, .size = 4, .count = 4,         \
		.stride = 4, .ro = BITS(31, 0), .sticky = BITS(31, 0)                              \
	}
#define AER_HEADER                                                                                 \
	{                                                                                          \
		.name = "AER_HEADER", .size = 4, .ro = BITS(31, 0)                                 \
	}
#define AER_COMMON(uncorrectable)                                                                  \
	AER_HEADER, AER_STATUS("AER_UNCORRECTABLE_STATUS", AER_UNCORRECTABLE, uncorrectable),      \
		AER_CHOICE("AER_UNCORRECTABLE_MASK", AER_UNCORRECTABLE_MASK, uncorrectable, 0),    \
		AER_CHOICE("AER_UNCORRECTABLE_SEVERITY", AER_SEVERITY, uncorrectable,              \
			   (uncorrectable)&FATAL_BY_DEFAULT),                                      \
		AER_STATUS("AER_CORRECTABLE_STATUS", AER_CORRECTABLE, ALL_CORRECTABLE),            \
		AER_CHOICE("AER_CORRECTABLE_MASK", AER_CORRECTABLE_MASK, ALL_CORRECTABLE,          \
			   BIT(AER_ADVISORY)),                                                     \
		AER_LOGS

static const struct reg_row aer_pf_rows[] = {AER_COMMON(ALL_ERRORS)};

const struct pcie_capability_regs pcie_aer_pf_regs = {
	.row = aer_pf_rows,
	.rows = ARRAY_LEN(aer_pf_rows),
};

/* Masks and severities are the PF's: here they are reserved (9.4.2.2 to 9.4.2.5). */
static const struct reg_row aer_vf_rows[] = {
	AER_HEADER,
	AER_STATUS("AER_UNCORRECTABLE_STATUS", AER_UNCORRECTABLE, FUNCTION_ERRORS),
	AER_STATUS("AER_CORRECTABLE_STATUS", AER_CORRECTABLE, BIT(AER_ADVISORY)),
	AER_LOGS,
};

const struct pcie_capability_regs pcie_aer_vf_regs = {
	.row = aer_vf_rows,
	.rows = ARRAY_LEN(aer_vf_rows),
};

/* An upstream port has no access control, and no link below. */
static const struct reg_row aer_upstream_rows[] = {AER_COMMON(ALL_ERRORS)};

const struct pcie_capability_regs pcie_aer_upstream_regs = {
	.row = aer_upstream_rows,
	.rows = ARRAY_LEN(aer_upstream_rows),
};

static const struct reg_row aer_downstream_rows[] = {AER_COMMON(ROOT_ERRORS)};

const struct pcie_capability_regs pcie_aer_downstream_regs = {
	.row = aer_downstream_rows,
	.rows = ARRAY_LEN(aer_downstream_rows),
};

#define ROOT_STATUS_W1C BITS(6, 0)

/* The root port's has three more, section 7.8.4.9 ff. */
static const struct reg_row aer_root_rows[] = {
	AER_COMMON(ROOT_ERRORS),
	{AER_ROOT_ROW("AER_ROOT_COMMAND", AER_ROOT_COMMAND), .rw = BITS(2, 0)},
	{AER_ROOT_ROW("AER_ROOT_STATUS", AER_ROOT_STATUS), .w1c = ROOT_STATUS_W1C,
	 .sticky = ROOT_STATUS_W1C},
	{.name = "AER_ERROR_SOURCE",
	 .offset = AER_ROOT_SOURCE,
	 .size = 4,
	 .ro = BITS(31, 0),
	 .sticky = BITS(31, 0)},
};

const struct pcie_capability_regs pcie_aer_root_regs = {
	.row = aer_root_rows,
	.rows = ARRAY_LEN(aer_root_rows),
};

/* ---- logging ---- */

static const struct {
	uint8_t bit;
	bool correctable;
	bool link;   /* never a VF's */
	bool header; /* logs one (table 6-5) */
	uint64_t status;
	uint64_t device; /* beyond the detected bit of its class */
} errors[PCIE_ERRORS] = {
	[PCIE_ERROR_POISONED] = {AER_POISONED, .header = true, .status = STATUS_POISONED},
	[PCIE_ERROR_COMPLETION_TIMEOUT] = {AER_COMPLETION_TIMEOUT},
	[PCIE_ERROR_COMPLETER_ABORT] = {AER_COMPLETER_ABORT, .header = true,
					.status = STATUS_SIGNALED_TA},
	[PCIE_ERROR_UNEXPECTED_COMPLETION] = {AER_UNEXPECTED, .header = true},
	[PCIE_ERROR_MALFORMED] = {AER_MALFORMED, .link = true, .header = true},
	[PCIE_ERROR_UNSUPPORTED_REQUEST] = {AER_UNSUPPORTED, .header = true,
					    .device = DEVSTA_UNSUPPORTED},
	[PCIE_ERROR_ACS_VIOLATION] = {AER_ACS_VIOLATION, .header = true},
	[PCIE_ERROR_SURPRISE_DOWN] = {AER_SURPRISE_DOWN},
	[PCIE_ERROR_DATA_LINK] = {AER_DATA_LINK, .link = true},
	[PCIE_ERROR_RECEIVER_OVERFLOW] = {AER_OVERFLOW, .link = true},
	[PCIE_ERROR_BAD_TLP] = {AER_BAD_TLP, .link = true, .correctable = true},
	[PCIE_ERROR_REPLAY_TIMEOUT] = {AER_REPLAY_TIMEOUT, .link = true, .correctable = true},
};

/* Where one kind of function has what logging needs. */
struct site {
	struct regs *regs;
	uint32_t aer, pcie; /* its capabilities */
};

static uint64_t get(const struct site *site, uint32_t offset)
{
	return regs_get(site->regs, site->regs->index->lookup[offset / 4] - 1u, 0);
}

static void set(const struct site *site, uint32_t offset, uint64_t value)
{
	regs_set(site->regs, site->regs->index->lookup[offset / 4] - 1u, 0, value);
}

static void set_bits(const struct site *site, uint32_t offset, uint64_t bits)
{
	set(site, offset, get(site, offset) | bits);
}

static bool is_set(const struct site *site, uint32_t offset, uint64_t bits)
{
	return get(site, offset) & bits;
}

/* The first error's number and header stay until software clears its status bit (6.2.4.2). */
static void log_first(const struct site *own, const struct pcie_error *error)
{
	uint32_t bit = errors[error->kind].bit,
		 row = own->regs->index->lookup[(own->aer + AER_HEADER_LOG) / 4];

	set(own, own->aer + AER_CONTROL, bit);
	for (uint32_t i = 0; i < ARRAY_LEN(error->header) && errors[error->kind].header; i++)
		regs_set(own->regs, row - 1u, i, error->header[i]);
}

/* Into the uncorrectable status. True: it is not masked. */
static bool log_uncorrectable(const struct site *own, const struct site *rules,
			      const struct pcie_error *error)
{
	uint64_t bit = BIT(errors[error->kind].bit);
	uint64_t first = get(own, own->aer + AER_CONTROL) & AER_FIRST_ERROR;
	bool taken = is_set(own, own->aer + AER_UNCORRECTABLE, BIT(first));
	bool masked = is_set(rules, rules->aer + AER_UNCORRECTABLE_MASK, bit);

	set_bits(own, own->aer + AER_UNCORRECTABLE, bit);
	if (!masked && !taken)
		log_first(own, error);
	return !masked;
}

static enum pcie_error_message log_correctable(const struct site *own, const struct site *rules,
					       uint64_t bit)
{
	set_bits(own, own->pcie + PCIE_DEVCTL, DEVSTA_CORRECTABLE);
	set_bits(own, own->aer + AER_CORRECTABLE, bit);
	if (is_set(rules, rules->aer + AER_CORRECTABLE_MASK, bit) ||
	    !is_set(rules, rules->pcie + PCIE_DEVCTL, DEVCTL_CORRECTABLE))
		return PCIE_ERR_NONE;
	return PCIE_ERR_COR;
}

/* Advisory: as a correctable error, and logged further only where software unmasked those. */
static enum pcie_error_message log_advisory(const struct site *own, const struct site *rules,
					    const struct pcie_error *error)
{
	enum pcie_error_message message = log_correctable(own, rules, BIT(AER_ADVISORY));
	bool ur = errors[error->kind].device;

	if (is_set(rules, rules->aer + AER_CORRECTABLE_MASK, BIT(AER_ADVISORY)) ||
	    !log_uncorrectable(own, rules, error))
		return PCIE_ERR_NONE;
	return ur && !is_set(rules, rules->pcie + PCIE_DEVCTL, DEVCTL_UNSUPPORTED) ? PCIE_ERR_NONE
										   : message;
}

/*
 * May the message go? SERR# Enable does what the reporting enables do, but an
 * Unsupported Request has one of its own besides (figure 6-2). A VF has no SERR# Enable.
 */
static bool reports(const struct site *rules, const struct pcie_error *error, bool fatal)
{
	uint64_t enable = fatal ? DEVCTL_FATAL : DEVCTL_NON_FATAL;

	if (is_set(rules, CFG_COMMAND, COMMAND_SERR))
		return true;
	return is_set(rules, rules->pcie + PCIE_DEVCTL, enable) &&
	       (error->kind != PCIE_ERROR_UNSUPPORTED_REQUEST ||
		is_set(rules, rules->pcie + PCIE_DEVCTL, DEVCTL_UNSUPPORTED));
}

static enum pcie_error_message log_error(const struct site *own, const struct site *rules,
					 const struct pcie_error *error)
{
	uint64_t bit = BIT(errors[error->kind].bit);
	bool fatal;

	if (errors[error->kind].correctable)
		return log_correctable(own, rules, bit);
	fatal = is_set(rules, rules->aer + AER_SEVERITY, bit);
	set_bits(own, CFG_COMMAND, errors[error->kind].status);
	set_bits(own, own->pcie + PCIE_DEVCTL, errors[error->kind].device);
	if (error->advisory && !fatal)
		return log_advisory(own, rules, error);
	set_bits(own, own->pcie + PCIE_DEVCTL, fatal ? DEVSTA_FATAL : DEVSTA_NON_FATAL);
	if (!log_uncorrectable(own, rules, error) || !reports(rules, error, fatal))
		return PCIE_ERR_NONE;
	if (is_set(rules, CFG_COMMAND, COMMAND_SERR))
		set_bits(own, CFG_COMMAND, STATUS_SIGNALED_ERROR);
	return fatal ? PCIE_ERR_FATAL : PCIE_ERR_NONFATAL;
}

enum pcie_error_message pcie_aer_log(struct pcie_function *fn, const struct pcie_error *error)
{
	struct pcie_function *pf = &fn->device->function[0];
	const struct site rules = {&pf->config, AT_AER, AT_PCIE};
	struct site own = rules;

	if (!errors[error->kind].link)
		own.regs = &fn->config;
	return log_error(&own, &rules, error);
}

enum pcie_error_message pcie_bridge_aer_log(struct pcie_bridge *bridge,
					    const struct pcie_error *error)
{
	const struct site site = {&bridge->config, ROOT_AT_AER, ROOT_AT_PCIE};

	return log_error(&site, &site, error);
}
