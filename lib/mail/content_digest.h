#pragma once

#include <string>
#include <string_view>

#include "lib/mail/header.h"

namespace trust::mail {

/// SHA-256 over raw From, Date, Message-ID and Subject and the body, 64 hex characters. The same
/// for the same mail by another path: trace fields are no part of it, folding and the kind and
/// number of closing line ends do not count.
std::string content_sha256(const Header& header, std::string_view body);

}  // namespace trust::mail
