#include <fmt/format.h>

#include <charconv>

#include "app/command.h"
#include "app/login_name.h"
#include "app/stream_session.h"
#include "log/warehouse.h"

namespace loanstream {

namespace {

Result<std::int32_t> partition_option(const Invocation& in) {
    auto text = in.arguments.value("--partition");
    if (!text) return kAllPartitions;
    std::int32_t number = 0;
    auto [end, status] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (status == std::errc{} && end == text->data() + text->size() && number >= 0) return number;
    return fail(ErrorCode::kUsage, "--partition takes a number, not '" + *text + "'", {},
                "for example --partition 2");
}

// A word mistyped at night must not pass for an order.
Result<void> check_place(const LogState& log, const OrderEntry& order) {
    bool known = false;
    for (const auto& [key, state] : log.partitions())
        known = known || (key.topic == order.topic && (order.partition == kAllPartitions ||
                                                       key.partition.value == order.partition));
    if (known) return {};
    std::string where = order.topic;
    if (order.partition != kAllPartitions) where += "/" + std::to_string(order.partition);
    return fail(ErrorCode::kNotFound, "the table has never read it", where,
                "loanstream why tells the partitions of a topic");
}

// The log has it when this returns; jobs obey within about two seconds.
Result<int> give(Invocation& in, OrderKind kind) {
    OrderEntry order{in.topic, kAllPartitions, kind, in.arguments.value("--why").value_or(""),
                     in.arguments.value("--by").value_or(login_name())};
    if (order.why.empty() || order.by.empty())
        return fail(ErrorCode::kUsage, "an order needs --why", {},
                    "for example --why 'the core banking system is down'");
    TRY(order.partition, partition_option(in));
    LocalFileStore files(in.env);
    WarehouseSettings settings;
    settings.folder = DataFolders(in.settings).warehouse;
    TRY(auto there, Warehouse::open_to_read(in.env, files, settings.folder));  // never begun
    TRY_VOID(check_place(there->state(), order));
    const StandingOrder* of_topic = there->state().hold_of({in.topic, PartitionId(-1)});
    if (kind == OrderKind::kResume && order.partition != kAllPartitions && of_topic != nullptr)
        return fail(ErrorCode::kAnswerIsNo, "all of the topic is held, by " + of_topic->order.by,
                    in.topic, "loanstream resume without --partition ends that");
    TRY(auto warehouse, Warehouse::open(in.env, files, settings));
    auto put = warehouse->append(order);
    if (!put && put.error().code == ErrorCode::kAlreadyThere)
        return fail(ErrorCode::kAnswerIsNo, put.error().what, put.error().where,
                    "nothing is written; loanstream why shows what stands");
    TRY_VOID(put);
    std::string place = in.topic;
    if (order.partition != kAllPartitions) place += "/" + std::to_string(order.partition);
    fmt::print("{} {}, by {}: log entry {}\n", place, name_of(kind), order.by, *put);
    return 0;
}

auto giving(OrderKind kind) {
    return [kind](Invocation& in) { return give(in, kind); };
}

}  // namespace

void add_order_commands(std::vector<CommandSpec>& commands) {
    const OptionSpec by = {"--by", "NAME", "who orders it (default: the login name)"};
    const OptionSpec why = {"--why", "TEXT", "why; goes into the log"};
    const OptionSpec partition = {"--partition", "N", "only this one (default: all of the topic)"};
    commands.push_back(
        {"pause",
         "lands what was read, then reads no more until resume; over restarts",
         "[PROFILE] [TOPIC]",
         {partition, by, why},
         {"loanstream pause --why 'the core banking system is down'",
          "loanstream pause embedded applicants --partition 1 --by ann --why 'bad feed'"},
         giving(OrderKind::kPause)});
    commands.push_back({"drain",
                        "as pause, and the job lets go of the partitions: before it is moved",
                        "[PROFILE] [TOPIC]",
                        {partition, by, why},
                        {"loanstream drain --why 'the machine is replaced'"},
                        giving(OrderKind::kDrain)});
    commands.push_back({"resume",
                        "ends a pause or a drain; reading goes on where it stood",
                        "[PROFILE] [TOPIC]",
                        {partition, by, why},
                        {"loanstream resume --why 'it is up again'"},
                        giving(OrderKind::kResume)});
    commands.push_back({"review-all on",
                        "every decision becomes a review until review-all off: for a bad model",
                        "[PROFILE] [TOPIC]",
                        {by, why},
                        {"loanstream review-all on --why 'model 7 approves nearly everybody'"},
                        giving(OrderKind::kReviewAll)});
    commands.push_back({"review-all off",
                        "the policy decides again",
                        "[PROFILE] [TOPIC]",
                        {by, why},
                        {"loanstream review-all off --why 'model 6 is back'"},
                        giving(OrderKind::kReviewEnds)});
}

}  // namespace loanstream
