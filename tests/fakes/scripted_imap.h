#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/text.h"
#include "lib/net/stream.h"

namespace trust::test {

/// What an IMAP server says to commands, in memory. "$" in what it says becomes the command's tag.
/// A command takes the first turn whose beginning it has; a turn is used once. A command that no
/// turn fits is answered by `otherwise`.
struct ImapScript {
  struct Turn {
    std::string to;
    std::string say;
  };
  std::deque<Turn> turns;
  std::function<std::string(const std::string& command, const std::string& tag)> otherwise =
      [](const std::string&, const std::string& tag) { return tag + " BAD what?\r\n"; };
  std::size_t piece = 65536;  ///< most bytes a receive gives
  enum class Silence { hangs_up, stalls } then = Silence::stalls;
  std::string repeat;              ///< said over and over once a command was answered with it
  std::vector<std::string> heard;  ///< the commands, without their tags

  ImapScript& on(std::string to, std::string say) {
    turns.push_back({std::move(to), std::move(say)});
    return *this;
  }
  /// CAPABILITY and an EXAMINE that finds `exists` mails.
  static ImapScript folder(int exists, const std::string& capabilities = "IMAP4rev1") {
    ImapScript script;
    script.on("CAPABILITY", "* CAPABILITY " + capabilities + "\r\n$ OK done\r\n");
    script.on("EXAMINE", "* FLAGS (\\Seen)\r\n* OK [PERMANENTFLAGS ()] none {5}\r\n* " +
                             std::to_string(exists) +
                             " EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 7] v\r\n"
                             "* OK [UIDNEXT 100] n\r\n$ OK [READ-ONLY] done\r\n");
    return script;
  }
};

/// Plays a script that outlives it.
class ScriptedImap final : public net::Stream {
 public:
  explicit ScriptedImap(ImapScript& script) : script_{script} {}

  Result<std::string> receive(std::size_t max_bytes, Deadline) override {
    if (!has_input()) {
      said_ = repeating_ ? script_.repeat : "";
      at_ = 0;
    }
    if (!has_input() && script_.then == ImapScript::Silence::stalls)
      return Error{Fault::unavailable, "the server took too long"};
    std::string bytes = said_.substr(at_, std::min(max_bytes, script_.piece));
    at_ += bytes.size();
    return bytes;
  }

  Status send(std::string_view bytes, Deadline) override {
    const std::string line{trim(bytes)};
    const std::size_t space = line.find(' ');
    // The end of an IDLE is the one line without a tag: its answer is that to the IDLE.
    if (space != std::string::npos) tag_ = line.substr(0, space);
    const std::string& tag = tag_;
    const std::string command = line.substr(space + 1);
    script_.heard.push_back(command);
    for (auto turn = script_.turns.begin(); turn != script_.turns.end(); ++turn) {
      if (!command.starts_with(turn->to)) continue;
      repeating_ = !script_.repeat.empty() && turn->say == script_.repeat;
      said_ += replace_all(turn->say, "$", tag);
      script_.turns.erase(turn);
      return ok();
    }
    const std::string say = script_.otherwise(command, tag);
    repeating_ = !script_.repeat.empty() && say == script_.repeat;
    said_ += say;
    return ok();
  }

  bool has_input() override { return at_ < said_.size(); }

 private:
  ImapScript& script_;
  std::string said_, tag_;
  std::size_t at_ = 0;  ///< what of said_ was received
  bool repeating_ = false;
};

}  // namespace trust::test
