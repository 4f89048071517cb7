#include "sim/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "app/merge_thread.h"
#include "feed/topic_writer.h"
#include "table/table_reader.h"

namespace loanstream::sim {

using std::chrono::milliseconds;

namespace {

constexpr std::int64_t kDayMs = 86'400'000, kSomeDay = 1'700'006'400'000;  // midnight, UTC
constexpr milliseconds kStorm{45'000}, kLongest{3 * kDayMs};
constexpr milliseconds kGrace{3'000};
constexpr int kMostCalmFailures = 30;  // each process may meet a few that the storm has left
constexpr std::size_t kMostLogNames = 500;

Settings settings_for(const Shape& shape) {
    auto settings = Settings::resolve(
        "embedded", {std::string("data=") + kData, "table.merge=off", "table.commit_every=400ms",
                     "table.codec=none", "stream.orders_every=0",
                     "stream.batch_records=" + std::to_string(shape.batch_records),
                     "table.checkpoint_every=" + std::to_string(shape.checkpoint_every),
                     "table.max_open_files=" + std::to_string(shape.max_open_files),
                     "topic.partitions=" + std::to_string(shape.partitions)});
    if (!settings) throw std::runtime_error(settings.error().line());
    return *settings;
}

// Mostly applications that are decided, each in its own way; some that cannot be. No two are
// alike: another one at the same offset is seen.
std::string record_of(Chance& chance, std::int64_t number) {
    if (chance.one_in(8)) return "not json " + std::to_string(number);
    return fmt::format(
        R"({{"id":"{}","member_id":"{}","loan_amnt":"{}","annual_inc":"{}","dti":"{}.5",)"
        R"("term":" 36 months","grade":"{}"}})",
        number, chance.below(1'000'000'000), 1000 + chance.below(30'000),
        10'000 + chance.below(90'000), chance.below(40), "ABCDEFG"[chance.below(7)]);
}

// Counts what is acknowledged, and tells the run loop to end once all has landed in calm.
class Watcher : public RunLoopObserver {
public:
    Watcher(std::int64_t& acknowledged, std::function<void()> look)
        : acknowledged_(acknowledged), look_(std::move(look)) {}
    void committed(const Receipt& receipt) override {
        for (const auto& landed : receipt.landed()) acknowledged_ += landed.records;
        look_();
    }

private:
    std::int64_t& acknowledged_;
    std::function<void()> look_;
};

// An Env whose sleeps also ask whether to end.
class AskingEnv : public Env {
public:
    AskingEnv(Env& real, std::function<void()> ask) : real_(real), ask_(std::move(ask)) {}
    EpochMs now() override { return real_.now(); }
    std::chrono::nanoseconds monotonic() override { return real_.monotonic(); }
    void sleep_for(milliseconds duration) override {
        ask_();
        real_.sleep_for(duration);
    }
    void wake() override {}
    std::uint64_t random() override { return real_.random(); }
    Result<std::unique_ptr<AppendFile>> create_file(const std::string& p) override {
        return real_.create_file(p);
    }
    Result<std::unique_ptr<AppendFile>> append_file(const std::string& p) override {
        return real_.append_file(p);
    }
    Result<std::unique_ptr<ReadFile>> read_file(const std::string& p) override {
        return real_.read_file(p);
    }
    Result<std::string> read_whole(const std::string& p, std::uint64_t most) override {
        return real_.read_whole(p, most);
    }
    Result<std::optional<FileInfo>> stat(const std::string& p) override { return real_.stat(p); }
    Result<std::vector<FileInfo>> list(const std::string& p) override { return real_.list(p); }
    Result<void> make_folders(const std::string& p) override { return real_.make_folders(p); }
    Result<void> sync_folder(const std::string& p) override { return real_.sync_folder(p); }
    Result<void> truncate(const std::string& p, std::uint64_t n) override {
        return real_.truncate(p, n);
    }
    Result<void> rename_noreplace(const std::string& a, const std::string& b) override {
        return real_.rename_noreplace(a, b);
    }
    Result<void> replace(const std::string& a, const std::string& b) override {
        return real_.replace(a, b);
    }
    Result<void> exchange(const std::string& a, const std::string& b) override {
        return real_.exchange(a, b);
    }
    Result<void> hard_link(const std::string& a, const std::string& b) override {
        return real_.hard_link(a, b);
    }
    Result<void> remove_file(const std::string& p) override { return real_.remove_file(p); }
    Result<void> remove_folder(const std::string& p) override { return real_.remove_folder(p); }
    Result<std::optional<std::unique_ptr<FileLock>>> try_lock(const std::string& p) override {
        return real_.try_lock(p);
    }
    Result<std::uint64_t> free_bytes(const std::string& p) override { return real_.free_bytes(p); }

private:
    Env& real_;
    std::function<void()> ask_;
};

}  // namespace

std::string Shape::text() const {
    return fmt::format(
        "{} partitions of {} records, {} streams, {} mergers{}, {} files a part, batches of {}; "
        "one call in so many: {}",
        partitions, records, streams, mergers, mergers_hang ? " that hang" : "", max_open_files,
        batch_records, faults.text());
}

Shape shape_of(std::uint64_t seed) {
    Chance chance(seed ^ 0x5eed);
    Shape shape;
    shape.partitions = 1 + static_cast<std::int32_t>(chance.below(3));
    shape.records = 8 + static_cast<std::int64_t>(chance.below(24));
    shape.streams = 1 + static_cast<int>(chance.below(2));
    shape.mergers = 1 + static_cast<int>(chance.below(2));
    shape.max_open_files = 2 + static_cast<std::int64_t>(chance.below(4));
    shape.checkpoint_every = 5 + static_cast<std::int64_t>(chance.below(20));
    shape.batch_records = 1 + static_cast<std::int64_t>(chance.below(5));
    shape.start_ms = kSomeDay - (chance.one_in(2) ? 20'000 : kDayMs / 2);
    auto some = [&](std::uint64_t often) { return chance.one_in(2) ? often : 0; };
    shape.faults = {some(300), some(1500), some(400), some(300), some(300), some(600), some(150)};
    shape.mergers_hang = shape.faults.zombie != 0 && chance.one_in(3);
    if (shape.mergers_hang) shape.mergers = 2, shape.faults.zombie = 60;
    return shape;
}

World::World(std::uint64_t seed, bool loud)
    : shape_(shape_of(seed)),
      machine_(seed, shape_.faults, shape_.start_ms),
      settings_(settings_for(shape_)) {
    if (loud) machine_.be_loud();
}

void World::violated(std::string what) {
    if (!violation_.empty()) return;
    machine_.note("VIOLATED: " + what);
    violation_ = std::move(what);
    machine_.stop();
}

std::string World::run() {
    auto made = create_topic_if_missing(machine_.disk(), kTopics, kTopic, shape_.partitions);
    if (!made) return made.error().line();
    add_producers();
    add_streams();
    add_mergers();
    add_readers();
    if (!machine_.run(kStorm, kLongest))
        violated("it does not come to an end: " + machine_.who_runs());
    if (violation_.empty()) check_end();
    return violation_;
}

// The lines of a partition, one after the other; goes on behind what is there.
bool World::produce(Env& env, std::int32_t partition) {
    auto writer = TopicWriter::open(env, TopicFolder(kTopics, kTopic), PartitionId(partition));
    if (!writer) return false;
    for (;;) {
        std::int64_t at = (*writer)->next().value;
        if (at >= shape_.records) return true;
        std::vector<std::string> lines;
        for (std::int64_t more = machine_.chance().below(4); more >= 0 && at < shape_.records;
             --more)
            lines.push_back(record_of(machine_.chance(), partition * 1000 + at++));
        if (!(*writer)->append({lines.begin(), lines.end()})) return false;
        if (!machine_.is_calm()) env.sleep_for(milliseconds(machine_.chance().below(3000)));
    }
}

void World::add_producers() {
    for (std::int32_t p = 0; p < shape_.partitions; ++p)
        machine_.add({fmt::format("source {}", p),
                      [this, p](ProcessEnv& env) { return produce(env, p); }, true, true});
}

// Nothing is damaged in these worlds, so nobody may say so; but a merger that has lost its lock
// may find its generation gone.
void World::ended(std::string_view who, const Error& error) {
    machine_.note(fmt::format("{}: {}", who, error.line()));
    if (error.code == ErrorCode::kDamaged && !shape_.mergers_hang)
        violated(fmt::format("{} calls it damage: {}", who, error.line()));
    calm_failures_ += machine_.is_calm();
    if (calm_failures_ == kMostCalmFailures)
        violated(fmt::format("{} fails again and again: {}", who, error.line()));
}

bool World::all_landed() {
    LocalFileStore files(machine_.disk());
    auto warehouse = Warehouse::open_to_read(machine_.disk(), files, kWarehouse);
    if (!warehouse) return false;
    std::int64_t landed = 0;
    for (const auto& [key, state] : (*warehouse)->state().partitions()) landed += state.next.value;
    return landed == shape_.records * shape_.partitions;
}

bool World::stream(ProcessEnv& process) {
    StreamRequest request;
    request.topic = kTopic;
    request.one_thread = true;
    StreamSession* running = nullptr;
    auto look = [&] {
        if (running != nullptr && machine_.is_calm() && all_landed()) running->stop();
        if (running != nullptr && process.is_dead()) running->stop();
    };
    AskingEnv env(process, look);
    Watcher watcher(acknowledged_, look);
    SnapshotBoard board;
    MergeObserver merges;
    auto session = StreamSession::open(env, settings_, request, watcher, board, merges);
    if (!session) {
        ended("stream", session.error());
        return false;
    }
    running = session->get();
    auto ran = running->run();
    if (!ran) ended("stream", ran.error());
    return ran.has_value() && all_landed();
}

void World::add_streams() {
    for (int i = 0; i < shape_.streams; ++i) {
        std::vector<std::string> locks;
        for (std::int32_t p = 0; p < shape_.partitions; ++p)
            locks.push_back(Layout(kWarehouse).partition_lock(kTopic, PartitionId(p)));
        machine_.add({fmt::format("stream {}", i), [this](ProcessEnv& env) { return stream(env); },
                      true, false, locks});
    }
}

// Rounds until all has landed, the days are over, and nothing is left to merge or to tidy.
bool World::merge(ProcessEnv& env) {
    auto choices = MergeChoices::from(settings_);
    if (!choices) return true;
    choices->merge.grace = kGrace;
    auto member = MergingMember::open(env, *choices);
    if (!member) return false;
    while (true) {
        auto round = (*member)->round();
        if (!round) {
            ended("merger", round.error());
            return false;
        }
        for (const auto& [part, error] : round->refused)
            violated("a part is refused: " + error.line());
        bool landed = machine_.is_calm() && all_landed();
        bool last_day = machine_.now().count() > kDayMs * 2;
        if (last_day && landed && round->backlog == 0 && round->waiting == 0 &&
            round->switched == 0 && round->tidied == 0)
            return true;
        env.sleep_for(landed ? milliseconds(6 * 3'600'000) : milliseconds(700));
    }
}

void World::add_mergers() {
    std::vector<std::string> locks;
    if (shape_.mergers_hang) locks.push_back(Layout(kWarehouse).merge_lock());
    for (int i = 0; i < shape_.mergers; ++i)
        machine_.add({fmt::format("merger {}", i), [this](ProcessEnv& env) { return merge(env); },
                      true, false, locks});
}

// Switched: the merged files stand in the part's folder, whoever lists it.
void World::check_places(const Warehouse& warehouse) {
    for (const auto& [part, open] : warehouse.state().merges()) {
        if (open.switched_ms < 0 || shape_.mergers_hang) continue;
        for (const auto& output : open.merge.outputs) {
            std::string path = join_path(Layout(kWarehouse).part(part), output.name);
            auto found = machine_.disk().stat(path);
            if (!found || !*found) violated("switched, and not in its place: " + path);
        }
    }
}

// What a reader must see at least: what any reader has seen, and what was acknowledged. A loss of
// power may take the rows of an entry that its writer has not synced yet, though they were seen.
std::int64_t World::least_rows() {
    if (power_failures_ != machine_.power_failures()) most_seen_ = 0;
    power_failures_ = machine_.power_failures();
    return std::max(most_seen_, acknowledged_);
}

// By the log: never an error, never a position twice, never fewer rows than before.
bool World::look_by_log(ProcessEnv& env) {
    env.sleep_for(milliseconds(machine_.chance().below(4000)));
    LocalFileStore files(env);
    std::int64_t before = least_rows();
    auto warehouse = Warehouse::open_to_read(env, files, kWarehouse);
    if (!warehouse) {
        if (warehouse.error().code != ErrorCode::kNotFound)
            violated("a reader cannot load: " + warehouse.error().line());
        return true;
    }
    std::set<std::tuple<std::string, std::int64_t, std::int64_t>> seen;
    for (int look = 0;; ++look) {
        seen.clear();
        bool whole = true;
        auto live = (*warehouse)->live_files();
        if (!live) return violated("files are not told: " + live.error().line()), true;
        for (const LiveFile& file : *live) {
            auto scan = open_live(**warehouse, file);
            if (!scan && scan.error().code == ErrorCode::kNotFound && look < 20) {
                whole = false;
                break;
            }
            if (!scan) return violated("a file is not read: " + scan.error().line()), true;
            auto taken = (*scan)->read_positions([&](const TableScan::Positions& rows) {
                for (std::size_t i = 0; i < rows.offsets.size(); ++i)
                    if (!seen.emplace(rows.topics[i], rows.partitions[i], rows.offsets[i]).second)
                        violated(fmt::format("a reader by the log sees {}/{}@{} twice",
                                             rows.topics[i], rows.partitions[i], rows.offsets[i]));
                return Result<void>();
            });
            if (!taken) return violated("rows are not read: " + taken.error().line()), true;
        }
        if (whole) break;
        if (auto again = (*warehouse)->reload(); !again)
            return violated("a reader cannot read on: " + again.error().line()), true;
    }
    auto rows = static_cast<std::int64_t>(seen.size());
    if (rows < before)
        violated(fmt::format("a reader by the log sees {} rows, and {} before", rows, before));
    most_seen_ = std::max(most_seen_, rows);
    ++looks_;
    return true;
}

// By the folders: a file may be gone when it is opened, and then the look begins anew; never a row
// twice, never one that the log does not have.
bool World::look_by_folder(ProcessEnv& env) {
    env.sleep_for(milliseconds(machine_.chance().below(4000)));
    LocalFileStore files(env);
    std::vector<std::string> paths;
    for (std::string_view table : {kPredictionTable, kDeadLettersTable}) {
        std::string folder = Layout(kWarehouse).table(table);
        for (const auto& day : files.list(folder).value_or(std::vector<FileInfo>{})) {
            std::string in_day = join_path(folder, day.name);
            for (const auto& part : files.list(in_day).value_or(std::vector<FileInfo>{})) {
                std::string in_part = join_path(in_day, part.name);
                for (const auto& file : files.list(in_part).value_or(std::vector<FileInfo>{}))
                    paths.push_back(join_path(in_part, file.name));
            }
        }
    }
    std::set<std::tuple<std::string, std::int64_t, std::int64_t>> seen;
    for (const std::string& path : paths) {
        bool dead = path.find("/dead_letters/") != path.npos;
        auto scan =
            TableScan::open(files, path, *table_named(dead ? kDeadLettersTable : kPredictionTable));
        if (!scan && scan.error().code == ErrorCode::kNotFound) return true;  // run again
        if (!scan) return violated("a published file is not read: " + scan.error().line()), true;
        (void)(*scan)->read_positions([&](const TableScan::Positions& rows) {
            for (std::size_t i = 0; i < rows.offsets.size(); ++i)
                if (!seen.emplace(rows.topics[i], rows.partitions[i], rows.offsets[i]).second)
                    violated(fmt::format("a reader by folders sees {}/{}@{} twice", rows.topics[i],
                                         rows.partitions[i], rows.offsets[i]));
            return Result<void>();
        });
    }
    auto warehouse = Warehouse::open_to_read(env, files, kWarehouse);
    if (!warehouse) return true;
    for (const auto& [topic, partition, offset] : seen) {
        const auto* state =
            (*warehouse)
                ->state()
                .partition({topic, PartitionId(static_cast<std::int32_t>(partition))});
        if (state == nullptr || state->next.value <= offset)
            violated(fmt::format("a reader by folders sees {}/{}@{}, which is not committed", topic,
                                 partition, offset));
    }
    check_places(**warehouse);
    auto names = files.list(Layout(kWarehouse).log());
    if (names && names->size() >= kMostLogNames) violated("the log has 500 names");
    for (const auto& [day, size] : (*warehouse)->state().open_parts())
        if (size.files > std::max<std::int64_t>(shape_.max_open_files, shape_.partitions) &&
            (*warehouse)->state().open_part(day) < 20)
            violated(fmt::format("{} open files in a part of at most {}", size.files,
                                 shape_.max_open_files));
    ++looks_;
    return true;
}

void World::add_readers() {
    auto once_more = [this](bool (World::*look)(ProcessEnv&)) {
        return [this, look](ProcessEnv& env) { return (this->*look)(env); };
    };
    for (int i = 0; i < 2; ++i) {
        machine_.add(
            {"reader by log", once_more(&World::look_by_log), false, false, {}, milliseconds(500)});
        machine_.add({"reader by folder",
                      once_more(&World::look_by_folder),
                      false,
                      false,
                      {},
                      milliseconds(500)});
    }
}

}  // namespace loanstream::sim
