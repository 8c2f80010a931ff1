#include <algorithm>
#include <iostream>

#include "lib/base/log.h"
#include "lib/base/signals.h"
#include "lib/net/curl_stream.h"
#include "notifier/cli/commands.h"

int main(int argc, char** argv) {
  using namespace trust;
  const std::vector<std::string> line(argv + (argc > 0 ? 1 : 0), argv + argc);
  // The other commands end with their terminal.
  if (std::find(line.begin(), line.end(), "run") != line.end()) hold_reloads();
  keep_memory_to_ourselves();
  // Standard output is the commands'; `run` takes it for its log.
  set_log_output(LogTo::nowhere);
  const SystemClock clock;
  net::CurlConnector connector;
  notifier::App app{clock, connector,
                    [](const notifier::Config& config, const net::Interrupt* interrupt) {
                      std::optional<std::string> ca_file = config.site.ca_file;
                      if (ca_file) ca_file = config::credential_path(*ca_file);
                      return notifier::fetch_from(config.site.base_url.text, ca_file, interrupt);
                    }};
  return static_cast<int>(cli::run_program<notifier::App>(
      notifier::kProgram, notifier::commands(), app, line, {std::cin, std::cout, std::cerr}));
}
