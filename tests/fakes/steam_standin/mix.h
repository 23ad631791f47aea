#pragma once

#include <cstdint>

namespace steamflow::standin {

/// The finalizer of SplitMix64: a bijection whose bits look random. All data of the stand-in is
/// derived from it, so that a response depends on nothing but the id or app in the request.
constexpr std::uint64_t Mix(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

}  // namespace steamflow::standin
