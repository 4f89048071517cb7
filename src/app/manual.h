// The manual, made of the verbs and settings that are declared as data: a page for man(1), and the
// pages docs/cli.md and docs/settings.md. Pure; any thread.
#pragma once

#include <string>

namespace loanstream {

std::string manual_page();        // troff
std::string cli_markdown();       // docs/cli.md
std::string settings_markdown();  // docs/settings.md
std::string events_markdown();    // docs/events.md
std::string metrics_markdown();
std::string crash_points_markdown();  // a table, for docs/delivery.md   // docs/metrics.md

}  // namespace loanstream
