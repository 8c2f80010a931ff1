#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "intake/cli/commands.h"
#include "lib/base/log.h"
#include "lib/base/signals.h"
#include "lib/cage/parser_child.h"
#include "lib/net/curl_stream.h"

int main(int argc, char** argv) {
  using namespace trust;
  // Before anything else: the caged child has nothing but its socket.
  if (argc == 2 && std::string_view{argv[1]} == "parser") return cage::child_main();

  const std::vector<std::string> line{argv + 1, argv + argc};
  // The other commands end with their terminal.
  if (std::find(line.begin(), line.end(), "run") != line.end()) hold_reloads();
  keep_memory_to_ourselves();
  std::ios::sync_with_stdio(false);
  set_log_output(LogTo::nowhere);
  const SystemClock clock;
  net::CurlConnector connector;
  intake::App app{
      clock, connector, [] {
        auto child = std::make_shared<cage::ParserChild>();
        return intake::ParseMail{[child](std::string_view raw) { return child->parse(raw); }};
      }};
  const cli::Exit exit = cli::run_program<intake::App>(intake::kProgram, intake::commands(), app,
                                                       line, {std::cin, std::cout, std::cerr});
  std::cout.flush();
  return static_cast<int>(std::cout ? exit : cli::Exit::failed);
}
