#pragma once

#include <span>

#include "intake/cli/app.h"
#include "lib/cli/command.h"

namespace trust::intake {

/// Every command, in the order of help.
std::span<const cli::Command<App>> commands();

// Each stands in the file of its name, or where it says.
cli::Exit run_service(App& app, const cli::Arguments& arguments, cli::Io io);  // running.cc
cli::Exit run_status(Office& office, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_parse(App& app, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_list(App& app, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_show(Office& office, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_attachment(App& app, const cli::Arguments& arguments, cli::Io io);  // show.cc
cli::Exit run_answer(App& app, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_reply(App& app, const cli::Arguments& arguments, cli::Io io);        // answer.cc
cli::Exit run_note(App& app, const cli::Arguments& arguments, cli::Io io);         // act.cc
cli::Exit run_close(App& app, const cli::Arguments& arguments, cli::Io io);        // act.cc
cli::Exit run_report(App& app, const cli::Arguments& arguments, cli::Io io);       // act.cc
cli::Exit run_acknowledge(App& app, const cli::Arguments& arguments, cli::Io io);  // act.cc
cli::Exit run_adopt(App& app, const cli::Arguments& arguments, cli::Io io);        // import.cc
cli::Exit run_import(Office& office, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_due(App& app, const cli::Arguments& arguments, cli::Io io);  // list.cc
cli::Exit run_audit(Office& office, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_quarantine_list(Office& office, const cli::Arguments& arguments,
                              cli::Io io);  // and show
cli::Exit run_quarantine_retry(Office& office, const cli::Arguments& arguments, cli::Io io);
cli::Exit run_check_config(App& app, const cli::Arguments& arguments, cli::Io io);  // doctor.cc
cli::Exit run_doctor(App& app, const cli::Arguments& arguments, cli::Io io);

}  // namespace trust::intake
