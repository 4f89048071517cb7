#include "app/merge_thread.h"

#include <algorithm>

#include "app/stream_session.h"
#include "base/build_info.h"

namespace loanstream {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kFirstRound(1000), kLongestWait(60'000);

// The state on disk is not known after these, or they would come again at once.
bool ends_merging(ErrorCode code) {
    return code == ErrorCode::kOutside || code == ErrorCode::kUnknownFormat ||
           code == ErrorCode::kInternal;
}

}  // namespace

Result<MergeChoices> MergeChoices::from(const Settings& settings) {
    MergeChoices choices;
    choices.thread = settings.text("table.merge") == "on";
    choices.every = settings.duration("table.merge_every");
    choices.warehouse.folder = DataFolders(settings).warehouse;
    choices.warehouse.max_open_files = settings.number("table.max_open_files");
    choices.warehouse.checkpoint_every = settings.number("table.checkpoint_every");
    choices.warehouse.file_size = settings.number("table.file_size");
    choices.merge.grace = settings.duration("table.grace");
    choices.merge.file_size = choices.warehouse.file_size;
    TRY(choices.writer.codec, codec_named(settings.text("table.codec")));
    choices.writer.program = std::string("loanstream ") + LOANSTREAM_VERSION;
    choices.writer.file_size = choices.warehouse.file_size;
    return choices;
}

Result<std::unique_ptr<MergingMember>> MergingMember::open(Env& env, const MergeChoices& choices) {
    auto files = std::make_unique<LocalFileStore>(env);
    TRY(auto warehouse, Warehouse::open(env, *files, choices.warehouse));
    return std::unique_ptr<MergingMember>(
        new MergingMember(env, std::move(files), std::move(warehouse), choices));
}

void MergeThread::start() {
    if (choices_.thread) thread_ = std::thread([this] { work(); });
}

void MergeThread::stop() {
    {
        std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

bool MergeThread::wait(milliseconds time) {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, time, [this] { return stop_; });
}

bool MergeThread::is_stopped() {
    std::lock_guard lock(mutex_);
    return stop_;
}

void MergeThread::work() {
    std::unique_ptr<MergingMember> member;
    milliseconds pause = std::min(kFirstRound, choices_.every);
    while (wait(pause)) {
        Result<MergeRound> round;
        if (!member) {
            auto opened = MergingMember::open(env_, choices_);
            if (opened) {
                member = std::move(*opened);
                member->merger().stop_when([this] { return is_stopped(); });
            } else {
                round = std::unexpected(std::move(opened).error());
            }
        }
        if (member) round = member->round();
        if (round) {
            observer_.round_done(*round);
            pause = choices_.every;
            continue;
        }
        member.reset();  // its Warehouse may take no more entries
        if (ends_merging(round.error().code)) return observer_.ended(round.error());
        observer_.retried(round.error());
        pause = std::min(std::max(pause, kFirstRound) * 2, kLongestWait);
    }
}

}  // namespace loanstream
