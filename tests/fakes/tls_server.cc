#include "tests/fakes/tls_server.h"

#include <stdlib.h>

#include <csignal>
#include <filesystem>
#include <stdexcept>

#include "lib/base/file.h"

namespace trust::test {

TlsServer::TlsServer(const std::string& certificate, const std::string& protocol,
                     const std::string& highest_tls) {
  std::string pattern = (std::filesystem::temp_directory_path() / "trust-tls-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"no temporary folder"};
  folder_ = pattern;
  const std::string command = "exec /usr/bin/python3 -B -W ignore tests/fakes/tls_server.py " +
                              folder_ + " " + certificate + " " + protocol + " " + highest_tls;
  output_ = ::popen(command.c_str(), "r");
  if (output_ == nullptr || std::fscanf(output_, "%d %d", &port_, &process_) != 2)
    throw std::runtime_error{"tls_server.py did not start"};
}

TlsServer::~TlsServer() {
  ::kill(process_, SIGKILL);
  ::pclose(output_);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string TlsServer::url(const std::string& scheme, const std::string& user,
                           const std::string& host) const {
  return scheme + "://" + (user.empty() ? "" : user + "@") + host + ":" + std::to_string(port_);
}

std::string TlsServer::received() const { return *read_file(folder_ + "/received"); }

}  // namespace trust::test
