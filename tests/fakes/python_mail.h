#pragma once

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace trust::test {

/// A message as Python's email package reads it: eyes that are not ours.
struct PythonMail {
  std::map<std::string, std::string> fields;  ///< by lower-case name, decoded; doubled ones joined
  std::string text;                           ///< the plain body, decoded
  int defects = 0;
};

inline PythonMail read_by_python(const std::string& message) {
  static constexpr const char* kScript =
      "import sys,json,email,email.policy\n"
      "m=email.message_from_bytes(open(sys.argv[1],'rb').read(),policy=email.policy.default)\n"
      "f={}\n"
      "for k,v in m.items(): f[k.lower()]=f[k.lower()]+'|'+str(v) if k.lower() in f else str(v)\n"
      "b=m.get_body(('plain',))\n"
      "d=len(m.defects)+sum(len(v.defects) for v in m.values() if hasattr(v,'defects'))\n"
      "print(json.dumps({'f':f,'t':b.get_content().replace('\\r\\n','\\n') if b else '','d':d}))\n";
  std::string file = "/tmp/trust-mail-XXXXXX";
  const int fd = ::mkstemp(file.data());
  if (fd < 0 || ::write(fd, message.data(), message.size()) != static_cast<ssize_t>(message.size()))
    throw std::runtime_error{"no temporary file"};
  ::close(fd);
  const std::string command = "/usr/bin/python3 -c \"" + std::string{kScript} + "\" " + file;
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error{"no /usr/bin/python3"};
  std::string out;
  std::array<char, 4096> piece{};
  for (std::size_t n; (n = std::fread(piece.data(), 1, piece.size(), pipe)) > 0;)
    out.append(piece.data(), n);
  const bool good = ::pclose(pipe) == 0;
  ::unlink(file.c_str());
  if (!good) throw std::runtime_error{"Python could not read the mail"};
  const auto object = nlohmann::json::parse(out);
  return {object["f"].get<std::map<std::string, std::string>>(), object["t"].get<std::string>(),
          object["d"].get<int>()};
}

}  // namespace trust::test
