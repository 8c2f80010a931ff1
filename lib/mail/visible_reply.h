#pragma once

#include <string>
#include <string_view>

namespace trust::mail {

/// `text` without the history it quotes and without its signature: what its writer wrote this time.
/// Knows the usual mail programs in English, German and French. In doubt text is kept; text between
/// quotations (inline replies) always is. If nothing were left, `text` comes back whole.
std::string visible_reply(std::string_view text);

}  // namespace trust::mail
