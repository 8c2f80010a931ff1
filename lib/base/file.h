#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace trust {

/// A file descriptor that is closed with its owner. Move-only.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_{fd} {}
  Fd(Fd&& other) noexcept : fd_{other.release()} {}
  Fd& operator=(Fd&& other) noexcept;
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  int release();
  void reset();

 private:
  int fd_ = -1;
};

/// The whole file. Fault::not_found: no such file; Fault::denied: not readable by us;
/// Fault::invalid: longer than `max_bytes`.
Result<std::string> read_file(const std::string& path, std::uint64_t max_bytes = 64ULL << 20U);
/// A file with secrets: as read_file, and Fault::invalid if group or others may read it.
Result<std::string> read_private_file(const std::string& path);
/// A password or key from a file: private content is not insisted on (systemd credentials are
/// 0440), one trailing newline is dropped. Fault::invalid when empty.
Result<std::string> read_secret(const std::string& path);

/// Replaces the file, mode 0600: temporary file, fsync, rename, fsync of the folder. Afterwards the
/// old or the new content is there, never a mixture.
Status write_file_durably(const std::string& path, std::string_view content, unsigned mode = 0600);
/// Makes the folder and its parents (mode 0700 for new ones).
Status make_folder(const std::string& path);

/// An exclusive lock on a file for the life of the object; the kernel frees it when we die.
class FileLock {
 public:
  /// Fault::conflict: another process holds it.
  static Result<FileLock> take(const std::string& path);

 private:
  explicit FileLock(Fd fd) : fd_{std::move(fd)} {}
  Fd fd_;
};

/// Where our own executable stands, for starting it again as a child.
std::string own_executable();

}  // namespace trust
