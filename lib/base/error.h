#pragma once

/// lib/base: the words every other folder speaks in. No mail, no storage, no network.
///   error.h result.h   failures as values
///   time.h             UtcTime and the Clock that domain code is handed
///   id.h               random ids; token.h signed, purpose-bound tokens and the keyring
///   text.h             ASCII and UTF-8 text;  ascii.h words.h names.h  characters, tables of words
///   file.h signals.h   durable files, the request to stop
///   log.h              JSON lines with a closed list of events

#include <string>
#include <string_view>
#include <utility>

namespace trust {

/// Why something failed, sorted by what the caller does next. Library names never appear here.
enum class Fault {
  invalid,          ///< The input is wrong; the same input fails again.
  not_found,        ///< Nothing has that name.
  conflict,         ///< Somebody was faster, or a constraint said no. Read again, then decide.
  denied,           ///< Credentials or policy refused; a person must change something.
  unavailable,      ///< Down, slow or busy. Nothing happened; try again later.
  outcome_unknown,  ///< It may have happened. Do not simply repeat it.
  internal,         ///< A bug or a broken installation.
};

std::string_view name_of(Fault fault);

/// A failure as a value. The text is one sentence for an operator: what happened, to what, and
/// what to do. It never holds addresses, tokens, passwords or text from a server or driver.
class Error {
 public:
  Error(Fault fault, std::string text) : fault_{fault}, text_{std::move(text)} {}

  Fault fault() const { return fault_; }
  const std::string& text() const { return text_; }

  /// The same failure named by the step above it: "open case: database is locked".
  Error within(std::string_view step) const { return {fault_, std::string{step} + ": " + text_}; }

 private:
  Fault fault_;
  std::string text_;
};

}  // namespace trust
