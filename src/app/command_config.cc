#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/command.h"
#include "base/text_box.h"

namespace loanstream {

namespace {

Result<int> show_config(Invocation& in) {
    if (in.arguments.has("--json")) {
        nlohmann::ordered_json all;
        for (const auto& declaration : setting_declarations()) {
            const auto& value = in.settings.all().find(declaration.key)->second;
            all[std::string(declaration.key)] = {{"value", Settings::shown(declaration, value)},
                                                 {"from", value.origin}};
        }
        fmt::print("{}\n", all.dump(2));
        return 0;
    }
    TextBox box{{"setting", "value", "from", "what it is"}, {}, true};
    for (const auto& declaration : setting_declarations()) {
        const auto& value = in.settings.all().find(declaration.key)->second;
        box.rows.push_back({std::string(declaration.key), Settings::shown(declaration, value),
                            value.origin, std::string(declaration.text)});
    }
    fmt::print("profile {}\n{}", in.settings.profile(), box.text(80));
    return 0;
}

}  // namespace

void add_config_commands(std::vector<CommandSpec>& list) {
    list.push_back({"config show",
                    "the settings in force and where each comes from",
                    "[PROFILE]",
                    {{"--json", "", "for programs"}},
                    {"loanstream config show", "loanstream config show --set table.codec=snappy"},
                    show_config});
}

}  // namespace loanstream
