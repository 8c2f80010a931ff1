#pragma once

#include <span>

#include "notifier/cli/app.h"

namespace trust::notifier {

/// Every command, in the order of help.
std::span<const cli::Command<App>> commands();

// Each stands in the file of its first word, `announce` in announcement.cc, `check-config` in
// doctor.cc.
cli::Exit run_service(App& app, const cli::Arguments& arguments, cli::Io io);  // run.cc
cli::Exit run_status(Opened& all, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_announce(Opened& all, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_announcement_list(Opened& all, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_announcement_report(Opened& all, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_announcement_cancel(Opened& all, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_announcement_resume(Opened& all, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_subscriber_add(Opened& all, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_subscriber_confirm(Opened& all, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_subscriber_remove(Opened& all, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_subscriber_list(Opened& all, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_subscriber_import(Opened& all, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_subscriber_export(Opened& all, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_feed_write(Opened& all, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_check_config(App& app, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_doctor(App& app, const cli::Arguments& arguments, cli::Io io);

}  // namespace trust::notifier
