#include "lib/base/closest.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "lib/base/text.h"

namespace trust {

namespace {

constexpr std::size_t kLongest = 64;

/// Edits between two words of at most kLongest bytes, a swap of neighbours counting as one
/// (optimal string alignment).
std::size_t edits_between(std::string_view a, std::string_view b) {
  using Row = std::array<std::size_t, kLongest + 1>;
  Row before{}, last{}, row{};
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = last;
    last = row;
  }
  return last[b.size()];
}

}  // namespace

std::string_view closest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.empty() || word.size() > kLongest) return {};
  const std::string wanted = to_lower(word);
  std::string_view best;
  std::size_t fewest = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.empty() || candidate.size() > kLongest) continue;
    const std::size_t edits = edits_between(wanted, to_lower(candidate));
    // Every letter changed is another word, however short.
    if (edits < fewest && edits < std::max(wanted.size(), candidate.size())) {
      fewest = edits;
      best = candidate;
    }
  }
  return best;
}

}  // namespace trust
