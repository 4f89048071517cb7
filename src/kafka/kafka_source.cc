#include "kafka/kafka_source.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <thread>

#include "base/check.h"
#include "kafka/partition_list.h"

namespace loanstream {

using std::chrono::milliseconds;

namespace {

constexpr std::chrono::seconds kBetweenLooks(10), kLongestLeave(5);
constexpr int kDestroysLeaders = 0x02030000;  // from 2.3.0 on
std::atomic<bool> leaves_threads_{false};

}  // namespace

KafkaSource::KafkaSource(KafkaAccess access, IncarnationOf incarnation_of,
                         KafkaSourceSettings settings)
    : access_(std::move(access)),
      incarnation_of_(std::move(incarnation_of)),
      settings_(std::move(settings)) {}

Result<std::unique_ptr<KafkaSource>> KafkaSource::open(const KafkaAccess& access,
                                                       IncarnationOf incarnation_of,
                                                       KafkaSourceSettings settings) {
    std::unique_ptr<KafkaSource> source(
        new KafkaSource(access, std::move(incarnation_of), std::move(settings)));
    TRY_VOID(source->connect());
    return source;
}

KafkaSource::~KafkaSource() {
    nudge_.reset();
    for (auto& partition : partitions_) close_queue(partition);
    for (rd_kafka_event_t* event : later_) rd_kafka_event_destroy(event);
    if (events_ != nullptr) {
        rd_kafka_queue_io_event_enable(events_, -1, nullptr, 0);
        rd_kafka_queue_destroy(events_);
    }
    if (client_.client) leave_group(std::move(client_), is_grouped());
    if (wake_ >= 0) ::close(wake_);
}

bool KafkaSource::leaves_threads() { return leaves_threads_; }

void KafkaSource::leave_group(KafkaHandle client, bool is_grouped) {
    bool stays = is_grouped && rd_kafka_version() < kDestroysLeaders;
    if (stays) leaves_threads_ = true;
    auto done = std::make_shared<std::promise<void>>();
    auto when = done->get_future();
    std::thread([done, stays, handle = std::move(client)]() mutable {
        rd_kafka_consumer_close(handle.get());
        if (stays)
            static_cast<void>(handle.client.release());
        else
            handle.client.reset();
        done->set_value();
    }).detach();
    if (when.wait_for(kLongestLeave) != std::future_status::ready) leaves_threads_ = true;
}

Result<void> KafkaSource::connect() {
    TRY(auto admin, KafkaAdmin::open(access_));
    TRY(auto topic, admin->topic(settings_.topic));
    auto count = static_cast<std::int32_t>(topic.partitions.size());
    partitions_at_start_ = count;
    for (std::int32_t wanted : settings_.partitions)
        if (wanted < 0 || wanted >= count)
            return fail(ErrorCode::kUsage, fmt::format("there is no partition {}", wanted),
                        settings_.topic, fmt::format("the topic has 0 to {}", count - 1));
    if (settings_.start.kind == StartPlace::Kind::kGroup) {
        TRY(settings_.start.offsets, admin->group_offsets(settings_.start.group, topic));
    }
    TRY_VOID(make_client(count));
    if (is_grouped()) return join_group();
    PartitionList list;
    for (const auto& partition : topic.partitions)
        if (settings_.partitions.empty() || settings_.partitions.contains(partition.id.value))
            list.add(settings_.topic, partition.id);
    take_offer(list.get(), true);
    settled_ = true;
    return {};
}

Result<void> KafkaSource::join_group() {
    PartitionList list;
    list.add(settings_.topic, PartitionId(RD_KAFKA_PARTITION_UA));
    auto code = rd_kafka_subscribe(client_.get(), list.get());
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
    return std::unexpected(kafka_error(access_, code, {}));
}

// The group's answers come as events: everything is asked back first, then offered anew.
Result<void> KafkaSource::rejoin() {
    if (!is_grouped()) return {};
    rd_kafka_unsubscribe(client_.get());
    return join_group();
}

// Its queue fills up to kafka.queue_bytes, then nothing more is fetched of it.
void KafkaSource::hold(const SourcePartition& source, bool is_held) {
    if (Partition* partition = find(source)) partition->is_held = is_held;
}

Result<void> KafkaSource::make_client(std::int32_t partitions) {
    auto share = std::max<std::int64_t>(settings_.queue_bytes / std::max(partitions, 1), 1 << 20);
    TRY(auto options, KafkaOptions::make(access_));
    const std::pair<const char*, std::string> wanted[] = {
        {"group.id", settings_.group.empty() ? "loanstream-looks" : settings_.group},
        {"partition.assignment.strategy", "cooperative-sticky"},
        {"isolation.level", "read_committed"},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "error"},  // the table says where to read, or we stop
        {"enable.partition.eof", "true"},
        {"allow.auto.create.topics", "false"},
        {"session.timeout.ms", std::to_string(settings_.session_timeout.count())},
        {"heartbeat.interval.ms", std::to_string(std::clamp<std::int64_t>(
                                      settings_.session_timeout.count() / 4, 100, 3000))},
        {"max.poll.interval.ms",  // librdkafka wants it no shorter than the session
         std::to_string(std::max<std::int64_t>(settings_.session_timeout.count(), 300'000))},
        {"topic.metadata.refresh.interval.ms", "10000"},  // sees partitions that are added
        {"queued.min.messages", "1000000"},               // bytes bound the queue, not the count
        {"queued.max.messages.kbytes", std::to_string(share / 1024)},
        {"fetch.message.max.bytes",
         std::to_string(std::clamp<std::int64_t>(share / 4, 1 << 20, 4 << 20))},
        {"fetch.wait.max.ms", "100"},
        {"fetch.error.backoff.ms", "100"},
    };
    for (const auto& [name, value] : wanted) TRY_VOID(options.set(name, value));
    bool fetches_on = options.try_set("fetch.queue.backoff.ms", "2");
    TRY(client_, options.client(RD_KAFKA_CONSUMER));
    rd_kafka_poll_set_consumer(client_.get());
    wake_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (wake_ < 0) return fail(ErrorCode::kOutside, "no eventfd", "kafka");
    events_ = rd_kafka_queue_get_consumer(client_.get());
    static const std::uint64_t kOne = 1;
    rd_kafka_queue_io_event_enable(events_, wake_, &kOne, sizeof kOne);
    if (!fetches_on) nudge_ = std::make_unique<FetchNudge>(client_.get(), settings_.topic);
    return {};
}

KafkaSource::Partition* KafkaSource::find(const SourcePartition& source) {
    for (auto& partition : partitions_)
        if (partition.source == source) return &partition;
    return nullptr;
}

Result<Source::Assignment> KafkaSource::assignment() {
    TRY_VOID(serve_events());
    TRY_VOID(look_for_topic());
    Assignment now;
    now.is_settled = settled_;
    now.fault = fault_;
    for (const auto& partition : partitions_) {
        auto& list = partition.phase == Phase::kLeaving ? now.leaving
                     : partition.phase == Phase::kLost  ? now.lost
                                                        : now.owned;
        list.push_back(partition.source);
    }
    return now;
}

Result<void> KafkaSource::serve_events() {
    while (rd_kafka_event_t* event = rd_kafka_queue_poll(events_, 0)) TRY_VOID(take_event(event));
    while (owed_ == Answer::kNone && !later_.empty()) {
        rd_kafka_event_t* event = later_.front();
        later_.pop_front();
        TRY_VOID(take_event(event));
    }
    return {};
}

Result<void> KafkaSource::take_event(rd_kafka_event_t* event) {
    std::unique_ptr<rd_kafka_event_t, void (*)(rd_kafka_event_t*)> owned(event,
                                                                         rd_kafka_event_destroy);
    auto code = rd_kafka_event_error(event);
    switch (rd_kafka_event_type(event)) {
        case RD_KAFKA_EVENT_REBALANCE:
            if (owed_ != Answer::kNone) {
                later_.push_back(owned.release());
                return {};
            }
            if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
                take_offer(rd_kafka_event_topic_partition_list(event), false);
            else
                take_revocation(rd_kafka_event_topic_partition_list(event));
            return answer_group();
        case RD_KAFKA_EVENT_ERROR: {
            Error error = kafka_error(access_, code, rd_kafka_event_error_string(event));
            if (is_final(code)) return std::unexpected(std::move(error));
            if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) fault_ = error.what;
            return {};
        }
        default: return {};  // an offset commit: a mirror, the next one says the same
    }
}

// A consumer of a topic that was deleted just gets nothing: while nothing comes, it is asked for.
Result<void> KafkaSource::look_for_topic() {
    auto now = std::chrono::steady_clock::now();
    if (now - last_record_ < kBetweenLooks) return {};
    last_record_ = now;
    KafkaAccess brief = access_;
    brief.connect_timeout = milliseconds(1000);
    auto found = describe_kafka_topic(client_.get(), brief, settings_.topic);
    if (found || found.error().code != ErrorCode::kNotFound) return {};
    return topic_is_gone();
}

Result<void> KafkaSource::topic_is_gone() const {
    return fail(ErrorCode::kOutside, "the topic is gone from the brokers", settings_.topic,
                "was it deleted? loanstream topic list shows those there are");
}

void KafkaSource::take_offer(rd_kafka_topic_partition_list_t* list, bool whole) {
    if (!whole) settled_ = true;
    owed_ = Answer::kAssign;
    for (int i = 0; i < list->cnt; ++i) {
        PartitionId id(list->elems[i].partition);
        Partition partition;
        partition.source = {settings_.topic, incarnation_of_(id), id};
        partitions_.push_back(std::move(partition));
    }
}

void KafkaSource::take_revocation(rd_kafka_topic_partition_list_t* list) {
    owed_ = Answer::kUnassign;
    bool lost = rd_kafka_assignment_lost(client_.get()) != 0;
    asked_back_.clear();
    for (int i = 0; i < list->cnt; ++i) {
        asked_back_.push_back(list->elems[i].partition);
        for (auto& partition : partitions_)
            if (partition.source.partition.value == list->elems[i].partition) {
                close_queue(partition);
                partition.phase = lost ? Phase::kLost : Phase::kLeaving;
            }
    }
}

// Says to the group what it waits for, as soon as that can be said.
Result<void> KafkaSource::answer_group() {
    auto is = [](Phase phase) { return [phase](const Partition& p) { return p.phase == phase; }; };
    if (owed_ == Answer::kAssign) {
        if (std::ranges::any_of(partitions_, is(Phase::kOffered))) return {};
        return start_reading();
    }
    if (owed_ == Answer::kNone || std::ranges::any_of(partitions_, is(Phase::kLeaving)) ||
        std::ranges::any_of(partitions_, is(Phase::kLost)))
        return {};
    owed_ = Answer::kNone;
    PartitionList list;
    for (std::int32_t id : asked_back_) list.add(settings_.topic, PartitionId(id));
    rd_kafka_error_t* error = rd_kafka_incremental_unassign(client_.get(), list.get());
    if (error != nullptr) rd_kafka_error_destroy(error);  // lost meanwhile: the group says so
    return {};
}

Result<void> KafkaSource::start_reading() {
    owed_ = Answer::kNone;
    bool grouped = is_grouped();
    PartitionList list;
    for (auto& partition : partitions_) {
        if (grouped && partition.phase != Phase::kPlaced) continue;
        open_queue(partition);
        list.add(settings_.topic, partition.source.partition, partition.next);
        partition.phase = Phase::kReading;
    }
    if (!grouped) {
        auto code = rd_kafka_assign(client_.get(), list.get());
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
        return std::unexpected(kafka_error(access_, code, {}));
    }
    rd_kafka_error_t* error = rd_kafka_incremental_assign(client_.get(), list.get());
    if (error == nullptr) return {};
    rd_kafka_error_destroy(error);  // lost meanwhile: a revocation follows
    return {};
}

// Before the partition is assigned, so that its messages never go to the common queue.
void KafkaSource::open_queue(Partition& partition) {
    if (partition.queue != nullptr) return;
    static const std::uint64_t kOne = 1;
    partition.queue = rd_kafka_queue_get_partition(client_.get(), settings_.topic.c_str(),
                                                   partition.source.partition.value);
    LOANSTREAM_CHECK(partition.queue != nullptr);
    rd_kafka_queue_forward(partition.queue, nullptr);
    rd_kafka_queue_io_event_enable(partition.queue, wake_, &kOne, sizeof kOne);
}

void KafkaSource::close_queue(Partition& partition) {
    if (partition.queue == nullptr) return;
    rd_kafka_queue_io_event_enable(partition.queue, -1, nullptr, 0);
    rd_kafka_queue_destroy(partition.queue);
    partition.queue = nullptr;
}

Result<void> KafkaSource::released(const SourcePartition& source) {
    std::erase_if(partitions_, [&](Partition& partition) {
        bool gone = partition.source == source &&
                    (partition.phase == Phase::kLeaving || partition.phase == Phase::kLost);
        return gone;
    });
    return answer_group();
}

Result<Source::Seek> KafkaSource::seek(const SourcePartition& source, const ReadingPlace& place) {
    Partition* partition = find(source);
    LOANSTREAM_CHECK(partition != nullptr);
    PartitionId id = source.partition;
    TRY(auto marks, query_watermarks(client_.get(), access_, settings_.topic, id));
    Seek found{place.next, {}};
    if (place.is_first_claim) {
        TRY(Offset start, start_of(source, marks));
        found = {std::max(start, place.next), settings_.start.text()};
        bool is_chosen = settings_.start.kind != StartPlace::Kind::kEarliest && !is_added(id);
        if (found.next == place.next && !is_chosen) found.why.clear();
    }
    if (found.next < marks.first)
        found = {marks.first, "the topic's retention: the oldest record is at " +
                                  std::to_string(marks.first.value)};
    if (found.next > marks.next)
        return fail(ErrorCode::kDamaged,
                    fmt::format("the topic ends at offset {}, but the table holds it up to {}",
                                marks.next.value, found.next.value),
                    source.text(),
                    "was the topic deleted and made again? `loanstream stream --accept-reset` "
                    "goes on with the new one, by an entry in the log");
    partition->next = found.next;
    partition->watermark = marks.next;
    partition->phase = Phase::kPlaced;
    owed_ = Answer::kAssign;  // also of a partition that is placed anew, without a group
    TRY_VOID(answer_group());
    return found;
}

Result<Offset> KafkaSource::start_of(const SourcePartition& source, const Watermarks& marks) {
    const StartPlace& start = settings_.start;
    if (is_added(source.partition)) return marks.first;
    switch (start.kind) {
        case StartPlace::Kind::kEarliest: break;
        case StartPlace::Kind::kLatest: return marks.next;
        case StartPlace::Kind::kTime:
            return offset_at_time(client_.get(), access_, source, start.time);
        case StartPlace::Kind::kGroup:
        case StartPlace::Kind::kOffsets:
            if (auto at = start.offsets.find(source.partition.value); at != start.offsets.end())
                return at->second;
            break;  // a partition that the group has not read, or the file does not name
    }
    return marks.first;
}

Result<Offset> KafkaSource::watermark(const SourcePartition& source) {
    Partition* partition = find(source);
    if (partition == nullptr) return Offset(0);
    std::int64_t low = 0, high = 0;  // as the last fetch said, without asking
    auto code = rd_kafka_get_watermark_offsets(client_.get(), settings_.topic.c_str(),
                                               source.partition.value, &low, &high);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && high > partition->watermark.value)
        partition->watermark = Offset(high);
    return std::max(partition->watermark, partition->next);
}

Result<void> KafkaSource::mirror(const SourcePartition& source, Offset next) {
    if (settings_.group.empty()) return {};
    PartitionList list;
    list.add(settings_.topic, source.partition, next);
    rd_kafka_commit(client_.get(), list.get(), 1);  // not awaited: a mirror, never the truth
    return {};
}

}  // namespace loanstream
