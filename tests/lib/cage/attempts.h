#pragma once

#include <span>
#include <string>

namespace trust::cage {

/// Something a parser that was taken over by a mail might try.
struct Attempt {
  const char* name;
  /// 0 if it succeeded, else errno. `folder` is the test's own, holds the files "there", "unlinked"
  /// and "renamed", and is called NAME-PORT by a port of 127.0.0.1 that takes connections.
  int (*run)(const std::string& folder);
};

std::span<const Attempt> attempts();

}  // namespace trust::cage
