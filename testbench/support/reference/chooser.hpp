/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_REFERENCE_CHOOSER_HPP
#define VFSIM_TESTBENCH_REFERENCE_CHOOSER_HPP

/*
 * Goes through all the ways in which something can turn out: the same thing is
 * done again and again, and each time one of its choices is made otherwise.
 *
 *	Chooser chooser(true);
 *	do
 *		outcomes.push_back(Do(chooser)); // calls Pick
 *	while (chooser.Advance());
 */

#include <cstddef>
#include <vector>

namespace ref
{

class Chooser
{
public:
	/* Without `all` every choice is the first. */
	explicit Chooser(bool all) : explore(all)
	{
	}

	/* One of 0 to alternatives - 1; 0 in the first round. */
	int Pick(int alternatives)
	{
		if (!explore || alternatives < 2)
			return 0;
		if (at == steps.size())
			steps.push_back({0, alternatives});
		return steps[at++].pick;
	}

	bool Advance()
	{
		at = 0;
		while (!steps.empty() && steps.back().pick + 1 == steps.back().of)
			steps.pop_back();
		if (steps.empty())
			return false;
		steps.back().pick++;
		return true;
	}

private:
	struct Step {
		int pick, of;
	};

	bool explore;
	std::vector<Step> steps;
	std::size_t at = 0;
};

} // namespace ref

#endif
