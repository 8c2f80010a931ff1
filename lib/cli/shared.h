#pragma once

#include "lib/cli/command.h"

namespace trust::cli {

/// `logs [--json]`: the closed list of log events.
Exit print_log_events(const Arguments& arguments, Io io);

}  // namespace trust::cli
