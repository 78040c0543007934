/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_REFERENCE_RUN_INTERNAL_HPP
#define VFSIM_TESTBENCH_REFERENCE_RUN_INTERNAL_HPP

/*
 * One request on its way. run_configuration.cpp finds STE and CD, run_stage.cpp
 * walks tables, run_request.cpp puts both together, run_ats.cpp answers
 * translation requests, run_end.cpp says how it ended.
 */

#include "testbench/support/reference/cache.hpp"
#include "testbench/support/reference/chooser.hpp"
#include "testbench/support/reference/walk.hpp"

#include <optional>

namespace ref
{

/* What an address is translated for by stage 2, as events have it. */
struct Use {
	FaultClass fault_class = kClassIn;
	bool write = false;
	bool instruction = false, privileged = false;
};

struct Rights {
	bool read = false, write = false, execute = false;
	/* `write` only because hardware will mark the descriptor dirty. */
	bool clean = false;

	bool Any() const
	{
		return read || write || execute;
	}
};

/* The table that an address of stage 1 belongs to, and all addresses that do. */
struct Half {
	int ttb;
	uint64_t first, last;
};

/* The end of one stage: its leaf, and its output for the address. */
struct Translated {
	Found leaf;
	uint64_t input = 0, output = 0;
	bool known = false;        /* the leaf comes from a cache */
	bool waits = false;        /* it is still to be made dirty */
	std::vector<Found> tables; /* on the way, with HAFT */
};

class Run
{
public:
	Run(Memory &walked_memory, const Registers &smmu_registers, const Request &what,
	    Chooser &choices, const Cache *known);

	Outcome Do();

	/* What an SMMU that did this could know from now on. */
	std::vector<CachedStructure> learned_structures;
	std::vector<CachedTranslation> learned_translations;

private:
	struct Ended {
	};
	struct Again {
	};

	/* run_request.cpp */
	void Translate();
	void Disabled();
	void PassTranslated(uint64_t address);
	void CheckConfig();
	void Override();
	bool SubstreamSelects(); /* false: stage 1 is skipped */
	void Untranslated(bool stage1);
	void LearnBoth(Translated &first, const Translated &second);
	void LearnSecond(bool stage1, Translated &first, const Translated &second);
	void SplitStage();
	void CheckUntranslatedSize(int address_bits);
	uint64_t BypassStage1(uint64_t address);
	int EffectiveEats() const;

	/* Memory attributes, 13.4; the leaves of stages that translate. */
	MemoryTypes Incoming() const;
	MemoryTypes Leaving(const Found *first, const Found *second) const;
	/* Of the SMMU's own accesses. */
	MemoryTypes OfStreams() const;
	MemoryTypes OfCds(const Found &second) const;
	MemoryTypes OfTables(const Regime &regime, const Found *second) const;
	MemoryTypes BehindStage2(const MemoryTypes &own, const Found &second) const;

	/* run_ats.cpp */
	Rights Granted(const Rights &rights) const;
	void AnswerFromStages(bool stage1);

	/* run_configuration.cpp */
	void FindSte();
	uint64_t SteAddress();
	uint64_t L2SteAddress(const CachedStructure *known);
	void CheckSte();
	void FindCd(uint32_t index);
	uint64_t CdAddress(uint32_t index);
	uint64_t L2CdAddress(uint32_t index, bool wide, const CachedStructure *known);
	std::vector<const CachedStructure *> Known(StructureKind kind, uint32_t index) const;
	uint64_t StructureAddress(uint64_t address);
	bool ReadStructure(AccessKind kind, uint64_t address, int words,
			   const MemoryTypes &attributes, Words<8> *structure);
	void Learn(StructureKind kind, uint32_t index, int shift, const Words<8> &words,
		   bool stale);

	/* run_stage.cpp */
	Half Vmsa64Half(uint64_t address) const;
	Half LpaeHalf(uint64_t address);
	uint64_t WithoutTag(uint64_t address, int ttb) const;
	void ShapeStage1(Regime &regime, const Half &half) const;
	void ShapeStage2(Regime &regime) const;
	Regime Stage1Regime(const Half &half) const;
	Regime Stage2Regime() const;
	Tags StreamTags() const;
	Translated FindStage1(uint64_t address);
	Translated FindStage2(uint64_t ipa, const Use &use);
	/* Of the output of stage 1: from the same entry, if one entry holds both. */
	Translated FindSecond(const Translated &first, uint64_t ipa, const Use &use);
	uint64_t ThroughStage2(uint64_t ipa, const Use &use, Translated *how);
	uint64_t Finish2(Translated second, const Use &use, Translated *how);
	bool Invalid(Found *found, uint64_t input);
	bool SetsTablesAtOnce();
	Found HeedContiguous(const Found &leaf, uint64_t input);
	Translated WalkTables(const Regime &regime, uint64_t input, const Use &use,
			      const Found *from);
	uint64_t ReadDescriptor(const Regime &regime, uint64_t address, const Use &use,
				const Found *from, Found *found);
	void CheckOutput(const Found &found, uint64_t output, uint64_t input, const Use &use);
	bool AccessFlagMissing(const Found &leaf) const;
	void CheckAccessFlag(const Translated &translated, const Use &use);
	void CheckRights(const Translated &translated, const Rights &rights, const Use &use);
	/* What a look at a descriptor that does not permit the access may leave behind. */
	void LeaveRefused(const Translated &translated, const Use &use);
	[[noreturn]] void Refuse(const Translated &translated, const Use &use);
	uint64_t Wanted(const Found &leaf, bool dirty) const;
	void Update(Translated &translated, bool dirty, const Use &use);
	void UpdateOne(Found &found, uint64_t wanted, const Use &use);
	Rights RightsOf(const Found &leaf, bool privileged) const;
	Use StageUse(bool privileged_now) const;

	/* run_known.cpp */
	std::vector<Found> FreshPath(const Regime &regime, uint64_t input, const Found *from);
	std::shared_ptr<const Found> FreshSecond(uint64_t ipa, bool of_table);
	std::optional<Found> LeafOf(const Found &hit, uint64_t input);
	std::vector<const CachedTranslation *> Ways(const Regime &now, uint64_t input,
						    const std::vector<Found> &path);
	std::optional<Found> PickKnown(const Regime &now, uint64_t input, bool reachable);
	void LearnTranslation(const Found &found, uint64_t input);
	Found LookedAtAgain(const Found &leaf, const Regime &now);
	void Rely(const Found &known);
	void LearnEntry(CachedTranslation entry);
	bool SameFor(const Found &a, const Found &b, uint64_t input) const;
	bool IsOn(const std::vector<Found> &path, const Found &known, uint64_t input) const;

	/* run_end.cpp */
	[[noreturn]] void End(Verdict verdict);
	[[noreturn]] void Pass(uint64_t address, bool bypass);
	[[noreturn]] void EndAts(AtsStatus status);
	[[noreturn]] void BadStream();
	[[noreturn]] void ConfigurationError(const EventFields &fields);
	[[noreturn]] void Forbidden(int number);
	[[noreturn]] void WalkAborted(int stage, FaultClass fault_class, uint64_t address);
	[[noreturn]] void Fault(int number, int stage, const Use &use, uint64_t ipa);
	[[noreturn]] void InputTooLarge();
	EventFields Fields(int number) const;
	void Record(const EventFields &fields);
	void LeaveOutOfRequests(Event &told) const;
	bool RecordsAtsErrors() const;

	Memory &memory;
	const Registers &registers;
	const Features features;
	const Request &request;
	Chooser &chooser;
	const Cache *cache;

	Outcome outcome;
	Ste ste;
	Cd cd;
	bool stale = false; /* something stale was used: what follows from it is stale as well */
	bool use_cache = true;
	bool substream_valid = false; /* as the SMMU sees it */
	bool write = false, privileged = false, instruction = false;
	bool stage1_on = false, stage2_on = false;
	std::optional<bool> tables_at_once;
	/* Stage 1 of the address whose stage 2 is looked at: one entry may hold both. */
	const Translated *above = nullptr;
	/* Stage 1's update comes after stage 2's leaf was found: so may the leaf's dirty state. */
	bool second_may_wait = false;
};

/* Parts of a walk, run_stage.cpp. */
bool Classify(const Regime &regime, Found *found);
void AddAttributes(const Regime &regime, uint64_t table, TableAttributes *above);
bool InRange(const Regime &regime, uint64_t input);
bool TooLarge(const Found &found, uint64_t output);
uint64_t Swapped(uint64_t value, bool big_endian);

bool Stage1Configured(const Ste &ste);
bool Stage2Configured(const Ste &ste);

} // namespace ref

#endif
