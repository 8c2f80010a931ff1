#pragma once

#include <string_view>

#include "lib/mail/message.h"
#include "lib/mail/split.h"

namespace trust::mail {

/// Whether the mail, or a part of it, can be read only with somebody's private key: PGP/MIME (also
/// as Exchange rewrites it), an armoured PGP message in the text or an attachment, S/MIME enveloped
/// data. A signature alone is no encryption.
bool is_encrypted(std::string_view raw, const Part& root, std::string_view text);

}  // namespace trust::mail
