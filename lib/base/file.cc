#include "lib/base/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace trust {

namespace {

Error failure(const std::string& path, int error_number) {
  switch (error_number) {
    case ENOENT: return {Fault::not_found, path + ": no such file"};
    case EACCES:
    case EPERM: return {Fault::denied, path + ": not permitted; check owner and mode"};
    case ENOSPC:
    case EDQUOT: return {Fault::unavailable, path + ": no space left on the disk"};
    case EISDIR: return {Fault::invalid, path + ": is a folder"};
    default: return {Fault::unavailable, path + ": cannot be read or written"};
  }
}

Status write_all(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failure(path, errno);
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  return ok();
}

Result<std::string> read_open_file(int fd, const std::string& path, std::uint64_t max_bytes) {
  std::string content;
  char chunk[65536];
  for (;;) {
    const ssize_t n = ::read(fd, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failure(path, errno);
    if (n == 0) return content;
    content.append(chunk, static_cast<std::size_t>(n));
    if (content.size() > max_bytes) return Error{Fault::invalid, path + ": too large"};
  }
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

int Fd::release() {
  const int fd = fd_;
  fd_ = -1;
  return fd;
}

void Fd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<std::string> read_file(const std::string& path, std::uint64_t max_bytes) {
  const Fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd.is_open()) return failure(path, errno);
  return read_open_file(fd.get(), path, max_bytes);
}

Result<std::string> read_private_file(const std::string& path) {
  const Fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd.is_open()) return failure(path, errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return failure(path, errno);
  if ((info.st_mode & 077U) != 0)
    return Error{Fault::invalid, path + ": readable by others; run chmod 600 on it"};
  return read_open_file(fd.get(), path, 1U << 20U);
}

Result<std::string> read_secret(const std::string& path) {
  Result<std::string> text = read_file(path, 65536);
  if (!text) return text;
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  if (text->empty()) return Error{Fault::invalid, path + ": empty; it must hold the secret"};
  return text;
}

Status write_file_durably(const std::string& path, std::string_view content, unsigned mode) {
  const std::string temporary = path + ".new";
  {
    const Fd fd{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)};
    if (!fd.is_open()) return failure(temporary, errno);
    if (Status written = write_all(fd.get(), content, temporary); !written) return written;
    if (::fsync(fd.get()) != 0) return failure(temporary, errno);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return failure(path, errno);
  const std::string folder = std::filesystem::path{path}.parent_path();
  const Fd dir{::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!dir.is_open() || ::fsync(dir.get()) != 0) return failure(folder, errno);
  return ok();
}

Status make_folder(const std::string& path) {
  if (path.empty() || std::filesystem::is_directory(path)) return ok();
  if (Status parent = make_folder(std::filesystem::path{path}.parent_path()); !parent)
    return parent;
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return failure(path, errno);
  return ok();
}

Result<FileLock> FileLock::take(const std::string& path) {
  Fd fd{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!fd.is_open()) return failure(path, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return Error{Fault::conflict, path + ": held by another running process"};
    return failure(path, errno);
  }
  return FileLock{std::move(fd)};
}

std::string own_executable() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).string();
}

}  // namespace trust
