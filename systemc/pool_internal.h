// SPDX-License-Identifier: Apache-2.0
#ifndef VFSIM_SYSTEMC_POOL_INTERNAL_H
#define VFSIM_SYSTEMC_POOL_INTERNAL_H

#include <deque>
#include <vector>

namespace vfsim
{
/* Objects that are used again: it grows to the most that were ever in use at once. */
template <class T>
class Pool
{
public:
	template <class... Args>
	T *take(Args &&...args)
	{
		if (free_.empty())
			return &all_.emplace_back(args...);
		T *object = free_.back();
		free_.pop_back();
		return object;
	}

	void put(T *object)
	{
		free_.push_back(object);
	}

private:
	std::deque<T> all_; /* objects stay where they are */
	std::vector<T *> free_;
};
} // namespace vfsim
#endif
