#pragma once

#include <span>
#include <string>
#include <string_view>

#include "lib/config/config_file.h"

namespace trust::config {

/// A complete sample file: every key with its reference text, needed ones active, the others as
/// comments that show their default. It stays valid JSON whichever line is uncommented.
/// REQUIRES rows of one object to stand together.
std::string sample_file(std::span<const Row> rows, std::string_view title);

/// The reference: key, default ("required" where there is none) and text, for reading.
std::string reference(std::span<const Row> rows);

}  // namespace trust::config
