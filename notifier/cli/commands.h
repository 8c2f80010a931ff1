#pragma once

#include <span>

#include "notifier/cli/app.h"

namespace trust::notifier {

/// Every command, in the order of help.
std::span<const cli::Command<App>> commands();

// Each stands in the file of its first word, `announce` in announcement.cc, `check-config` in
// doctor.cc.
cli::Exit run_service(App& app, const cli::Arguments& arguments, cli::Io io);  // run.cc
cli::Exit run_status(App& app, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_announce(App& app, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_announcement_list(App& app, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_announcement_report(App& app, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_announcement_cancel(App& app, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_announcement_resume(App& app, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_subscriber_add(App& app, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_subscriber_confirm(App& app, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_subscriber_remove(App& app, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_subscriber_list(App& app, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_subscriber_import(App& app, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_subscriber_export(App& app, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_feed_write(App& app, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_check_config(App& app, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_doctor(App& app, const cli::Arguments& arguments, cli::Io io);

}  // namespace trust::notifier
