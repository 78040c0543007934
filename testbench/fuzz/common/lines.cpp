/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/fuzz/common/lines.hpp"

#include <jansson.h>

#include <cstdlib>
#include <cstring>
#include <iterator>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace
{
using Random = std::minstd_rand;
using Lines = std::vector<std::string>;

size_t pick(Random &random, size_t count)
{
	return random() % count;
}

/* A member somewhere in a line: its holder, and its key or its index. */
struct Place {
	json_t *holder;
	std::string key;
	size_t index;
	json_t *value;
};

void find_places(json_t *json, std::vector<Place> *places)
{
	const char *key;
	json_t *value;
	size_t i;

	json_object_foreach(json, key, value)
	{
		places->push_back({json, key, 0, value});
		find_places(value, places);
	}
	json_array_foreach(json, i, value)
	{
		places->push_back({json, "", i, value});
		find_places(value, places);
	}
}

json_int_t other_integer(Random &random, json_int_t old)
{
	static const json_int_t edges[] = {0,         1,          -1,       4095,
					   4096,      INT32_MAX,  1u << 20, INT64_MAX,
					   INT64_MIN, UINT32_MAX, 1u << 31};
	size_t way = pick(random, 4);

	if (way == 0)
		return edges[pick(random, std::size(edges))];
	if (way == 1)
		return static_cast<json_int_t>(static_cast<uint64_t>(old) + pick(random, 5) - 2);
	return static_cast<json_int_t>(static_cast<uint64_t>(old) ^ UINT64_C(1)
									    << pick(random, 64));
}

json_t *other_value(Random &random, const Place &place, const std::vector<Place> &places)
{
	if (json_is_integer(place.value) && pick(random, 4))
		return json_integer(other_integer(random, json_integer_value(place.value)));
	/* Another member's, or none of the kind. */
	if (pick(random, 8))
		return json_deep_copy(places[pick(random, places.size())].value);
	return json_null();
}

void change_member(Random &random, std::string *line)
{
	json_t *json = json_loads(line->c_str(), 0, nullptr);
	std::vector<Place> places;
	char *text;

	find_places(json, &places);
	if (!places.empty()) {
		const Place &place = places[pick(random, places.size())];

		if (!json_is_object(place.holder))
			json_array_set_new(place.holder, place.index,
					   other_value(random, place, places));
		else if (pick(random, 8))
			json_object_set_new(place.holder, place.key.c_str(),
					    other_value(random, place, places));
		else
			json_object_del(place.holder, place.key.c_str());
		text = json_dumps(json, JSON_COMPACT);
		if (text)
			*line = text;
		free(text);
	}
	json_decref(json);
}

void change_lines(Random &random, Lines *lines)
{
	size_t from = pick(random, lines->size()), to = pick(random, lines->size());

	switch (pick(random, 8)) {
	case 0:
		lines->erase(lines->begin() + static_cast<long>(from));
		break;
	case 1:
		lines->insert(lines->begin() + static_cast<long>(to), std::string((*lines)[from]));
		break;
	case 2:
		std::swap((*lines)[from], (*lines)[to]);
		break;
	default:
		change_member(random, &(*lines)[from]);
	}
}
} // namespace

size_t fuzz_mutate_lines(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	std::istringstream in(std::string(reinterpret_cast<char *>(data), size));
	Random random(seed);
	Lines lines;
	std::string out;

	/* One time in four, any byte. */
	if (!(seed % 4))
		return LLVMFuzzerMutate(data, size, max_size);
	for (std::string line; std::getline(in, line);)
		lines.push_back(line);
	for (size_t i = 0; !lines.empty() && i < 1 + seed % 3; i++)
		change_lines(random, &lines);
	for (const std::string &line : lines)
		out += line + "\n";
	if (out.empty() || out.size() > max_size)
		return LLVMFuzzerMutate(data, size, max_size);
	memcpy(data, out.data(), out.size());
	return out.size();
}
