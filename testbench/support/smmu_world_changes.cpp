/* SPDX-License-Identifier: Apache-2.0 */
/* What software does in a random world: changes of structures and tables, commands. */
#include "testbench/support/smmu_world.hpp"

#include "testbench/support/reference/geometry.hpp"

#include <algorithm>

using namespace ref;

Words<2> SmmuWorld::ChangeSte()
{
	WorldStream &stream = chance.Any(streams);
	Words<2> command = MakeCommand(kCMD_CFGI_STE).Set(command::kStreamID, stream.id);

	if (!streams_table->Address(stream.id))
		return command;
	streams_table->Set(stream.id, SomeSte(stream));
	if (chance.OneIn(4))
		return MakeCommand(kCMD_CFGI_STE_RANGE)
			.Set(command::kStreamID, stream.id)
			.Set(command::kRange, chance.OneIn(3) ? 31 : chance.Below(4));
	return command.Set(command::kLeaf, chance.Coin());
}

Words<2> SmmuWorld::ChangeCd()
{
	WorldStream &stream = chance.Any(streams);
	Words<2> command = MakeCommand(kCMD_CFGI_CD_ALL).Set(command::kStreamID, stream.id);

	if (stream.substreams.empty())
		return MakeCommand(kCMD_SYNC);
	const uint32_t substream = chance.Any(stream.substreams);
	stream.cds->Set(substream, SomeCd(stream));
	if (chance.OneIn(4))
		return command;
	return command.Set(command::kOpcode, kCMD_CFGI_CD)
		.Set(command::kSubstreamID, substream)
		.Set(command::kLeaf, chance.Coin());
}

/* A descriptor of a first level: another one, or that which was there in the beginning. */
void SmmuWorld::ChangeL1(uint64_t address, uint64_t other)
{
	const uint64_t found = memory.Peek(address);
	const uint64_t first = first_l1.emplace(address, found).first->second;

	memory.Write64(address, found == first ? other : first);
}

/* Fewer STEs, none, or a reserved span. */
Words<2> SmmuWorld::ChangeL1Std()
{
	const WorldStream &stream = chance.Any(streams);

	if (!streams_table->TwoLevels())
		return ChangeSte();
	const uint64_t address = streams_table->L1Address(stream.id), l1 = memory.Peek(address);
	const uint64_t span = Get(l1, l1std::kSpan);
	const uint64_t other = chance.OneIn(4) ? 12 + chance.Below(20) : chance.Below(span + 1);

	ChangeL1(address, (l1 & ~Put(l1std::kSpan, ~0ull)) | Put(l1std::kSpan, other));
	if (chance.OneIn(4))
		return MakeCommand(kCMD_CFGI_STE_RANGE)
			.Set(command::kStreamID, stream.id)
			.Set(command::kRange, chance.Below(4));
	return MakeCommand(kCMD_CFGI_STE)
		.Set(command::kStreamID, stream.id)
		.Set(command::kLeaf, chance.OneIn(4));
}

Words<2> SmmuWorld::ChangeL1Cd()
{
	const WorldStream &stream = chance.Any(streams);

	if (stream.substreams.empty() || !stream.cds->TwoLevels())
		return ChangeCd();
	const uint32_t substream = stream.substreams[chance.Below(stream.substreams.size())];
	const uint64_t address = stream.cds->L1Address(substream);

	ChangeL1(address, memory.Peek(address) ^ Put(l1cd::kV, 1));
	if (chance.OneIn(4))
		return MakeCommand(kCMD_CFGI_CD_ALL).Set(command::kStreamID, stream.id);
	return MakeCommand(kCMD_CFGI_CD)
		.Set(command::kStreamID, stream.id)
		.Set(command::kSubstreamID, substream)
		.Set(command::kLeaf, chance.OneIn(4));
}

Words<2> SmmuWorld::ChangeDescriptor()
{
	return ChangePlace(chance.Any(places));
}

Words<2> SmmuWorld::ChangeLeafOf(uint64_t address)
{
	std::vector<const WorldPlace *> found;

	for (const WorldPlace &place : places) {
		const int shift = LevelShift(place.tree->granule_bits, place.level);

		if (place.leaf && !(((address ^ place.input) & Mask(place.tree->ia_bits)) >> shift))
			found.push_back(&place);
	}
	return found.empty() ? Change() : ChangePlace(*chance.Any(found));
}

Words<2> SmmuWorld::ChangePlace(const WorldPlace &place)
{
	if (place.leaf)
		Store(place, OtherLeaf(place));
	else if (chance.Coin())
		Store(place, Load(place) ^ 1);
	else
		Store(place, (Load(place) & Mask(59)) | SomeTableBits(*place.tree));
	return InvalidationOf(place);
}

Words<2> SmmuWorld::Change()
{
	if (chance.OneIn(12))
		return ChangeSte();
	if (chance.OneIn(10))
		return ChangeCd();
	if (chance.OneIn(12))
		return chance.Coin() ? ChangeL1Std() : ChangeL1Cd();
	return ChangeDescriptor();
}

/* The address of an invalidation, of some pages around it where there are ranges. */
void SmmuWorld::PutRange(Words<2> &command, const WorldPlace *place, uint64_t address)
{
	static const int granules[] = {0, kGranule4K, kGranule16K, kGranule64K};
	uint64_t tg = 1 + chance.Below(3), ttl = chance.Below(4);

	command.Set(command::kAddress, address >> 12);
	if (!cfg.ril || chance.Coin())
		return;
	if (place && !chance.OneIn(8)) {
		for (tg = 1; granules[tg] != place->tree->granule_bits;)
			tg++;
		/* The level of the leaves below a table is not known. */
		ttl = place->leaf && chance.Coin() ? place->level : 0;
		if (ttl)
			address &= ~Mask(LevelShift(granules[tg], (int)ttl));
	}
	address &= ~Mask(granules[tg]);
	command.Set(command::kAddress, address >> 12)
		.Set(command::kTG, tg)
		.Set(command::kTTL, ttl)
		.Set(command::kNUM, chance.Below(4))
		.Set(command::kSCALE, chance.OneIn(3) ? chance.Below(20) : 0);
	if (!command.Is(command::kNUM) && !command.Is(command::kSCALE))
		command.Set(command::kNUM, 1); /* without TTL all zeros are reserved: 4.4.1.1 */
}

/* A structure, also where the SMMU may not read it. */
Words<8> SmmuWorld::PeekAt(uint64_t address) const
{
	Words<8> words;

	for (int i = 0; i < 8; i++)
		words.word[i] = memory.Peek(address + 8 * i);
	return words;
}

/* Of a stream as it is, or any. */
void SmmuWorld::PutTags(Words<2> &command, bool vmid, bool asid)
{
	const WorldStream &stream = chance.Any(streams);
	const uint64_t ste_address = streams_table->Address(stream.id);
	uint64_t tags[] = {SomeTag(cfg.vmid16), SomeTag(cfg.asid16)};

	if (ste_address && chance.Coin()) {
		tags[0] = PeekAt(ste_address).Get(ste::kS2VMID);
		if (!stream.substreams.empty())
			tags[1] = PeekAt(stream.cds->Address(chance.Any(stream.substreams)))
					  .Get(cd::kASID);
	}
	if (vmid)
		command.Set(command::kVMID, tags[0] & (cfg.vmid16 ? 0xffff : 0xff));
	if (asid)
		command.Set(command::kASID, tags[1] & (cfg.asid16 ? 0xffff : 0xff));
}

/* By tags that may be the ones: what covers all users of the table is not known. */
Words<2> SmmuWorld::InvalidationOf(const WorldPlace &place)
{
	const bool stage2 = place.tree->stage == 2;
	uint64_t address = place.tree->Address(place.input);
	Words<2> command;

	if (chance.OneIn(8))
		return MakeCommand(kCMD_TLBI_NSNH_ALL);
	if (place.leaf && chance.OneIn(3)) /* any address of it will do: 4.4 */
		address ^= chance.Below(1ull << LevelShift(place.tree->granule_bits, place.level));
	if (stage2)
		command = MakeCommand(chance.OneIn(4) ? kCMD_TLBI_S12_VMALL : kCMD_TLBI_S2_IPA);
	else if (cfg.hyp && chance.OneIn(4))
		command = MakeCommand(chance.Of({kCMD_TLBI_EL2_VA, kCMD_TLBI_EL2_VAA,
						 kCMD_TLBI_EL2_ALL, kCMD_TLBI_EL2_ASID}));
	else
		command = MakeCommand(chance.Of({kCMD_TLBI_NH_VA, kCMD_TLBI_NH_VAA, kCMD_TLBI_NH_VA,
						 kCMD_TLBI_NH_ALL, kCMD_TLBI_NH_ASID}));
	const uint64_t opcode = command.Get(command::kOpcode);
	if (opcode == kCMD_TLBI_S2_IPA || (opcode & 0xe) == 2) {
		command.Set(command::kLeaf, place.leaf && chance.Coin());
		PutRange(command, &place, address);
	}
	if (opcode == kCMD_TLBI_S2_IPA)
		command.Set({127, 120}, 0);
	PutTags(command, cfg.s2 && (opcode < 0x20 || opcode >= 0x28),
		opcode == kCMD_TLBI_NH_VA || opcode == kCMD_TLBI_NH_ASID ||
			opcode == kCMD_TLBI_EL2_VA || opcode == kCMD_TLBI_EL2_ASID);
	return command;
}

Words<2> SmmuWorld::SomeCommand()
{
	const WorldStream &stream = chance.Any(streams);
	const uint32_t substream = stream.substreams.empty() ? 0 : chance.Any(stream.substreams);

	switch (chance.Below(9)) {
	case 0:
		return MakeCommand(kCMD_CFGI_STE)
			.Set(command::kStreamID, stream.id)
			.Set(command::kLeaf, chance.Coin());
	case 1:
		return MakeCommand(kCMD_CFGI_STE_RANGE)
			.Set(command::kStreamID, stream.id)
			.Set(command::kRange, chance.Below(8));
	case 2:
		return MakeCommand(cfg.s1 ? kCMD_CFGI_CD : kCMD_CFGI_STE)
			.Set(command::kStreamID, stream.id)
			.Set(command::kSubstreamID, cfg.s1 ? substream : 0)
			.Set(command::kLeaf, chance.Coin());
	case 3:
		return MakeCommand(kCMD_PREFETCH_CONFIG).Set(command::kStreamID, stream.id);
	default:
		return InvalidationOf(chance.Any(places));
	}
}
